import { main } from "../../lib/tools/cli/main.ts";
import type { InputStream, OutputStream, Shell } from "../../lib/tools/cli/shell.ts";
import type { Outcome } from "./command.ts";
import { Lines } from "./lines.ts";
import { Served } from "./served.ts";
import { type Files, Site } from "./site.ts";

/** The shell of a command that runs in the process of the test. */
export interface ShellOptions {
  /** Its standard input. Default: none, and it ends at once. */
  input?: string | Uint8Array<ArrayBuffer>;
  /** Keeps the standard input open after that. */
  keepsInputOpen?: boolean;
  /** All variables that the command itself reads; the runtime below it reads those of the process. */
  env?: Record<string, string>;
  /** Default: true. */
  noColor?: boolean;
}

/** Keeps what is written to it. It is no terminal. */
class Sink implements OutputStream {
  readonly lines = new Lines();
  readonly #chunks: Uint8Array[] = [];
  readonly #decoder = new TextDecoder();
  #rest = "";

  isTerminal(): boolean {
    return false;
  }

  write(bytes: Uint8Array): Promise<number> {
    return Promise.resolve(this.writeSync(bytes));
  }

  writeSync(bytes: Uint8Array): number {
    this.#chunks.push(bytes.slice());
    const lines = (this.#rest + this.#decoder.decode(bytes, { stream: true })).split("\n");
    this.#rest = lines.pop()!;
    for (const line of lines) this.lines.add(line);
    return bytes.length;
  }

  /** All so far. */
  get bytes(): Uint8Array<ArrayBuffer> {
    const all = new Uint8Array(this.#chunks.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const chunk of this.#chunks) {
      all.set(chunk, at);
      at += chunk.length;
    }
    return all;
  }

  get text(): string {
    return new TextDecoder("utf-8", { ignoreBOM: true }).decode(this.bytes);
  }
}

class Input implements InputStream {
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>;

  constructor(input: string | Uint8Array<ArrayBuffer>, keepsOpen: boolean) {
    const bytes = typeof input === "string" ? new TextEncoder().encode(input) : input;
    this.readable = new ReadableStream({
      start(controller) {
        if (bytes.length > 0) controller.enqueue(bytes);
        if (!keepsOpen) controller.close();
      },
    });
  }

  isTerminal(): boolean {
    return false;
  }

  read(): never {
    throw new Error("Only a terminal is read like this");
  }

  setRaw(): never {
    throw new Error("Only a terminal can be raw");
  }
}

/** The shell of a command that runs in the process of the test: its streams are pipes. */
export class TestShell implements Shell {
  readonly stdin: InputStream;
  readonly stdout = new Sink();
  readonly stderr = new Sink();
  readonly env: Shell["env"];
  readonly noColor: boolean;
  readonly #listeners = new Map<Deno.Signal, Set<() => void>>();

  constructor(
    { input = "", keepsInputOpen = false, env = {}, noColor = true }: ShellOptions = {},
  ) {
    this.stdin = new Input(input, keepsInputOpen);
    this.noColor = noColor;
    this.env = { get: (name) => env[name] };
  }

  consoleSize(): never {
    throw new Error("There is no terminal");
  }

  addSignalListener(signal: Deno.Signal, listener: () => void): void {
    this.#listeners.set(signal, (this.#listeners.get(signal) ?? new Set()).add(listener));
  }

  removeSignalListener(signal: Deno.Signal, listener: () => void): void {
    this.#listeners.get(signal)?.delete(listener);
  }

  /** The operating system's default action for a signal. */
  signal(signal: Deno.Signal): void {
    for (const listener of [...this.#listeners.get(signal) ?? []]) listener();
  }
}

/** Runs a command line in the process of the test, to its end; {@linkcode runCommand} starts a process. */
export async function runInProcess(
  args: string[],
  options: ShellOptions = {},
  run: (args: string[], shell: Shell) => Promise<number> = main,
): Promise<Outcome & { bytes: Uint8Array<ArrayBuffer> }> {
  const shell = new TestShell(options);
  const code = await run(args, shell);
  const { stdout, stderr } = shell;
  return { code, output: stdout.text, errors: stderr.text, bytes: stdout.bytes };
}

/** How to start `serve` or `dev` in the process of the test. */
export interface InProcessServerOptions {
  args?: string[];
  /** Default: `serve`. */
  command?: "serve" | "dev";
  env?: Record<string, string>;
  /** Default: true. */
  noColor?: boolean;
}

/**
 * `serve` or `dev` in the process of the test: all that the command does, without the time that a process needs to
 * start. Where only what is served matters, a `Board` is simpler.
 */
export class InProcessServer extends Served implements AsyncDisposable {
  private constructor(
    readonly site: Site,
    readonly port: number,
    private readonly shell: TestShell,
    private readonly ended: Promise<number>,
    private readonly ownsSite: boolean,
  ) {
    super();
  }

  /** Starts it on a free port and waits until it has printed its table. */
  static async start(
    files: Files | Site,
    { args = [], command = "serve", ...options }: InProcessServerOptions = {},
  ): Promise<InProcessServer> {
    const site = files instanceof Site ? files : Site.make(files);
    const shell = new TestShell(options);
    const ended = main([command, site.root, "--port", "0", ...args], shell)
      .finally(() => {
        shell.stdout.lines.finish();
        shell.stderr.lines.finish();
      });
    try {
      const { lines } = shell.stdout;
      const listening = await lines.next((line) => line.startsWith("Listening on "));
      await lines.next((line) => /^(SERVICE|No services)/.test(line));
      const port = Number(/:(\d+)$/.exec(listening)![1]);
      return new InProcessServer(site, port, shell, ended, !(files instanceof Site));
    } catch (cause) {
      shell.signal("SIGTERM");
      await ended;
      if (!(files instanceof Site)) site[Symbol.dispose]();
      throw new Error(`The server did not start: ${shell.stderr.text}`, { cause });
    }
  }

  get output(): Lines {
    return this.shell.stdout.lines;
  }

  get log(): Lines {
    return this.shell.stderr.lines;
  }

  /** Stops it as a signal does, and returns its exit code. */
  stop(): Promise<number> {
    this.shell.signal("SIGTERM");
    return this.ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    if (this.ownsSite) this.site[Symbol.dispose]();
  }
}
