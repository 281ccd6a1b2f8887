import { dirname, fromFileUrl, join, SEPARATOR } from "@std/path";

const REPOSITORY = dirname(fromFileUrl(import.meta.resolve("../../deno.json")));

/** Where packages come from for which this repository has no stand-in. */
const UPSTREAM = Deno.env.get("JSR_URL") ?? "https://jsr.io/";

/** The part of a `deno.json` that a registry looks at. */
interface PackageConfig {
  name: string;
  version: string;
  exports: string | Record<string, string>;
  imports?: Record<string, string>;
  links?: string[];
  publish?: { include: string[] };
}

/** A package as it is published: its files by path, with specifiers that need no import map. */
interface Published {
  version: string;
  exports: Record<string, string>;
  files: Map<string, Uint8Array<ArrayBuffer>>;
}

/**
 * A registry on loopback that speaks JSR's protocol and holds this package as it would be published, and the
 * packages that `links` in `deno.json` names. It gets all others from JSR. `JSR_URL` makes Deno take packages from
 * here.
 */
export class Registry implements AsyncDisposable {
  /** With a slash at its end. */
  readonly url: string;
  /** Paths that were asked for, in order. */
  readonly asked: string[] = [];
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #packages: Map<string, Published>;
  readonly #cache: string;

  private constructor(packages: Map<string, Published>) {
    this.#packages = packages;
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      (request) => this.#answer(new URL(request.url)),
    );
    this.url = `http://127.0.0.1:${this.#server.addr.port}/`;
    this.#cache = Deno.makeTempDirSync({ prefix: "switchboard_cache_" });
  }

  /** Publishes and starts to serve. */
  static async open(): Promise<Registry> {
    const { links = [] } = readConfig(REPOSITORY);
    const folders = [REPOSITORY, ...links.map((link) => join(REPOSITORY, link))];
    const registry = new Registry(
      new Map(folders.map((folder) => [readConfig(folder).name, publish(folder)])),
    );
    await registry.#shareNpm();
    return registry;
  }

  /** `127.0.0.1:PORT`. */
  get host(): string {
    return new URL(this.url).host;
  }

  /** The environment in which Deno asks this registry, with a cache of its own. */
  get env(): Record<string, string> {
    return { JSR_URL: this.url, DENO_DIR: this.#cache };
  }

  /** URL of a file of the package. */
  fileOf(path: string): string {
    const { name, version } = readConfig(REPOSITORY);
    return `${this.url}${name}/${version}/${path}`;
  }

  /** URL of the main module of a package that this one depends on, such as `@std/path`, in the version that Deno takes. */
  async mainOf(dependency: string): Promise<string> {
    const get = async (path: string) =>
      await (await fetch(`${this.url}${dependency}/${path}`)).json();
    const [, major] = /@\D*(\d+)\.[^@]*$/.exec(readConfig(REPOSITORY).imports![dependency]!)!;
    const { versions } = await get("meta.json");
    const version = Object.keys(versions)
      .filter((version) => version.startsWith(`${major}.`) && !version.includes("-"))
      .sort((a, b) => a.localeCompare(b, "en", { numeric: true })).at(-1)!;
    const { exports } = await get(`${version}_meta.json`);
    return new URL(exports["."], `${this.url}${dependency}/${version}/`).href;
  }

  /** Packages of npm in the user's cache need not be downloaded again. */
  async #shareNpm(): Promise<void> {
    const info = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output();
    const { npmCache } = JSON.parse(new TextDecoder().decode(info.stdout));
    Deno.mkdirSync(npmCache, { recursive: true });
    Deno.symlinkSync(npmCache, join(this.#cache, "npm"), { type: "dir" });
  }

  async #answer({ pathname: path, search }: URL): Promise<Response> {
    this.asked.push(path + search);
    const [, name, rest] = /^\/(@[^/]+\/[^/]+)\/(.+)$/.exec(path) ?? [];
    if (name === undefined) return new Response("Not Found", { status: 404 });
    const found = this.#packages.get(name);
    if (found === undefined) return await fromUpstream(path);
    const { version, exports, files } = found;
    if (rest === "meta.json") {
      return Response.json({ latest: version, versions: { [version]: {} } });
    }
    if (rest === `${version}_meta.json`) {
      return Response.json({ exports, manifest: await manifestOf(files) });
    }
    const file = files.get(rest!.slice(version.length));
    if (file === undefined || !rest!.startsWith(`${version}/`)) {
      return new Response("Not Found", { status: 404 });
    }
    const type = path.endsWith(".json") ? "application/json" : "application/typescript";
    return new Response(file, { headers: { "content-type": type } });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
    Deno.removeSync(join(this.#cache, "npm"));
    Deno.removeSync(this.#cache, { recursive: true });
  }
}

async function fromUpstream(path: string): Promise<Response> {
  try {
    const { status, headers, body } = await fetch(new URL(path, UPSTREAM));
    const type = headers.get("content-type") ?? "application/octet-stream";
    return new Response(body, { status, headers: { "content-type": type } });
  } catch (error) {
    return new Response(`${UPSTREAM} cannot be reached: ${error}`, { status: 502 });
  }
}

function publish(folder: string): Published {
  const { version, exports, imports = {}, publish } = readConfig(folder);
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const path of publish?.include ?? ["."]) {
    for (const file of filesIn(join(folder, path))) {
      const shown = file.slice(folder.length).replaceAll(SEPARATOR, "/");
      const text = Deno.readTextFileSync(file);
      const published = file.endsWith(".ts") ? withoutImportMap(text, imports) : text;
      files.set(shown, new TextEncoder().encode(published));
    }
  }
  return { version, exports: typeof exports === "string" ? { ".": exports } : exports, files };
}

/** Rewrites specifiers as JSR does, so that modules need no import map. */
function withoutImportMap(text: string, imports: Record<string, string>): string {
  return text.replace(
    /^(import |(?:import|export)\b[^"';=(]* from )"([^".][^"]*)"/gm,
    (all, before, id) => {
      const key = Object.keys(imports).find((key) => id === key || id.startsWith(`${key}/`));
      return key === undefined ? all : `${before}"${imports[key]}${id.slice(key.length)}"`;
    },
  );
}

async function manifestOf(files: Published["files"]): Promise<Record<string, unknown>> {
  const manifest: Record<string, unknown> = {};
  for (const [path, bytes] of files) {
    const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
    manifest[path] = { size: bytes.length, checksum: `sha256-${hash}` };
  }
  return manifest;
}

function readConfig(folder: string): PackageConfig {
  return JSON.parse(Deno.readTextFileSync(join(folder, "deno.json")));
}

function* filesIn(path: string): Generator<string> {
  if (Deno.statSync(path).isFile) return void (yield path);
  for (const { name } of Deno.readDirSync(path)) yield* filesIn(join(path, name));
}
