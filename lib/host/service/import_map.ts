import { toFileUrl } from "@std/path";
import { denoConfigError, readDenoConfig } from "./deno_config.ts";

/** The import map of a project's `deno.json`: pairs of id and target, longer ids first. */
export type ImportMap = [id: string, target: string][];

/**
 * The `imports` of the root's `deno.json` or `deno.jsonc`, so that they hold in its services however the server
 * was started: Deno itself reads the one beside the program, not the one beside the services.
 *
 * Targets of the project are absolute `file:` URLs. `scopes` and `importMap` are left to Deno.
 *
 * @throws {JsonFileError} `SB_IMPORTS`, if the file cannot be read or its imports are no ids and targets.
 */
export function readImportMap(root: string): ImportMap {
  const config = readDenoConfig(root);
  if (config === null) return [];
  const { path, value } = config;
  const imports = isObject(value) ? value.imports ?? {} : {};
  if (!isObject(imports)) {
    throw denoConfigError(path, `"imports" must be an object, got ${JSON.stringify(imports)}`);
  }
  return Object.entries(imports).filter(([id]) => id !== "")
    .map(([id, target]): [string, string] => [id, targetOf(id, target, path)])
    .sort(([a], [b]) => b.length - a.length);
}

function targetOf(id: string, target: unknown, path: string): string {
  if (typeof target !== "string" || target === "") {
    throw denoConfigError(
      path,
      `"imports" must map "${id}" to a package, a URL or a path, got ${JSON.stringify(target)}`,
    );
  }
  if (id.endsWith("/") && !target.endsWith("/")) {
    throw denoConfigError(
      path,
      `"imports" must map "${id}" to what ends with "/", as it does, got "${target}"`,
    );
  }
  return /^(\.{1,2})?\//.test(target) ? new URL(target, toFileUrl(path)).href : target;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
