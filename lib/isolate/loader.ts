import nodeModule, { createRequire, registerHooks } from "node:module";
// Not @std/path: the isolate may read the runtime's own folder only, also while it loads this.
import { basename, dirname, extname, join, relative, sep as SEPARATOR } from "node:path";
import { fileURLToPath as fromFileUrl, pathToFileURL as toFileUrl } from "node:url";
import * as websocket from "../websocket.ts";
import type { Link, Loader } from "../wire/mod.ts";
import * as xpAuth from "../xp/auth.ts";
import * as xpEvent from "../xp/event.ts";
import * as xpPortal from "../xp/portal.ts";
import * as xpWebsocket from "../xp/websocket.ts";
import { compileCommonJs, type CompiledModule } from "./common_js.ts";

/** What every service can import, by id: loaded with the runtime, before the service's permissions hold. */
const LIBRARY: ReadonlyMap<string, { url: string; module: unknown }> = new Map([
  ["lib/websocket", { url: import.meta.resolve("../websocket.ts"), module: websocket }],
  ["lib/xp/auth", { url: import.meta.resolve("../xp/auth.ts"), module: xpAuth }],
  ["lib/xp/event", { url: import.meta.resolve("../xp/event.ts"), module: xpEvent }],
  ["lib/xp/portal", { url: import.meta.resolve("../xp/portal.ts"), module: xpPortal }],
  ["lib/xp/websocket", { url: import.meta.resolve("../xp/websocket.ts"), module: xpWebsocket }],
]);

/** What an id without an extension may stand for. */
const SUFFIXES = ["", ".ts", ".js", ".mjs", ".cjs", ".json", "/index.ts", "/index.js"];

/** Hosts that modules come from, by scheme: Deno asks no permission for the first two. */
const REGISTRIES: Record<string, string> = {
  "npm:": "registry.npmjs.org:443",
  "jsr:": "jsr.io:443",
};

/** In place of `node:module`, which the engine hands out as it was before anything was taken from it. */
const NODE_MODULE = import.meta.resolve("./node_module.js");

// Held on to before a controller can put something else in its place.
const querySync = Deno.permissions.querySync.bind(Deno.permissions);

interface Module {
  exports: unknown;
}

/**
 * Loads the modules of one service: ES modules by the engine, CommonJS modules by its own `require`, and each
 * from the other. Which a file is, the engine's parser decides: what compiles as a CommonJS body is one.
 */
export class ModuleLoader implements Loader {
  readonly #link: Link;
  readonly #root: string;
  readonly #dir: string;
  readonly #lib: string;
  /** CommonJS modules by file, from the moment they start to run. */
  readonly #modules = new Map<string, Module>();
  readonly #files = new Set<string>();

  /**
   * @param root The root that is served.
   * @param dir The service's own folder.
   * @param link Told what is denied.
   */
  constructor(root: string, dir: string, link: Link) {
    this.#link = link;
    this.#root = root;
    this.#dir = dir;
    this.#lib = join(root, "lib");
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
    const resolved = this.#resolve(id, from);
    if (resolved === null) return this.#requireForeign(id, from);
    if (extname(resolved) === ".json") return this.#json(resolved, from);
    const known = this.#modules.get(resolved);
    if (known !== undefined) return known.exports;
    const compiled = this.#compile(resolved);
    if (compiled !== null) return this.#run(resolved, compiled);
    return createRequire(toFileUrl(from))(resolved);
  }

  /** Makes the engine's own `import` follow the rules of this loader. */
  #install(): void {
    registerHooks({
      resolve: (id, context, next) => {
        const parent = context.parentURL ?? "";
        const from = parent.startsWith("file:") ? fromFileUrl(parent) : parent;
        if (/^(node:)?module$/.test(id)) return { url: NODE_MODULE, shortCircuit: true };
        const resolved = isPath(from) ? this.#resolve(id, from) : null;
        if (resolved !== null) {
          const url = isPath(resolved) ? toFileUrl(resolved).href : resolved;
          return { url, shortCircuit: true };
        }
        const found = next(id, context);
        if (id !== import.meta.url && (!isPath(from) || this.#isUsers(from))) {
          this.#checkForeign(id, found.url, from);
        }
        return found;
      },
      load: (url, context, next) => {
        if (url === NODE_MODULE) {
          return { format: "module", source: asEsModule(url, nodeModule), shortCircuit: true };
        }
        const file = url.startsWith("file:") ? fromFileUrl(url) : "";
        if (file === "" || !this.#isUsers(file) || extname(file) === ".json") {
          return next(url, context);
        }
        const compiled = this.#modules.has(file) ? null : this.#compile(file);
        if (compiled !== null) this.#run(file, compiled);
        const module = this.#modules.get(file);
        if (module === undefined) return next(url, context);
        return { format: "module", source: asEsModule(file, module.exports), shortCircuit: true };
      },
    });
  }

  /**
   * Where an id leads: a file, the URL of a library module, or null for what is not ours to resolve
   * (`node:`, `npm:`, `https:`).
   */
  #resolve(id: string, from: string): string | null {
    if (id === import.meta.url) return null;
    const libraryId = id.replace(/^\//, "");
    const library = LIBRARY.get(libraryId);
    if (library !== undefined) return library.url;
    if (libraryId.startsWith("lib/xp/")) throw this.#noSuchLibrary(id, from);
    if (id.startsWith("./") || id.startsWith("../") || id === "." || id === "..") {
      return this.#find(join(dirname(from), id), id, from);
    }
    if (id.startsWith("file:")) return this.#find(fromFileUrl(id), id, from);
    // A file that the runtime itself asks for is given in full.
    if (isPath(id) && this.#isUsers(id) && existsFile(id)) return this.#find(id, id, from);
    if (id.startsWith("/") || id.startsWith("lib/")) {
      return this.#find(join(this.#root, id), id, from);
    }
    return null;
  }

  /** Makes sure that the service may load from where the id leads, out of its own folders. */
  #checkForeign(id: string, url: string, from: string): void {
    if (/^(node|data|blob|ext):/.test(url)) return;
    const { protocol, host, port } = new URL(url);
    const source = /^https?:$/.test(protocol)
      ? port === "" ? `${host}:${protocol === "https:" ? 443 : 80}` : host
      : REGISTRIES[/^\w+:/.exec(id)?.[0] ?? ""] ?? REGISTRIES["npm:"]!;
    const wanted = { name: "import", host: source } as unknown as Deno.PermissionDescriptor;
    if (querySync(wanted).state === "granted") return;
    this.#link.denied("import", source);
    throw new Error(
      `Cannot load "${id}", asked for by ${this.#shown(from)}: it comes from ${source}, ` +
        `which "permissions.import" in service.json does not list`,
    );
  }

  #find(path: string, id: string, from: string): string {
    if (!this.#isUsers(path)) {
      throw new Error(
        `Cannot load "${id}", asked for by ${this.#shown(from)}: it lies outside of ` +
          `${this.#shown(this.#dir)}/ and lib/, the folders that this service may load code from`,
      );
    }
    const found = SUFFIXES.map((suffix) => path + suffix).find(existsFile);
    if (found !== undefined) {
      this.#files.add(found);
      return found;
    }
    throw new Error(
      `Cannot find module "${id}", asked for by ${this.#shown(from)}: ` +
        `no ${this.#shown(path)}{${SUFFIXES.slice(0, 6).join(",")}}`,
    );
  }

  #requireForeign(id: string, from: string): unknown {
    try {
      return createRequire(toFileUrl(from))(id);
    } catch (error) {
      if (/^[a-z]+:/.test(id) && !id.startsWith("node:")) {
        throw new Error(
          `Cannot require "${id}" in ${this.#shown(from)}: use import for modules from elsewhere`,
          { cause: error },
        );
      }
      throw error;
    }
  }

  /** The file as a CommonJS module, or null if it is an ES module. */
  #compile(file: string): CompiledModule | null {
    return compileCommonJs(file, () => Deno.readTextFileSync(file));
  }

  #run(file: string, compiled: CompiledModule): unknown {
    const module: Module = { exports: {} };
    this.#modules.set(file, module);
    try {
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
    } catch (error) {
      this.#modules.delete(file);
      throw error;
    }
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
        `Cannot load ${this.#shown(file)}, asked for by ${this.#shown(from)}: ${
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
      `Cannot load "${id}", asked for by ${this.#shown(from)}: Switchboard has ${available}; ` +
        `more for new controllers is in /lib/websocket`,
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

function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder + SEPARATOR);
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

/** What a controller exports, whatever it is. */
function asExports(value: unknown): Record<string, unknown> {
  return (typeof value === "object" && value !== null || typeof value === "function"
    ? value
    : {}) as Record<
      string,
      unknown
    >;
}

/** Exports of CommonJS modules on their way into an ES module, by file. */
const handedOver = new Map<string, unknown>();

/** Collects what {@linkcode asEsModule} left here; called by the source that it writes. */
export function takeExports(file: string): unknown {
  return handedOver.get(file);
}

/** An ES module that exports what a CommonJS module exported. */
function asEsModule(file: string, exports: unknown): string {
  handedOver.set(file, exports);
  const interop = (exports as { __esModule?: boolean } | null)?.__esModule === true;
  const names = Object.keys(asExports(exports)).filter((name) => name !== "default");
  return [
    `import { takeExports } from ${JSON.stringify(import.meta.url)};`,
    `const exports = takeExports(${JSON.stringify(file)});`,
    interop ? "export default exports.default;" : "export default exports;",
    ...names.map((name, index) =>
      `const $${index} = exports[${JSON.stringify(name)}]; export { $${index} as ${
        JSON.stringify(name)
      } };`
    ),
  ].join("\n");
}
