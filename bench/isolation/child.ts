import { fromFileUrl } from "@std/path";
import { TextLineStream } from "../../tests/helpers/text_line_stream.ts";
import { BenchError } from "../error.ts";
import type { Line, Said } from "./commands.ts";

/** How long an answer or a line of the log may take, ms. */
const DEADLINE_MS = 60_000;

const running = new Set<Deno.ChildProcess>();

/** Kills all children; whoever waits for one of them is told. */
export function killAll(): void {
  for (const process of running) process.kill("SIGKILL");
}

/** Starts a process of the bench, which {@linkcode killAll} ends. */
export function spawn(
  args: string[],
  options: Partial<Deno.CommandOptions>,
): Deno.ChildProcess {
  const process = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-prompt", ...args],
    env: { NO_COLOR: "1" },
    stdout: "piped",
    ...options,
  }).spawn();
  running.add(process);
  process.status.then(() => running.delete(process));
  return process;
}

/** Ends it, whatever it does. */
export async function end(process: Deno.ChildProcess): Promise<void> {
  if (running.has(process)) process.kill("SIGKILL");
  await process.status;
}

/** A process that runs a script of this folder and takes commands, see `obey()`. */
export class Child implements AsyncDisposable {
  readonly pid: number;
  /** Its output so far. */
  readonly said: Said[] = [];
  readonly #process: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  readonly #read: Promise<void>;
  #wake = () => {};
  #asked = 0;
  #isOver = false;

  /** @param script Its name in this folder. */
  constructor(script: string, ...args: string[]) {
    this.#process = spawn([fromFileUrl(import.meta.resolve(`./${script}`)), ...args], {
      stdin: "piped",
    });
    this.pid = this.#process.pid;
    this.#input = this.#process.stdin.getWriter();
    this.#read = this.#readLines();
  }

  async #readLines(): Promise<void> {
    const lines = this.#process.stdout
      .pipeThrough(new TextDecoderStream())
      .pipeThrough(new TextLineStream());
    for await (const text of lines) {
      const line: Line = JSON.parse(text);
      if ("said" in line) {
        this.said.push(line.said);
        this.#wake();
        continue;
      }
      const waiting = this.#waiting.get(line.id);
      if ("error" in line) waiting?.reject(new BenchError(line.error));
      else waiting?.resolve(line.result);
    }
    this.#isOver = true;
    for (const { reject } of this.#waiting.values()) reject(new BenchError("A process has ended."));
    this.#wake();
  }

  /**
   * Gives a command.
   *
   * @returns Its result.
   * @throws {BenchError} If it fails, or does not answer in time.
   */
  async ask<T>(name: string, ...args: unknown[]): Promise<T> {
    const id = ++this.#asked;
    const waiting = Promise.withResolvers<unknown>();
    this.#waiting.set(id, waiting);
    const timer = setTimeout(
      () => waiting.reject(new BenchError(`No answer to "${name}" in time`)),
      DEADLINE_MS,
    );
    const line = new TextEncoder().encode(`${JSON.stringify({ id, name, args })}\n`);
    this.#input.write(line).catch(() => waiting.reject(new BenchError("A process has ended.")));
    try {
      return await waiting.promise as T;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(id);
    }
  }

  /**
   * The first line that it says, from one on, that this is true of.
   *
   * @throws {BenchError} If there is none in time.
   */
  async hears(isWanted: (said: Said) => boolean, from = 0): Promise<Said> {
    const until = performance.now() + DEADLINE_MS;
    while (true) {
      const found = this.said.slice(from).find(isWanted);
      if (found !== undefined) return found;
      const left = until - performance.now();
      if (this.#isOver || left <= 0) {
        const all = this.said.map(({ text }) => text).join("\n");
        throw new BenchError(`A line of the log did not come; there were:\n${all}`);
      }
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      const timer = setTimeout(resolve, left);
      await promise;
      clearTimeout(timer);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await end(this.#process);
    await this.#read;
    await this.#input.close().catch(() => {});
  }
}
