import { join } from "@std/path";
import { messageOf, SwitchboardError } from "../../base/errors.ts";
import { JsonFile } from "../../base/json_file.ts";
import { DEFAULT_SETTINGS } from "./defaults.ts";
import type { PartialSettings, Settings } from "./settings.ts";
import schema from "./settings.schema.json" with { type: "json" };

const settingsFile = new JsonFile<PartialSettings & { $schema?: string }>(
  "settings",
  "SB_SETTINGS",
  schema,
);

/**
 * The settings of a root: `given` over the environment over `switchboard.json` over the defaults.
 *
 * @throws {SwitchboardError} `SB_SETTINGS`, if one is not as its schema says.
 */
export function readSettings(root: string, given: PartialSettings = {}): Settings {
  const { $schema: _, ...file } =
    settingsFile.read(join(root, "switchboard.json"), "switchboard.json") ?? {};
  const flags = copyOf(settingsFile.check(given, "flags and options"));
  const settings = [file, environment(), flags].reduce<Settings>(merge, DEFAULT_SETTINGS);
  if (settings.compression && settings.transport !== "ws") {
    throw new SwitchboardError(
      "SB_SETTINGS",
      'Setting "compression" takes transport "ws", got "deno": add --transport ws, or leave it out',
    );
  }
  return settings;
}

/** Settings from `SWITCHBOARD_APP`, `…_HOSTNAME`, `…_PORT` and `…_TRANSPORT`. */
function environment(): PartialSettings {
  const found: Record<string, unknown> = {};
  for (const key of ["app", "hostname", "port", "transport"]) {
    const name = `SWITCHBOARD_${key.toUpperCase()}`;
    const text = Deno.env.get(name);
    if (text === undefined || text === "") continue;
    if (key === "port" && !/^\d+$/.test(text)) {
      throw new SwitchboardError(
        "SB_SETTINGS",
        `Environment variable ${name} must be a port number, got "${text}"`,
      );
    }
    found[key] = key === "port" ? Number(text) : text;
  }
  return settingsFile.parse(JSON.stringify(found), "environment (SWITCHBOARD_*)");
}

/** A copy, so that later changes by the caller do not affect the server. */
function copyOf(given: PartialSettings): PartialSettings {
  try {
    return JSON.parse(JSON.stringify(given));
  } catch (error) {
    throw new SwitchboardError(
      "SB_SETTINGS",
      `Cannot read settings "flags and options": they must be what JSON can hold: ${
        messageOf(error).split("\n")[0]
      }`,
      { cause: error },
    );
  }
}

function merge(base: Settings, over: PartialSettings): Settings {
  const result: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) {
    if (value === undefined) continue;
    result[key] = typeof value === "object" && value !== null && !Array.isArray(value)
      ? { ...result[key] as object, ...value }
      : value;
  }
  return result as unknown as Settings;
}
