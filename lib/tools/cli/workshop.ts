import { dirname, fromFileUrl, join } from "@std/path";
import { messageOf, SwitchboardError } from "../../base/errors.ts";
import { isFile } from "../../base/files.ts";
import { readDenoConfig } from "../../host/service/mod.ts";
import config from "../../../deno.json" with { type: "json" };
import type { Embedded } from "./embedded_files.ts";

/** The part of a `deno.json` that counts in a binary. */
interface Config {
  imports?: Record<string, string>;
  scopes?: Record<string, Record<string, string>>;
  compilerOptions?: Record<string, unknown>;
  unstable?: string[];
  links?: string[];
}

/** Where this package is: a folder, or a URL of a registry. */
const PACKAGE = new URL("../../../", import.meta.url);

/** Modules that are started as workers, which no import names. */
const WORKERS = ["lib/inside/cell.ts", "lib/inside/runner.ts"];

/** Folders in the workshop: the served files, and the runtime. */
const ROOT = "root";
const RUNTIME = "runtime";

/**
 * A temporary folder in which a binary is made. It holds all that goes in, where it will be, and nothing else;
 * so no path of this machine gets into the binary, and nothing that merely lies about.
 */
export class Workshop implements Disposable {
  /** The entry module for the compiler. */
  readonly entry = "main.ts";
  /** Files that the compiler must include, because no import names them. */
  readonly include: string[];
  readonly folder: string;

  /**
   * Makes one.
   *
   * @throws {SwitchboardError} `SB_COMPILE`, if the root's `deno.json` cannot be used, or a file be copied.
   */
  constructor(root: string, embedded: Embedded) {
    const isLocal = PACKAGE.protocol === "file:";
    const runtime = isLocal ? `./${RUNTIME}/` : PACKAGE.href;
    const merged = configOf(readConfig(root), runtime);
    this.include = [ROOT, ...WORKERS.map((path) => runtime + path)];
    this.folder = Deno.makeTempDirSync({ prefix: "switchboard_compile_" });
    try {
      this.#write("deno.json", JSON.stringify(merged));
      this.#fill(root, embedded, isLocal, runtime);
    } catch (error) {
      this[Symbol.dispose]();
      throw new SwitchboardError(
        "SB_COMPILE",
        `Cannot collect the files of the binary: ${messageOf(error)}`,
        { cause: error },
      );
    }
  }

  #fill(root: string, { files }: Embedded, isLocal: boolean, runtime: string): void {
    for (const [path, file] of files) copy(file, join(this.folder, ROOT, path));
    if (isLocal) this.#copyRuntime();
    this.#write(
      this.entry,
      `import { main } from ${JSON.stringify(`${runtime}lib/tools/cli/compiled_main.ts`)};\n` +
        `Deno.exit(await main(new URL("./${ROOT}/", import.meta.url), Deno.args));\n`,
    );
    // Versions are those that the project has been tested with.
    const lock = [root, ...(isLocal ? [fromFileUrl(PACKAGE)] : [])]
      .map((folder) => join(folder, "deno.lock")).find(isFile);
    if (lock !== undefined) copy(lock, join(this.folder, "deno.lock"));
  }

  /** Takes it away. */
  [Symbol.dispose](): void {
    Deno.removeSync(this.folder, { recursive: true });
  }

  #copyRuntime(): void {
    const from = fromFileUrl(PACKAGE);
    const { links = [] } = config as Config;
    // The runtime reads its version there. A second configuration would count, so there is no more in it.
    this.#write(join(RUNTIME, "deno.json"), JSON.stringify({ version: config.version }));
    for (const path of ["lib", ...links]) {
      for (const file of filesIn(join(from, path))) {
        copy(file, join(this.folder, RUNTIME, file.slice(from.length)));
      }
    }
  }

  #write(name: string, text: string): void {
    const file = join(this.folder, name);
    Deno.mkdirSync(dirname(file), { recursive: true });
    Deno.writeTextFileSync(file, text);
  }
}

/** The root's own configuration; the library's ids always lead to the runtime. */
function configOf(users: Config, runtime: string): Config {
  const { imports, links = [] } = config as Config;
  const isLocal = runtime.startsWith("./");
  // A module from a registry names its dependencies itself.
  const ours = Object.entries(imports ?? {}).flatMap(([id, target]) => {
    if (target.startsWith("./")) return [[id, runtime + target.slice(2)]];
    return isLocal ? [[id, target]] : [];
  });
  return {
    ...(users.compilerOptions && { compilerOptions: users.compilerOptions }),
    imports: { ...inRoot(users.imports ?? {}), ...Object.fromEntries(ours) },
    ...(users.scopes && {
      scopes: Object.fromEntries(
        Object.entries(users.scopes).map(([scope, map]) => [moved(scope), inRoot(map)]),
      ),
    }),
    unstable: [...new Set(["worker-options", ...users.unstable ?? []])],
    ...(isLocal && { links: links.map((link) => runtime + link.replace(/^\.\//, "")) }),
  };
}

function inRoot(imports: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(imports).map(([id, target]) => [id, moved(target)]));
}

/** A path of the root, as one of the workshop; anything else as it is. */
function moved(target: string): string {
  return /^\.\.?\//.test(target) ? `./${ROOT}/${target.replace(/^\.\//, "")}` : target;
}

/** The relevant part of the root's `deno.json`. */
function readConfig(root: string): Config {
  const config = readDenoConfig(root);
  if (config === null) return {};
  const { path, value } = config;
  const problem = shapeOf(value);
  if (problem === null) return value as Config;
  throw new SwitchboardError("SB_COMPILE", `Cannot read "${path}": ${problem}`);
}

/** The problem with the relevant part of a `deno.json`; null: none. */
function shapeOf(found: unknown): string | null {
  if (!isObject(found)) return "expected an object";
  const { imports = {}, scopes = {}, unstable = [] } = found;
  if (!isMap(imports)) return '"imports" must be an object of texts';
  if (!isObject(scopes) || !Object.values(scopes).every(isMap)) {
    return '"scopes" must be an object of objects of texts';
  }
  return Array.isArray(unstable) ? null : '"unstable" must be a list';
}

function isMap(value: unknown): boolean {
  return isObject(value) && Object.values(value).every((target) => typeof target === "string");
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function copy(from: string, to: string): void {
  Deno.mkdirSync(dirname(to), { recursive: true });
  Deno.copyFileSync(from, to);
}

function* filesIn(path: string): Generator<string> {
  if (isFile(path)) return void (yield path);
  for (const { name } of Deno.readDirSync(path)) yield* filesIn(join(path, name));
}
