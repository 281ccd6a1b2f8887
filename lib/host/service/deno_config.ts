import { basename, join } from "@std/path";
import defer * as jsonc from "jsonc-parser";
import type { ParseError } from "jsonc-parser";
import { messageOf } from "../../base/errors.ts";
import { JsonFileError, lineAndColumn } from "../../base/json_error.ts";

/** A `deno.json` with any content. */
export interface DenoConfig {
  path: string;
  value: unknown;
}

/**
 * Reads the `deno.json` or `deno.jsonc` in a folder; null: there is none.
 *
 * @throws {JsonFileError} `SB_IMPORTS`, if it cannot be read or is no JSON with comments.
 */
export function readDenoConfig(folder: string): DenoConfig | null {
  for (const name of ["deno.json", "deno.jsonc"]) {
    const path = join(folder, name);
    const text = readText(path);
    if (text !== null) return { path, value: valueOf(text, path) };
  }
  return null;
}

/** A problem with a `deno.json`. */
export function denoConfigError(
  path: string,
  message: string,
  { line, column } = { line: 1, column: 1 },
  cause?: unknown,
): JsonFileError {
  const findings = [{ message, line, column }];
  return new JsonFileError("SB_IMPORTS", `"${basename(path)}"`, path, findings, cause);
}

function readText(path: string): string | null {
  try {
    // Some editors put a byte order mark in front.
    return Deno.readTextFileSync(path).replace(/^\uFEFF/, "");
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw denoConfigError(path, messageOf(error), undefined, error);
  }
}

function valueOf(text: string, path: string): unknown {
  const errors: ParseError[] = [];
  const value: unknown = jsonc.parse(text, errors, {
    allowTrailingComma: true,
    allowEmptyContent: true,
  });
  const [first] = errors;
  if (first === undefined) return value;
  const place = lineAndColumn(text, first.offset);
  const problem = `not valid JSON: ${jsonc.printParseErrorCode(first.error)}`;
  throw denoConfigError(path, `${problem} at line ${place.line}, column ${place.column}`, place);
}
