import { dirname, join, toFileUrl } from "@std/path";
import { parse, type ParseError } from "jsonc-parser";
import { isFile, isFolder } from "../../base/files.ts";
import { LIBRARY_IDS } from "./library.ts";

/** A part of an import map, by id. */
type Ids = Record<string, string>;

/** An import map as Deno reads it. */
export interface ImportMap {
  imports: Ids;
  scopes: Record<string, Ids>;
}

/** The configuration of the project that a root belongs to. */
export interface Project {
  /** Its `deno.json`, absolute; null: it has none. */
  config: string | null;
  /** Its lock file, if it is where Deno looks for it. */
  lock: string | null;
  /** Its import map, together with the ids that Switchboard provides. */
  importMap: ImportMap;
  /** Whether JavaScript is checked without being asked for. */
  checksJs: boolean;
}

/** Finds the configuration of a root, in its folder or in one above it, as Deno and editors do. */
export function projectOf(
  root: string,
  services: readonly { name: string; dir: string }[],
): Project {
  const config = findConfig(root);
  const own = config === null ? {} : readConfig(config);
  const lock = config === null ? null : join(dirname(config), "deno.lock");
  return {
    config,
    checksJs: own.compilerOptions?.checkJs === true,
    lock: lock !== null && isFile(lock) ? lock : null,
    importMap: merged(root, services, config, own),
  };
}

interface Config {
  compilerOptions?: { checkJs?: boolean };
  imports?: Ids;
  scopes?: Record<string, Ids>;
  importMap?: string;
}

function findConfig(folder: string): string | null {
  for (const name of ["deno.json", "deno.jsonc"]) {
    if (isFile(join(folder, name))) return join(folder, name);
  }
  const above = dirname(folder);
  return above === folder ? null : findConfig(above);
}

/** The imports of a configuration; none if it is broken, which Deno will report. */
function readConfig(path: string): Config {
  const config = readJson(path);
  if (typeof config.importMap !== "string" || config.imports !== undefined) return config;
  const file = join(dirname(path), config.importMap);
  const { imports, scopes } = readJson(file);
  return { ...config, imports, scopes };
}

function readJson(path: string): Config {
  try {
    const errors: ParseError[] = [];
    const value = parse(Deno.readTextFileSync(path), errors, { allowTrailingComma: true });
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}

/** The project's own ids override those of the runtime, which override those below the root. */
function merged(
  root: string,
  services: readonly { name: string; dir: string }[],
  config: string | null,
  { imports = {}, scopes = {}, importMap }: Config,
): ImportMap {
  const base = toFileUrl(
    config === null ? join(root, "-") : importMap ? join(dirname(config), importMap) : config,
  );
  const folders = ["lib", "services", "apis", "webapp"].filter((name) =>
    isFolder(join(root, name))
  );
  const below = folders.flatMap((name): [string, string][] => {
    const url = `${toFileUrl(join(root, name)).href}/`;
    return name === "lib" ? [["lib/", url], ["/lib/", url]] : [[`/${name}/`, url]];
  });
  const ownScopes = Object.entries(scopes).map(([scope, ids]): [string, Ids] => [
    absolute(scope, base),
    allAbsolute(ids, base),
  ]);
  return {
    imports: {
      ...Object.fromEntries(below),
      ...Object.fromEntries(LIBRARY_IDS),
      ...allAbsolute(imports, base),
    },
    scopes: {
      // As Dirigible writes them: by the name of the own folder.
      ...Object.fromEntries(services.map(({ name, dir }) => {
        const url = `${toFileUrl(dir).href}/`;
        return [url, { [`${name}/`]: url, [`/${name}/`]: url }];
      })),
      ...Object.fromEntries(ownScopes),
    },
  };
}

function allAbsolute(ids: Ids, base: URL): Ids {
  const found: Ids = {};
  for (const [id, target] of Object.entries(ids)) {
    if (typeof target !== "string") continue;
    found[id.startsWith("/") ? id : absolute(id, base)] = absolute(target, base);
    // In a `deno.json`, a package's name also covers the paths below it.
    const [, scheme, name] = /^(npm|jsr):\/?(.*[^/])$/.exec(target) ?? [];
    if (scheme !== undefined) found[`${id}/`] ??= `${scheme}:/${name}/`;
  }
  return found;
}

/** The target of an import map's entry, wherever the map itself lies. */
function absolute(target: string, base: URL): string {
  return /^\.{0,2}\//.test(target) ? new URL(target, base).href : target;
}
