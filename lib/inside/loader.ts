import nodeModule, { createRequire, registerHooks } from "node:module";
import * as moduleExports from "node:module";
// Not @std/path: the isolate may read the runtime's own folder only, also while it loads this.
import { basename, dirname, extname, join, relative, sep as SEPARATOR } from "node:path";
import process from "node:process";
import * as processExports from "node:process";
import { fileURLToPath as fromFileUrl, pathToFileURL as toFileUrl } from "node:url";
import v8 from "node:v8";
import * as v8Exports from "node:v8";
import threads from "node:worker_threads";
import * as threadsExports from "node:worker_threads";
import * as websocket from "../websocket.ts";
import { isWithin } from "../base/files.ts";
import type { Boot } from "../wire/mod.ts";
import type { Link } from "./link.ts";
import type { Loader } from "./endpoint.ts";
import type { LibraryModule } from "./system.ts";
import { SYSTEMS } from "./systems.ts";
import { compileCommonJs, type CompiledModule } from "./common_js.ts";
import { HANDED_OVER, handOver } from "./handover.ts";

const MODULES = new Map<string, LibraryModule>([
  ["lib/websocket", { url: import.meta.resolve("../websocket.ts"), module: websocket }],
  ...SYSTEMS.flatMap(({ library = {} }) => Object.entries(library)),
]);

/**
 * Modules that every service can import, by id. They are loaded with the runtime, before the service's permissions
 * apply.
 */
const LIBRARY: ReadonlyMap<string, LibraryModule> = new Map([
  ...MODULES,
  // As the package exports them.
  ...MODULES.entries().map(([id, module]): [string, LibraryModule] => [
    `@switchboard/switchboard/${id.replace(/^lib\//, "")}`,
    module,
  ]),
]);

/** Suffixes that complete an id without an extension. */
const SUFFIXES = ["", ".ts", ".js", ".mjs", ".cjs", ".json", "/index.ts", "/index.js"];

/** Hosts that modules come from, by scheme: Deno asks no permission for the first two. */
const REGISTRIES: Record<string, string> = {
  "npm:": "registry.npmjs.org:443",
  "jsr:": "jsr.io:443",
};

/** Replacements for modules that the engine would hand out without the changes of the lockdown. */
const BUILTINS: Readonly<Record<string, { module: object; exports: object }>> = fixed({
  [import.meta.resolve("./builtin/module.js")]: { module: nodeModule, exports: moduleExports },
  [import.meta.resolve("./builtin/process.js")]: { module: process, exports: processExports },
  [import.meta.resolve("./builtin/v8.js")]: { module: v8, exports: v8Exports },
  [import.meta.resolve("./builtin/worker_threads.js")]: {
    module: threads,
    exports: threadsExports,
  },
});

/**
 * The end of the URL of an ES module that stands for a CommonJS module. No file has it: in a compiled
 * binary, the engine calls no hook for the files inside.
 */
const COMMON_JS = "/common-js";

/** Where they are, by the URL that the engine knows them by. */
const BUILTIN_URLS: Readonly<Record<string, string>> = fixed({
  "node:module": import.meta.resolve("./builtin/module.js"),
  "node:process": import.meta.resolve("./builtin/process.js"),
  "node:v8": import.meta.resolve("./builtin/v8.js"),
  "node:worker_threads": import.meta.resolve("./builtin/worker_threads.js"),
});

/** Modules of the runtime that a service may import, by URL. */
const OPEN: Readonly<Record<string, boolean>> = fixed(Object.fromEntries(
  [HANDED_OVER, ...[...LIBRARY.values()].map(({ url }) => url), ...Object.keys(BUILTINS)]
    .map((url) => [url, true]),
));

/** The runtime's own folder, as a URL. */
const RUNTIME = new URL("../", import.meta.url).href;

// Held on to before a controller can put something else in their place: no permission stands behind what is
// decided with these.
const querySync = Deno.permissions.querySync.bind(Deno.permissions);
const stateOf = uncurried(getterOf(Deno.permissions.querySync({ name: "net" }), "state"));
const startsWith = uncurried(String.prototype.startsWith);
const NativeURL = URL;
const hrefOf = uncurried(getterOf(new URL("data:,"), "href"));
const protocolOf = uncurried(getterOf(new URL("data:,"), "protocol"));
const hostOf = uncurried(getterOf(new URL("data:,"), "host"));
const portOf = uncurried(getterOf(new URL("data:,"), "port"));

interface Module {
  exports: unknown;
}

/**
 * Loads the modules of one service: ES modules by the engine, CommonJS modules by its own `require`, and each
 * from the other. The engine's parser decides the kind of a file: a text that compiles as a CommonJS body is CommonJS.
 */
export class ModuleLoader implements Loader {
  readonly #link: Link;
  readonly #root: string;
  readonly #dir: string;
  readonly #lib: string;
  readonly #dirUrl: string;
  readonly #libUrl: string;
  readonly #imports: Boot["imports"];
  /** CommonJS modules by file, from the moment they start to run. */
  readonly #modules = new Map<string, Module>();
  /** Files that are known to be ES modules: each is asked about for every import of it. */
  readonly #esModules = new Set<string>();
  readonly #files = new Set<string>();

  /**
   * @param boot The root, the service's own folder, and the project's import map.
   * @param link Gets the denials.
   */
  constructor({ root, dir, imports }: Pick<Boot, "root" | "dir" | "imports">, link: Link) {
    this.#link = link;
    this.#imports = imports;
    this.#root = root;
    this.#dir = dir;
    this.#lib = join(root, "lib");
    this.#dirUrl = `${toFileUrl(dir).href}/`;
    this.#libUrl = `${toFileUrl(this.#lib).href}/`;
    this.#install();
  }

  /** The service's files that were loaded so far. */
  get files(): string[] {
    return [...this.#files];
  }

  async load(file: string): Promise<Record<string, unknown>> {
    this.#files.add(file);
    const compiled = this.#compile(file);
    if (compiled !== null) return asExports(this.#run(file, compiled));
    return asExports(await import(toFileUrl(file).href));
  }

  require(id: string, from: string): unknown {
    const library = LIBRARY.get(id.replace(/^\//, ""));
    if (library !== undefined) return library.module;
    const target = this.#mapped(id);
    const resolved = this.#resolve(target, from, id);
    if (resolved === null) return this.#requireForeign(id, target, from);
    if (extname(resolved) === ".json") return this.#json(resolved, from);
    const known = this.#modules.get(resolved);
    if (known !== undefined) return known.exports;
    const compiled = this.#compile(resolved);
    if (compiled !== null) return this.#run(resolved, compiled);
    return createRequire(toFileUrl(from))(resolved);
  }

  requireService(id: string): unknown {
    const services = dirname(this.#dir);
    const from = join(this.#dir, "service.json");
    return this.require(toFileUrl(this.#find(join(services, id), id, from)).href, from);
  }

  compile(module: string): () => void {
    const file = join(this.#dir, module);
    this.#files.add(file);
    const compiled = this.#compile(file);
    if (compiled === null) {
      throw new Error(`${this.#shown(file)} must be a CommonJS module: it is run for each message`);
    }
    return () => void this.#call(file, compiled, { exports: {} });
  }

  /** Makes the engine's own `import` follow the rules of this loader. */
  #install(): void {
    registerHooks({
      resolve: (id, context, next) => {
        const parent = context.parentURL ?? "";
        const from = parent.startsWith("file:") ? fromFileUrl(parent) : parent;
        const isUsers = this.#isUsers(from);
        // A string that cannot change between two reads: a package's id needs no permission.
        const target = isUsers ? `${this.#mapped(id)}` : id;
        const ours = isUsers || target.startsWith("file:") ? this.#resolve(target, from, id) : null;
        if (startsWith(target, "npm:") || startsWith(target, "jsr:")) {
          this.#checkOrigin(target, target, from);
        }
        const found = ours === null
          ? next(target, context)
          : { url: isPath(ours) ? toFileUrl(ours).href : ours, shortCircuit: true };
        if (isUsers && ours === null && this.#isMissing(found.url)) throw this.#noPackage(id, from);
        const url = BUILTIN_URLS[found.url] ?? hrefOf(new NativeURL(found.url));
        this.#checkOrigin(target, url, from);
        return { ...found, url: this.#isCommonJs(url) ? url + COMMON_JS : url };
      },
      load: (url, context, next) => {
        const builtin = BUILTINS[url];
        if (builtin !== undefined) {
          const { module, exports } = builtin;
          return { format: "module", source: asBuiltin(url, module, exports), shortCircuit: true };
        }
        if (!url.endsWith(COMMON_JS)) return next(url, context);
        const file = fromFileUrl(url.slice(0, -COMMON_JS.length));
        const exports = this.require(toFileUrl(file).href, file);
        return { format: "module", source: asEsModule(file, exports), shortCircuit: true };
      },
    });
  }

  /** Whether it is a CommonJS module of the service, which the engine is not to load itself. */
  #isCommonJs(url: string): boolean {
    if (!startsWith(url, "file:")) return false;
    const file = fromFileUrl(url);
    if (!this.#isUsers(file) || extname(file) === ".json" || this.#esModules.has(file)) {
      return false;
    }
    if (this.#modules.has(file) || this.#compile(file) !== null) return true;
    this.#esModules.add(file);
    return false;
  }

  /**
   * The target that the project's `deno.json` maps an id to, or the id itself. Ids of the runtime
   * and paths are not mapped.
   */
  #mapped(id: string): string {
    const libraryId = id.replace(/^\//, "");
    if (LIBRARY.has(libraryId) || libraryId.startsWith("lib/xp/")) return id;
    if (/^\.{1,2}(\/|$)/.test(id) || isPath(id) && this.#isUsers(id)) return id;
    for (const [from, target] of this.#imports) {
      if (id === from) return target;
      if (!id.startsWith(from)) continue;
      const rest = id.slice(from.length);
      if (from.endsWith("/")) return target + rest;
      // A package's id also covers the paths in it.
      if (rest.startsWith("/") && /^(npm|jsr):/.test(target)) return target + rest;
    }
    return id;
  }

  /**
   * The target of an id: a file, the URL of a library module, or null if the engine resolves it
   * (`node:`, `npm:`, `https:`).
   *
   * @param asked The id in the importing module, if the project maps it to this id.
   */
  #resolve(id: string, from: string, asked = id): string | null {
    if (id === HANDED_OVER) return id;
    const libraryId = id.replace(/^\//, "");
    const library = LIBRARY.get(libraryId);
    if (library !== undefined) return library.url;
    if (libraryId.startsWith("lib/xp/")) throw this.#noSuchLibrary(id, from);
    if (id.startsWith("./") || id.startsWith("../") || id === "." || id === "..") {
      return this.#find(join(dirname(from), id), id, from);
    }
    if (id.startsWith("file:")) return this.#find(fromFileUrl(id), asked, from);
    // As Dirigible writes them: from the folder of all projects, the own one first.
    if (libraryId.startsWith(`${basename(this.#dir)}/`)) {
      return this.#find(join(dirname(this.#dir), libraryId), id, from);
    }
    // A file that the runtime itself asks for is given in full.
    if (isPath(id) && this.#isUsers(id) && existsFile(id)) return this.#find(id, id, from);
    if (id.startsWith("/") || id.startsWith("lib/")) {
      return this.#find(join(this.#root, id), id, from);
    }
    return null;
  }

  /**
   * Makes sure that the service may load the target of the id. Deno itself asks no permission for packages of
   * the registries, nor for modules that are loaded already, as the runtime's are.
   */
  #checkOrigin(id: string, url: string, from: string): void {
    const parsed = new NativeURL(url);
    const protocol = protocolOf(parsed);
    if (protocol === "node:" || protocol === "data:" || protocol === "blob:") return;
    if (OPEN[url] || startsWith(url, this.#dirUrl) || startsWith(url, this.#libUrl)) return;
    if (startsWith(url, RUNTIME)) throw this.#outside(id, from);
    const source = sourceOf(id, parsed);
    const wanted = { name: "import", host: source } as unknown as Deno.PermissionDescriptor;
    if (stateOf(querySync(wanted)) === "granted") return;
    this.#link.denied("import", source);
    throw new Error(
      `Cannot load "${id}", imported by ${this.#shown(from)}: it comes from ${source}, ` +
        `which "permissions.import" in service.json does not list`,
    );
  }

  #find(path: string, id: string, from: string): string {
    if (!this.#isUsers(path)) throw this.#outside(id, from);
    const found = SUFFIXES.map((suffix) => path + suffix).find(existsFile);
    if (found !== undefined) {
      this.#files.add(found);
      return found;
    }
    throw new Error(
      `Cannot find module "${id}", imported by ${this.#shown(from)}: ` +
        `no ${this.#shown(path)}{${SUFFIXES.slice(0, 6).join(",")}}`,
    );
  }

  #requireForeign(id: string, target: string, from: string): unknown {
    const isFromRegistry = /^(npm|jsr):/.test(target);
    if (isFromRegistry) this.#checkOrigin(target, target, from);
    const require = createRequire(toFileUrl(from));
    // Deno itself must have read the mapping to a package: it requires no other.
    const known = isFromRegistry ? id : target;
    try {
      require.resolve(known);
    } catch (cause) {
      if (isFromRegistry || /^[a-z]+:/.test(target) && !target.startsWith("node:")) {
        throw new Error(
          `Cannot require "${id}" in ${this.#shown(from)}: use import for modules from elsewhere`,
          { cause },
        );
      }
      // It is looked for in each folder above, and the first that must not be read ends that.
      const isMissing = cause instanceof Deno.errors.NotCapable ||
        (cause as { code?: unknown } | null)?.code === "MODULE_NOT_FOUND";
      if (!isMissing) throw cause;
      throw this.#noPackage(id, from, `, and await import("${id}") in place of require`, cause);
    }
    return require(known);
  }

  /** Whether the engine's target of an id is not a file: it also resolves unknown packages to files. */
  #isMissing(url: string): boolean {
    if (!startsWith(url, "file:")) return false;
    const file = fromFileUrl(url);
    return this.#isUsers(file) && !existsFile(file);
  }

  #noPackage(id: string, from: string, more = "", cause?: unknown): Error {
    return new Error(
      `Cannot find module "${id}", imported by ${
        this.#shown(from)
      }: a file's id starts with "./" or "/", ` +
        `a package needs a line in the imports of deno.json, as "${id}": "npm:${id}"${more}`,
      { cause },
    );
  }

  /** The file as a CommonJS module, or null if it is an ES module. */
  #compile(file: string): CompiledModule | null {
    return compileCommonJs(file, () => Deno.readTextFileSync(file));
  }

  #run(file: string, compiled: CompiledModule): unknown {
    const module: Module = { exports: {} };
    this.#modules.set(file, module);
    try {
      return this.#call(file, compiled, module);
    } catch (error) {
      this.#modules.delete(file);
      throw error;
    }
  }

  #call(file: string, compiled: CompiledModule, module: Module): unknown {
    const require = (id: unknown) => this.require(String(id), file);
    compiled.call(
      module.exports,
      module.exports,
      require,
      module,
      file,
      dirname(file),
      (path: unknown) => this.resolvePath(String(path), file),
    );
    return module.exports;
  }

  /** XP's `resolve`: a path relative to the file that asks, as a path below the root. */
  resolvePath(path: string, from: string): string {
    const full = path.startsWith("/") ? join(this.#root, path) : join(dirname(from), path);
    return `/${relative(this.#root, full).replaceAll(SEPARATOR, "/")}`;
  }

  #json(file: string, from: string): unknown {
    const known = this.#modules.get(file);
    if (known !== undefined) return known.exports;
    try {
      const exports = JSON.parse(Deno.readTextFileSync(file));
      this.#modules.set(file, { exports });
      return exports;
    } catch (error) {
      throw new Error(
        `Cannot load ${this.#shown(file)}, imported by ${this.#shown(from)}: ${
          (error as Error).message
        }`,
        { cause: error },
      );
    }
  }

  #noSuchLibrary(id: string, from: string): Error {
    const available = [...LIBRARY.keys()].filter((id) => id.startsWith("lib/xp/"))
      .map((id) => `/${id}`).join(", ");
    return new Error(
      `Cannot load "${id}", imported by ${this.#shown(from)}: Switchboard has ${available}; ` +
        `more for new controllers is in /lib/websocket`,
    );
  }

  #outside(id: string, from: string): Error {
    return new Error(
      `Cannot load "${id}", imported by ${this.#shown(from)}: it lies outside of ` +
        `${this.#shown(this.#dir)}/ and lib/, the folders that this service may load code from`,
    );
  }

  #isUsers(path: string): boolean {
    return isWithin(path, this.#dir) || isWithin(path, this.#lib);
  }

  #shown(path: string): string {
    if (!isPath(path)) return path;
    return relative(this.#root, path) || basename(path);
  }
}

function isPath(text: string): boolean {
  return text.startsWith("/") || /^[A-Za-z]:\\/.test(text);
}

function existsFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      return false;
    }
    throw error;
  }
}

/** The exports of a controller, of any type. */
function asExports(value: unknown): Record<string, unknown> {
  return (typeof value === "object" && value !== null || typeof value === "function"
    ? value
    : {}) as Record<
      string,
      unknown
    >;
}

/**
 * An ES module with the exports of a module of another kind.
 *
 * @param named Its named exports; default: all of its exports.
 */
function asEsModule(file: string, exports: unknown, named: object = asExports(exports)): string {
  handOver(file, { exports, named });
  const interop = (exports as { __esModule?: boolean } | null)?.__esModule === true;
  const names = Object.keys(named).filter((name) => name !== "default");
  return [
    `import { takeExports } from ${JSON.stringify(HANDED_OVER)};`,
    `const { exports, named } = takeExports(${JSON.stringify(file)});`,
    interop ? "export default exports.default;" : "export default exports;",
    ...names.map((name, index) =>
      `const $${index} = named[${JSON.stringify(name)}]; export { $${index} as ${
        JSON.stringify(name)
      } };`
    ),
  ].join("\n");
}

/** An ES module with the exports of one of the engine's, as far as nothing was taken from them. */
function asBuiltin(url: string, module: object, exports: object): string {
  const left = Object.entries(exports).map(([name, value]) => {
    const now = Object.getOwnPropertyDescriptor(module, name);
    return [name, now !== undefined && "value" in now ? now.value : value];
  });
  return asEsModule(url, module, Object.fromEntries(left));
}

/** Where code comes from, as the manifest lists it. */
function sourceOf(id: string, url: URL): string {
  const protocol = protocolOf(url);
  if (protocol !== "http:" && protocol !== "https:") {
    return REGISTRIES[startsWith(id, "jsr:") ? "jsr:" : "npm:"]!;
  }
  const host = hostOf(url);
  return portOf(url) === "" ? `${host}:${protocol === "https:" ? 443 : 80}` : host;
}

/** A method as a function whose first argument is its `this`. */
function uncurried<This, Args extends unknown[], Result>(
  method: (this: This, ...args: Args) => Result,
): (self: This, ...args: Args) => Result {
  return Function.prototype.call.bind(method) as (self: This, ...args: Args) => Result;
}

function getterOf<T extends object, K extends keyof T & string>(value: T, name: K) {
  const descriptor = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(value), name);
  return descriptor!.get! as (this: T) => T[K];
}

/** Without a prototype that a controller could add to. */
function fixed<T extends object>(entries: T): T {
  return Object.freeze(Object.assign(Object.create(null), entries));
}
