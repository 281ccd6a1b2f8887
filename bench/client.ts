import { fromFileUrl, join } from "@std/path";

/** What the load client is told to do; see `load.c`. */
export interface Load {
  mode: "echo" | "fanout" | "idle";
  path: string;
  clients: number;
  messages: number;
  warmup: number;
  size: number;
  window: number;
}

/** What it prints; what a mode does not measure is 0. */
export interface Run {
  /** Messages echoed, deliveries, or connections. */
  count: number;
  seconds: number;
  /** CPU seconds of the server's process, all threads. */
  serverCpu: number;
  /** CPU seconds of the load client. */
  clientCpu: number;
  /** Round trip, µs. */
  p50: number;
  p99: number;
  /** Memory of the server's process before and with the connections, KB. */
  baseKb: number;
  rssKb: number;
}

const SOURCE = fromFileUrl(import.meta.resolve("./load.c"));

const NO_COMPILER = `The bench needs a C compiler for its load client, and there is none on PATH.
Install one, or name it in CC:
  Debian, Ubuntu  apt-get install gcc libc6-dev
  Fedora          dnf install gcc
  Alpine          apk add gcc musl-dev linux-headers`;

/** What keeps the bench from running, in words for whoever started it. */
export class BenchError extends Error {}

/** The load client, compiled into a temporary folder. */
export class LoadClient implements Disposable {
  private constructor(private readonly folder: string, private readonly signal: AbortSignal) {}

  /**
   * Compiles it.
   *
   * @param signal Ends a run that is under way.
   * @throws {BenchError} If that is not possible here.
   */
  static async compile(signal: AbortSignal): Promise<LoadClient> {
    if (Deno.build.os !== "linux") {
      throw new BenchError(
        "The bench runs on Linux only: it reads CPU time and memory from /proc.",
      );
    }
    const client = new LoadClient(Deno.makeTempDirSync({ prefix: "bench-" }), signal);
    try {
      await client.#compile();
      return client;
    } catch (error) {
      client[Symbol.dispose]();
      throw error;
    }
  }

  /**
   * Runs a load against the server on a port of 127.0.0.1.
   *
   * @throws {BenchError} If the server did not answer as it must, or stalled.
   */
  async run(load: Load, server: { port: number; pid: number }): Promise<Run> {
    const { mode, path, clients, messages, warmup, size, window } = load;
    const numbers = [server.pid, clients, messages, warmup, size, window].map(String);
    const result = await output(
      this.#file,
      [mode, `${server.port}`, path, ...numbers],
      this.signal,
    );
    if (!result.success) {
      this.signal.throwIfAborted();
      const reason = result.signal === null ? "" : `ended by ${result.signal}`;
      throw new BenchError(text(result.stderr) || `The load client failed: ${reason}`);
    }
    return JSON.parse(text(result.stdout));
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.folder, { recursive: true });
  }

  get #file(): string {
    return join(this.folder, "load");
  }

  async #compile(): Promise<void> {
    const named = Deno.env.get("CC");
    for (const compiler of named ? [named] : ["cc", "gcc", "clang"]) {
      try {
        const result = await output(compiler, ["-O2", "-o", this.#file, SOURCE], this.signal);
        if (result.success) return;
        throw new BenchError(`${compiler} cannot compile the load client:\n${text(result.stderr)}`);
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      }
    }
    throw new BenchError(NO_COMPILER);
  }
}

function output(
  command: string,
  args: string[],
  signal: AbortSignal,
): Promise<Deno.CommandOutput> {
  return new Deno.Command(command, { args, signal, stdout: "piped", stderr: "piped" }).output();
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes).trim();
}
