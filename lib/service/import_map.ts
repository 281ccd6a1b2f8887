import { basename, join, toFileUrl } from "@std/path";
import { parse, type ParseError, printParseErrorCode } from "jsonc-parser";
import { messageOf } from "../errors.ts";
import { JsonFileError, lineAndColumn } from "./json_error.ts";

/** What a project's `deno.json` says that ids stand for: pairs of id and target, longer ids first. */
export type ImportMap = [id: string, target: string][];

const FILES = ["deno.json", "deno.jsonc"];

/**
 * The `imports` of the root's `deno.json` or `deno.jsonc`, so that they hold in its services however the server
 * was started: Deno itself reads the one beside the program, not the one beside the services.
 *
 * Targets of the project are absolute `file:` URLs. `scopes` and `importMap` are left to Deno.
 *
 * @throws {JsonFileError} `SB_IMPORTS`, if the file cannot be read or its imports are no ids and targets.
 */
export function readImportMap(root: string): ImportMap {
  for (const name of FILES) {
    const text = readText(join(root, name));
    if (text !== null) return importsOf(text, join(root, name));
  }
  return [];
}

function readText(path: string): string | null {
  try {
    return Deno.readTextFileSync(path).replace(/^\uFEFF/, "");
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw unreadable(path, messageOf(error), undefined, error);
  }
}

function importsOf(text: string, path: string): ImportMap {
  const errors: ParseError[] = [];
  const file: unknown = parse(text, errors, { allowTrailingComma: true, allowEmptyContent: true });
  const [first] = errors;
  if (first !== undefined) {
    const place = lineAndColumn(text, first.offset);
    const { line, column } = place;
    const problem = `not valid JSON: ${printParseErrorCode(first.error)}`;
    throw unreadable(path, `${problem} at line ${line}, column ${column}`, place);
  }
  const imports = isObject(file) ? file.imports ?? {} : {};
  if (!isObject(imports)) {
    throw unreadable(path, `"imports" must be an object, got ${JSON.stringify(imports)}`);
  }
  return Object.entries(imports).filter(([id]) => id !== "")
    .map(([id, target]): [string, string] => [id, targetOf(id, target, path)])
    .sort(([a], [b]) => b.length - a.length);
}

function targetOf(id: string, target: unknown, path: string): string {
  if (typeof target !== "string" || target === "") {
    throw unreadable(
      path,
      `"imports" must map "${id}" to a package, a URL or a path, got ${JSON.stringify(target)}`,
    );
  }
  if (id.endsWith("/") && !target.endsWith("/")) {
    throw unreadable(
      path,
      `"imports" must map "${id}" to what ends with "/", as it does, got "${target}"`,
    );
  }
  return /^(\.{1,2})?\//.test(target) ? new URL(target, toFileUrl(path)).href : target;
}

function unreadable(
  path: string,
  message: string,
  { line, column } = { line: 1, column: 1 },
  cause?: unknown,
): JsonFileError {
  const findings = [{ message, line, column }];
  return new JsonFileError("SB_IMPORTS", `"${basename(path)}"`, path, findings, cause);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
