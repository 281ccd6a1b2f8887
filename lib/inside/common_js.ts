import { stripTypeScriptTypes } from "node:module";
import { extname } from "node:path";
import { pathToFileURL as toFileUrl } from "node:url";
import { compileFunction, constants } from "node:vm";

/** A CommonJS module's body; `this` and the first argument are its `exports`. */
export type CompiledModule = (
  this: unknown,
  exports: unknown,
  require: (id: unknown) => unknown,
  module: { exports: unknown },
  filename: string,
  dirname: string,
  resolve: (path: unknown) => string,
) => void;

const PARAMETERS = ["exports", "require", "module", "__filename", "__dirname", "resolve"];

/**
 * Compiles a file as a CommonJS module; null if it is an ES module.
 *
 * Only the engine's parser knows for sure which one a file is, so it decides: ES syntax does not compile in a
 * function body. A file that is neither is left to the engine's loader, whose errors name line and column.
 *
 * @param file Its path; `.mjs` and `.cjs` decide the kind.
 * @param read Reads its text.
 */
export function compileCommonJs(file: string, read: () => string): CompiledModule | null {
  const extension = extname(file);
  if (![".js", ".ts", ".cjs"].includes(extension)) return null;
  const source = read().replace(/^#!.*/, "");
  const script = extension === ".ts" ? withoutTypes(source) : source;
  if (script === null) return null;
  try {
    return compileFunction(script, PARAMETERS, {
      filename: toFileUrl(file).href,
      importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    }) as CompiledModule;
  } catch (error) {
    if (extension === ".cjs" || !(error instanceof SyntaxError)) throw error;
    return null;
  }
}

/** JavaScript with every token where it was, or, where types make code (enums), at least on its line. */
function withoutTypes(source: string): string | null {
  for (const mode of ["strip", "transform"] as const) {
    try {
      return stripTypeScriptTypes(source, { mode });
    } catch {
      // Enums need "transform"; a text that fails in both modes is not TypeScript, and the engine's loader reports why.
    }
  }
  return null;
}
