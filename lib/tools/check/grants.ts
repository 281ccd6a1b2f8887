import { SYSTEMS } from "../../host/service/systems.ts";
import { basename, extname, join, resolve } from "@std/path";
import {
  PERMISSION_KINDS,
  type PermissionKind,
  type ServiceDefinition,
} from "../../host/service/mod.ts";
import { jsonPlace } from "./places.ts";
import type { Problem } from "./problem.ts";
import { filesBelow, isScript, textOf } from "./scripts.ts";

/** Patterns of code that uses a kind of permission, with a description. */
const USES: Record<PermissionKind, { pattern: RegExp; what: string }> = {
  net: {
    pattern:
      /\b(?:fetch|WebSocket|WebSocketStream|EventSource|WebTransport|createWebsocket)\b|Deno\s*\.\s*(?:connect|listen|serve|startTls|resolveDns|createHttpClient|openKv)|["'](?:node:)?(?:net|https?|http2|tls|dgram|dns)(?:\/promises)?["']/,
    what: "uses the network",
  },
  read: {
    pattern:
      /\bfetch\b|Deno\s*\.\s*(?:read|open|stat|lstat|realPath|copy|watchFs|cwd|execPath|mainModule|openKv)|["'](?:node:)?(?:fs|sqlite|path)\b|\bprocess\b/,
    what: "reads files",
  },
  write: {
    pattern:
      /Deno\s*\.\s*(?:write|open|create|mkdir|make|remove|rename|copy|link|symlink|truncate|ch(?:mod|own)|utime|openKv)|["'](?:node:)?(?:fs|sqlite)\b/,
    what: "writes files",
  },
  import: {
    pattern: /\b(?:npm|jsr|https?):|\bimport\s*\(/,
    what: "loads modules from elsewhere",
  },
  env: {
    pattern: /Deno\s*\.\s*env\b|\bprocess\b/,
    what: "reads the environment",
  },
  sys: {
    pattern:
      /Deno\s*\.\s*(?:hostname|osRelease|osUptime|loadavg|networkInterfaces|systemMemoryInfo|uid|gid|cpus)|["'](?:node:)?os["']|\bprocess\b|["'](?:node:)?fs\b/,
    what: "asks about the system",
  },
  run: {
    pattern: /Deno\s*\.\s*(?:Command|kill)\b|child_process|\bprocess\b/,
    what: "runs programs",
  },
  ffi: { pattern: /\bdlopen\b|\.node\b/, what: "loads native libraries" },
};

/** Code that may use any permission in ways that its text does not show. */
const ANYTHING =
  /\bDeno\s*\[|(?:[=(,:?]|\.\.\.)\s*Deno\s*(?:[;,)}\n]|$)|\b(?:globalThis|self|window)\s*(?:\[|\.\s*Deno\b)|\beval\s*\(|\bFunction\s*\(|\bcreateRequire\b|\b(?:import|require)\s*\(\s*[^"'\s)]/;

/** An id in an import or a `require`. */
const IMPORTED = /(?:\bfrom|\bimport|\b(?:import|require)\s*\()\s*["']([^"'\n]+)["']/g;

/** Imports that use a registry without naming its host. */
const REGISTRIES: Record<string, string> = { "registry.npmjs.org": "npm:", "jsr.io": "jsr:" };

/** The code of a service. */
interface Code {
  /** Of its scripts. */
  scripts: string;
  /** Of its scripts and data, with escapes taken away. */
  all: string;
  count: number;
}

/**
 * Grants of a service's manifest that none of its modules needs, as far as their text shows. Deno reports the
 * permissions that it denies, not those that are used: so this looks for code that names a grant, or could use
 * it. Where that cannot be told, as with packages from elsewhere, nothing is said.
 *
 * @param modules Its scripts, by path.
 * @param config The value of `app.config`.
 */
export function unusedGrants(
  root: string,
  definition: ServiceDefinition,
  modules: ReadonlyMap<string, string>,
  config: unknown,
): Problem[] {
  const { manifest, key, dir, name } = definition;
  const { permissions = {}, groups = {} } = manifest;
  const path = join(dir, "service.json");
  const code = codeOf(dir, modules, config);
  const hasForeign = [...code.scripts.matchAll(IMPORTED)].some(([, id]) => isForeign(id!, name));
  const isOpaque = ANYTHING.test(code.scripts);
  const found: Problem[] = [];
  const report = (keys: (string | number)[], message: string) =>
    found.push({
      ...jsonPlace(root, path, keys),
      service: key,
      severity: "warning",
      code: "SB_UNUSED_GRANT",
      message,
    });
  const own = code.count === 1 ? "its module" : `its ${code.count} modules`;
  for (const kind of PERMISSION_KINDS) {
    const granted = permissions[kind] ?? false;
    if (granted === false || isOpaque || hasForeign && kind !== "import") continue;
    if (kind === "import" && hasMapped(code.scripts, name)) continue;
    const { pattern, what } = USES[kind];
    const isUsed = pattern.test(code.scripts);
    for (const [index, item] of (granted === true ? [null] : granted).entries()) {
      if (item !== null && isNamed(kind, item, dir, code, isUsed)) continue;
      if (item === null && isUsed) continue;
      const shown = item === null ? `permissions.${kind}` : `permissions.${kind}: "${item}"`;
      report(
        item === null ? ["permissions", kind] : ["permissions", kind, index],
        isUsed
          ? `Grant ${shown} seems unused: something in ${own} ${what}, but nothing names "${item}"; ` +
            "remove it, or name it in a comment if it is put together at run time"
          : `Grant ${shown} is unused: nothing in the text of ${own} ${what}; remove it`,
      );
    }
  }
  const namesGroups = definition.systems.every((name) =>
    SYSTEMS.find((system) => system.name === name)?.namesItsGroups === true
  );
  if (!namesGroups || isOpaque || hasForeign) return found;
  for (const verb of ["join", "send"] as const) {
    for (const [index, group] of (groups[verb] ?? []).entries()) {
      const part = longestPart(group);
      if (part === "" || code.all.includes(part)) continue;
      report(
        ["groups", verb, index],
        `Grant groups.${verb}: "${group}" seems unused: nothing in ${own} names ` +
          `"${part}"; remove it, or name it in a comment if it is put together at run time`,
      );
    }
  }
  return found;
}

/** Largest data file that is looked at for names, bytes. */
const MAX_DATA = 256 * 1024;

function codeOf(dir: string, modules: ReadonlyMap<string, string>, config: unknown): Code {
  const scripts = [...modules.values()].join("\n");
  const data = filesBelow(dir).filter((file) =>
    !isScript(file) && file !== join(dir, "service.json") && isSmall(file)
  ).map(textOf);
  const all = [scripts, ...data, JSON.stringify(config)].join("\n").replaceAll("\\", "");
  return { scripts, all, count: modules.size };
}

function isSmall(file: string): boolean {
  try {
    return Deno.statSync(file).size <= MAX_DATA;
  } catch {
    return false;
  }
}

/** Whether something in the code may refer to the granted item. */
function isNamed(
  kind: PermissionKind,
  item: string,
  dir: string,
  { scripts, all }: Code,
  isUsed: boolean,
): boolean {
  const has = (text: string) => all.toLowerCase().includes(text.toLowerCase());
  switch (kind) {
    case "net":
    case "import": {
      const host = item.replace(/:\d+$/, "").replace(/^\*\./, "");
      const prefix = kind === "import" ? REGISTRIES[host] : undefined;
      if (prefix !== undefined) return scripts.includes(prefix);
      // All addresses of this machine mean each other.
      const local = ["0.0.0.0", "127.0.0.1", "localhost", "[::1]", "[::]"];
      return isUsed && (has(host) || kind === "net" && local.includes(host));
    }
    case "env":
      return has(item.replace(/\*$/, ""));
    case "sys":
      return isUsed;
    case "run":
      return isUsed && has(basename(item, extname(item)));
    default: {
      // Its own folder is the service's anyway; and code may name files there in any way.
      const isOwn = resolve(dir, item) === resolve(dir);
      return isUsed && (isOwn || has(basename(resolve(dir, item))));
    }
  }
}

/** Whether an id leads to code that is not looked at. */
function isForeign(id: string, name: string): boolean {
  return !/^(?:\.|\/|node:)/.test(id) && !id.startsWith("lib/") && !id.startsWith(`${name}/`) &&
    !LIBRARY.test(id) && !BUILTIN.test(id);
}

/** Ids that the runtime answers for, and built-in modules by their short names. */
const LIBRARY = /^(?:core|net|service)\//;
const BUILTIN =
  /^(?:assert|buffer|child_process|crypto|dgram|dns|events|fs|http2?|https|net|os|path|process|querystring|readline|stream|string_decoder|timers|tls|url|util|v8|vm|worker_threads|zlib)(?:\/|$)/;

/** Whether packages are imported by names that an import map leads elsewhere. */
function hasMapped(scripts: string, name: string): boolean {
  return [...scripts.matchAll(IMPORTED)].some(([, id]) =>
    isForeign(id!, name) && !/^(?:npm|jsr|https?):/.test(id!)
  );
}

/** The longest part of a pattern that is text. */
function longestPart(pattern: string): string {
  return pattern.split("*").reduce((a, b) => b.length > a.length ? b : a, "");
}
