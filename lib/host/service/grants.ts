import { resolve } from "@std/path";
import { messageOf, SwitchboardError } from "../../base/errors.ts";
import { type Manifest, PERMISSION_KINDS, type PermissionKind } from "./manifest.ts";

/** Permissions of an isolate, as lists; `true` only in a trusted service. */
export type Grants = Record<PermissionKind, string[] | true>;

const PATHS: readonly PermissionKind[] = ["read", "write", "ffi"];

/** Permissions of a service without a manifest. */
export function defaultGrants(dir: string, lib: string): Grants {
  return {
    net: [],
    read: [dir, lib],
    write: [],
    import: [],
    env: [],
    sys: [],
    run: [],
    ffi: [],
  };
}

/**
 * The grants of a manifest. A service always reads its own folder and `ROOT/lib`: its code lies there.
 *
 * @throws {SwitchboardError} `SB_GRANT`, if a permission is `true` and the service is not trusted.
 */
export function grantsOf(manifest: Manifest, dir: string, lib: string, shown: string): Grants {
  const grants = defaultGrants(dir, lib);
  for (const kind of PERMISSION_KINDS) {
    const wanted = manifest.permissions?.[kind] ?? false;
    if (wanted === true) {
      if (manifest.trusted !== true) {
        throw new SwitchboardError(
          "SB_GRANT",
          `Cannot grant "permissions.${kind}": true in "${shown}": ` +
            `list what is needed, or say "trusted": true to grant everything`,
        );
      }
      grants[kind] = true;
    } else if (wanted !== false) {
      const listed = PATHS.includes(kind) ? wanted.map((path) => resolve(dir, path)) : wanted;
      grants[kind] = [...new Set([...grants[kind] as string[], ...listed])];
    }
  }
  return grants;
}

/**
 * Makes sure that this process can pass the grants on.
 *
 * @throws {SwitchboardError} `SB_GRANT`, naming the flag that is missing.
 */
export function checkHostHas(grants: Grants, key: string, shown = "service.json"): void {
  for (const kind of PERMISSION_KINDS) {
    const wanted = grants[kind];
    for (const item of wanted === true ? [undefined] : wanted) {
      if (isGranted(kind, item, shown)) continue;
      throw new SwitchboardError(
        "SB_GRANT",
        `Cannot grant ${kind} ${item === undefined ? "" : `of "${item}" `}to service "${key}": ` +
          `this process lacks it; add --allow-${kind}${item === undefined ? "" : `=${item}`}`,
      );
    }
  }
}

function isGranted(kind: PermissionKind, item: string | undefined, shown: string): boolean {
  const malformed = (problem: string) =>
    new SwitchboardError(
      "SB_GRANT",
      `Cannot grant "permissions.${kind}" of "${item}" in "${shown}": ${problem}`,
    );
  // A process with all permissions does not check the item of a query.
  if ((kind === "net" || kind === "import") && item !== undefined && !isHost(item)) {
    throw malformed("expected a host or an address, with or without a port");
  }
  try {
    const { state } = Deno.permissions.querySync(descriptor(kind, item));
    if (state === "granted" && kind === "sys" && item !== undefined && !SYS_KINDS.has(item)) {
      throw malformed(`expected one of ${[...SYS_KINDS].join(", ")}`);
    }
    return state === "granted";
  } catch (error) {
    throw error instanceof SwitchboardError ? error : malformed(messageOf(error));
  }
}

/** Allowed entries of `permissions.sys`. */
const SYS_KINDS: ReadonlySet<string> = new Set([
  "cpus",
  "gid",
  "getegid",
  "geteuid",
  "getPriority",
  "homedir",
  "hostname",
  "inspector",
  "loadavg",
  "networkInterfaces",
  "osRelease",
  "osUptime",
  "setPriority",
  "statfs",
  "systemMemoryInfo",
  "uid",
  "userInfo",
  "username",
]);

function isHost(text: string): boolean {
  const [, host, port] = /^(\[[^\]]+\]|[^:\s/?#@]+)(?::(\d+))?$/.exec(text) ?? [];
  return host !== undefined && URL.canParse(`http://${host.replace(/^\*\./, "")}`) &&
    (port === undefined || Number(port) <= 65535);
}

function descriptor(kind: PermissionKind, item: string | undefined): Deno.PermissionDescriptor {
  switch (kind) {
    case "net":
      return { name: kind, host: item };
    case "import":
      return { name: kind, host: item } as unknown as Deno.PermissionDescriptor;
    case "read":
    case "write":
    case "ffi":
      return { name: kind, path: item };
    case "env":
      return { name: kind, variable: item };
    case "sys":
      return { name: kind, kind: item as "hostname" };
    case "run":
      return { name: kind, command: item };
  }
}

/** Grants that were removed; without an item: all of the kind. */
export function narrowed(before: Grants, after: Grants): { name: string; item: string | null }[] {
  return PERMISSION_KINDS.flatMap((name): { name: string; item: string | null }[] => {
    const had = before[name];
    const has = after[name];
    if (has === true) return [];
    if (had === true) return [{ name, item: null }];
    return had.filter((item) => !has.includes(item)).map((item) => ({ name, item }));
  });
}

/** Grants beyond the default, for people: `net api.example.com:443, env TOKEN`. */
export function describeGrants(grants: Grants, dir: string, lib: string): string {
  const parts: string[] = [];
  for (const kind of PERMISSION_KINDS) {
    const granted = grants[kind];
    if (granted === true) {
      parts.push(`${kind} ALL (trusted)`);
      continue;
    }
    const extra = granted.filter((item) => kind !== "read" || item !== dir && item !== lib);
    if (extra.length > 0) parts.push(`${kind} ${extra.join(" ")}`);
  }
  return parts.length === 0 ? "own folder" : parts.join(", ");
}
