import { fromFileUrl, resolve } from "@std/path";
import { SwitchboardError } from "../base/errors.ts";
import type { Trace } from "./supervisor/mod.ts";
import type { Log } from "./observe/mod.ts";
import { DEFAULT_SETTINGS, type PartialSettings } from "./service/mod.ts";
import { nearest } from "../base/nearest.ts";
import { WAITS, type Waits, WAITS_KEY, type WithWaits } from "../base/waits.ts";

/** How a server is opened; settings that are not given come from the environment and `switchboard.json`. */
export interface SwitchboardOptions extends PartialSettings {
  /** Folder with `services/`, `apis/` or `webapp/`, as path or `file:` URL. Default: the current one. */
  root?: string | URL;
  /** Keys of the services to serve, such as `chat`, `api:chat` or `webapp`. Default: all. */
  services?: readonly string[];
  /**
   * Whether a reloaded service keeps a booted isolate for the next reload, as `dev` does: the next version is live
   * half a second earlier, and memory doubles. Default: false.
   */
  keepWarm?: boolean;
  /**
   * Whether the page at `/` has a client to try the services with, and the log has the reason when a client got no
   * websocket, as in `dev`. Default: false.
   */
  devPage?: boolean;
  /**
   * Gets each event that a service's controllers have handled, as `dev` prints them; undefined:
   * none, and then it costs nothing. Called whenever an isolate is created. Default: none for all.
   */
  trace?: (service: string) => Trace | undefined;
  /** Receives the log lines. Default: standard error, as JSON. */
  log?: Log;
}

/** All options: those that are not settings, and the settings. */
export interface CheckedOptions {
  /** Absolute. */
  root: string;
  /** Null: all. */
  services: readonly string[] | null;
  keepWarm: boolean;
  devPage: boolean;
  trace: ((service: string) => Trace | undefined) | null;
  log: Log | null;
  waits: Waits;
  settings: PartialSettings;
}

/** Names of all options. */
export const OPTION_KEYS: readonly string[] = [
  "root",
  "services",
  "keepWarm",
  "devPage",
  "trace",
  "log",
  ...Object.keys(DEFAULT_SETTINGS),
];

/**
 * Checks all of the options but the settings, which are checked where they are read.
 *
 * @throws {SwitchboardError} `SB_SETTINGS`, if an option is unknown or invalid.
 */
export function checkOptions(options: unknown): CheckedOptions {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw problem(`expected options such as { root: "." }, got ${show(options)}`);
  }
  const unknown = unknownOption(options, OPTION_KEYS);
  if (unknown !== null) throw problem(unknown);
  const {
    root = ".",
    services,
    keepWarm = false,
    devPage = false,
    trace,
    log,
    [WAITS_KEY]: waits,
    ...settings
  } = options as
    & SwitchboardOptions
    & PartialSettings
    & WithWaits;
  for (const [name, value] of Object.entries({ keepWarm, devPage })) {
    if (typeof value !== "boolean") {
      throw problem(`"${name}" must be a boolean, got ${show(value)}`);
    }
  }
  for (const [name, value] of Object.entries({ log, trace })) {
    if (value !== undefined && typeof value !== "function") {
      throw problem(`"${name}" must be a function, got ${show(value)}`);
    }
  }
  const isList = Array.isArray(services) && services.every((key) => typeof key === "string");
  if (services !== undefined && !isList) {
    throw problem(`"services" must be a list of keys such as ["chat"], got ${show(services)}`);
  }
  return {
    root: resolve(pathOf(root)),
    services: services ?? null,
    keepWarm,
    devPage,
    trace: trace ?? null,
    log: log ?? null,
    waits: { ...WAITS, ...waits },
    settings,
  };
}

/** The problem with the names of these options; null: none. */
export function unknownOption(options: object, known: readonly string[]): string | null {
  const key = Object.keys(options).find((key) => !known.includes(key));
  if (key === undefined) return null;
  const near = nearest(key, known);
  return `"${key}" is not an option, ` +
    (near === null ? `expected one of ${known.join(", ")}` : `did you mean "${near}"?`);
}

function pathOf(root: unknown): string {
  if (typeof root === "string" && root !== "") return root;
  if (root instanceof URL && root.protocol === "file:") return fromFileUrl(root);
  const shown = root instanceof URL ? `"${root}"` : show(root);
  throw problem(`"root" must be a path or a file: URL, got ${shown}`);
}

function problem(text: string): SwitchboardError {
  return new SwitchboardError("SB_SETTINGS", `Cannot open the server: ${text}`);
}

function show(value: unknown): string {
  return typeof value === "function" ? "a function" : Deno.inspect(value, {
    depth: 1,
    compact: true,
    breakLength: Infinity,
    strAbbreviateSize: 60,
  });
}
