import { fromFileUrl, join } from "@std/path";
import { BenchError } from "./error.ts";

/** Peers, as packages of npm. */
const PACKAGES = ["ws@8", "socket.io@4", "bun@1"];

const here = (path: string) => fromFileUrl(import.meta.resolve(path));

const NO_COMPILER = `The bench needs a C compiler for its load client, and there is none on PATH.
Install one, or name it in CC:
  Debian, Ubuntu  apt-get install gcc libc6-dev
  Fedora          dnf install gcc
  Alpine          apk add gcc musl-dev linux-headers`;

/** Programs that the bench runs, made or fetched into a temporary folder. */
export class Tools implements Disposable {
  /** Why a peer is missing. */
  readonly missing: string[] = [];
  /** Whether the packages are there. */
  hasPackages = false;
  /** Node; undefined: there is none. */
  node: string | undefined;
  /** Bun; undefined: it could not be fetched. */
  bun: string | undefined;

  private constructor(private readonly folder: string, private readonly signal: AbortSignal) {}

  /**
   * Compiles what is in C, and fetches the peers, if they are wanted.
   *
   * @param signal Ends what is under way.
   * @throws {BenchError} If the load client cannot be compiled here.
   */
  static async make(signal: AbortSignal, withPeers: boolean): Promise<Tools> {
    if (Deno.build.os !== "linux") {
      throw new BenchError(
        "The bench runs on Linux only: it reads CPU time and memory from /proc.",
      );
    }
    const tools = new Tools(Deno.makeTempDirSync({ prefix: "bench-" }), signal);
    try {
      await tools.#compile(here("./load.c"), tools.load);
      await tools.#compile(here("./peers/floor.c"), tools.floor);
      if (withPeers) await tools.#fetchPeers();
      return tools;
    } catch (error) {
      tools[Symbol.dispose]();
      throw error;
    }
  }

  /** The load client. */
  get load(): string {
    return join(this.folder, "load");
  }

  /** The floor. */
  get floor(): string {
    return join(this.folder, "floor");
  }

  /** A peer's program, beside its packages. */
  peer = (name: string): string => join(this.folder, name);

  [Symbol.dispose](): void {
    Deno.removeSync(this.folder, { recursive: true });
  }

  async #fetchPeers(): Promise<void> {
    for (const name of ["ws.mjs", "socketio.mjs", "bun.js"]) {
      Deno.copyFileSync(here(`./peers/${name}`), this.peer(name));
    }
    Deno.writeTextFileSync(this.peer("package.json"), '{ "private": true, "type": "module" }');
    const fetched = await this.#succeeds("npm", [
      ...["install", "--prefix", this.folder, "--no-fund", "--no-audit"],
      ...PACKAGES,
    ]);
    if (!fetched) {
      this.missing.push(
        `npm install ${PACKAGES.join(" ")} failed: ws, Socket.IO and Bun are left out`,
      );
      return;
    }
    this.hasPackages = true;
    if (await this.#succeeds("node", ["--version"])) this.node = "node";
    else this.missing.push("There is no node on PATH: what runs on it is left out");
    const bun = join(this.folder, "node_modules/.bin/bun");
    if (await this.#succeeds(bun, ["--version"])) this.bun = bun;
    else this.missing.push("The bun of npm does not run here: it is left out");
  }

  async #compile(source: string, target: string): Promise<void> {
    const named = Deno.env.get("CC");
    for (const compiler of named ? [named] : ["cc", "gcc", "clang"]) {
      try {
        const { success, stderr } = await this.#output(compiler, ["-O2", "-o", target, source]);
        if (success) return;
        const text = new TextDecoder().decode(stderr).trim();
        throw new BenchError(`${compiler} cannot compile ${source}:\n${text}`);
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      }
    }
    throw new BenchError(NO_COMPILER);
  }

  async #succeeds(command: string, args: string[]): Promise<boolean> {
    try {
      return (await this.#output(command, args)).success;
    } catch (error) {
      this.signal.throwIfAborted();
      if (error instanceof Deno.errors.NotFound) return false;
      throw error;
    }
  }

  #output(command: string, args: string[]): Promise<Deno.CommandOutput> {
    const { signal } = this;
    return new Deno.Command(command, { args, signal, stdout: "piped", stderr: "piped" }).output();
  }
}
