import { Screen } from "./screen.ts";

/** How long something may take to appear, ms. */
const DEADLINE_MS = 20_000;

/** Whether there is a pseudo-terminal to be had here: `script` of util-linux. */
export const HAS_TERMINAL = Deno.build.os === "linux" && isThere("script") && isThere("stty");

/** A command at a pseudo-terminal, and what its screen shows. */
export class Terminal implements AsyncDisposable {
  readonly screen: Screen;
  /** All that it has written, as it came. */
  raw = "";
  readonly #process: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #done: Promise<void>;
  #ended = false;
  #failed: unknown = null;
  #wake: () => void = () => {};

  /** @param command A program and its arguments. */
  constructor(command: string[], options: { columns?: number; rows?: number; env?: object } = {}) {
    const { columns = 80, rows = 24, env = {} } = options;
    this.screen = new Screen(columns, rows);
    const quoted = command.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
    this.#process = new Deno.Command("script", {
      args: ["-qec", `stty cols ${columns} rows ${rows} && exec ${quoted}`, "/dev/null"],
      env: { NO_COLOR: "1", TERM: "xterm", SHELL: "/bin/sh", ...env },
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    this.#input = this.#process.stdin.getWriter();
    this.#done = this.#collect();
  }

  async #collect(): Promise<void> {
    for await (const text of this.#process.stdout.pipeThrough(new TextDecoderStream())) {
      this.raw += text;
      try {
        this.screen.write(text);
      } catch (error) {
        this.#failed ??= error;
      }
      this.#wake();
    }
    this.#ended = true;
    this.#wake();
  }

  /** Types something. */
  async type(text: string): Promise<void> {
    await this.#input.write(new TextEncoder().encode(text));
  }

  /** Waits until the screen is so. */
  async until(isSo: (lines: string[]) => boolean): Promise<string[]> {
    const until = performance.now() + DEADLINE_MS;
    while (true) {
      if (this.#failed !== null) throw this.#failed;
      if (isSo(this.screen.lines)) return this.screen.lines;
      const left = until - performance.now();
      if (this.#ended || left <= 0) {
        throw new Error(`The screen is not so:\n${this.screen.lines.join("\n")}`);
      }
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      const timer = setTimeout(resolve, left);
      await promise;
      clearTimeout(timer);
    }
  }

  /** Waits until a line of the screen is like this, and the last one is this. */
  async shows(line: RegExp, last?: string): Promise<string[]> {
    return await this.until((lines) =>
      lines.some((text) => line.test(text)) && (last === undefined || lines.at(-1) === last)
    );
  }

  /** Waits until it has ended by itself, and returns its exit code. */
  async ends(): Promise<number> {
    const [{ code }] = await Promise.all([this.#process.status, this.#done]);
    if (this.#failed !== null) throw this.#failed;
    return code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#process.kill("SIGKILL");
    } catch {
      // It has ended by itself.
    }
    await this.#input.close().catch(() => {});
    await Promise.all([this.#process.status, this.#done]);
  }
}

function isThere(program: string): boolean {
  return ["/usr/bin", "/bin", "/usr/local/bin"].some((folder) => {
    try {
      return Deno.statSync(`${folder}/${program}`).isFile;
    } catch {
      return false;
    }
  });
}
