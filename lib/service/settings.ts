import { join } from "@std/path";
import { SwitchboardError } from "../errors.ts";
import { JsonFile } from "./json_file.ts";
import schema from "./settings.schema.json" with { type: "json" };

/** Settings of a server. */
export interface Settings {
  /** Name of the application in its URLs. */
  app: string;
  /** What controllers read as `app.config`. */
  config: Record<string, unknown>;
  /** Address to listen on. */
  hostname: string;
  /** 0: any free one. */
  port: number;
  /** What a request may use up. */
  limits: {
    /** Largest request body, bytes; 0: no limit. */
    bodyBytes: number;
    /** How long a controller may take to answer a request, ms. */
    requestTimeoutMs: number;
  };
  /** Addresses of proxies whose `X-Forwarded-*` headers count. */
  trustProxy: string[];
  /** How the server stops. */
  drain: {
    /** How long a stopping server waits for its controllers, seconds. */
    deadlineSec: number;
  };
}

/** What holds where nothing is said. */
export const DEFAULT_SETTINGS: Settings = {
  app: "app",
  config: {},
  hostname: "127.0.0.1",
  port: 8080,
  /** What a request may use up. */
  limits: { bodyBytes: 1048576, requestTimeoutMs: 10000 },
  trustProxy: [],
  /** How the server stops. */
  drain: { deadlineSec: 30 },
};

/** Any of the settings. */
export type PartialSettings = {
  [K in keyof Settings]?: Settings[K] extends unknown[] | string | number ? Settings[K]
    : Partial<Settings[K]>;
};

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
  const flags = settingsFile.parse(JSON.stringify(given), "flags and options");
  return [file, environment(), flags].reduce<Settings>(merge, DEFAULT_SETTINGS);
}

/** Settings from `SWITCHBOARD_APP`, `SWITCHBOARD_HOSTNAME` and `SWITCHBOARD_PORT`. */
function environment(): PartialSettings {
  const found: Record<string, unknown> = {};
  for (const key of ["app", "hostname", "port"]) {
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

function merge(base: Settings, over: PartialSettings): Settings {
  const result: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) {
    if (value === undefined) continue;
    result[key] = typeof value === "object" && !Array.isArray(value)
      ? { ...result[key] as object, ...value }
      : value;
  }
  return result as unknown as Settings;
}
