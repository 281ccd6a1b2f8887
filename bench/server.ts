import { fromFileUrl } from "@std/path";
import { BenchError } from "./client.ts";

/** What is measured, and what it is measured against. */
export type Side = "control" | "switchboard";

/** Both, in the order in which they take turns. */
export const SIDES: readonly Side[] = ["control", "switchboard"];

/** Time to start, ms. */
const START_MS = 30_000;

/** Time to stop when asked to, ms; then it is killed. */
const STOP_MS = 5_000;

const here = (path: string) => fromFileUrl(import.meta.resolve(path));

const ARGS: Record<Side, string[]> = {
  control: [here("./control.ts")],
  switchboard: ["--no-prompt", here("../cli.ts"), "serve", here("./root"), "--port", "0"],
};

/** A server in a process of its own. */
export class Server implements AsyncDisposable {
  readonly pid: number;

  private constructor(
    private readonly process: Deno.ChildProcess,
    readonly port: number,
    private readonly rest: Promise<void>,
  ) {
    this.pid = process.pid;
  }

  /**
   * Starts one and waits until it listens.
   *
   * @param flags Deno's.
   * @throws {BenchError} If it does not, in time.
   */
  static async start(side: Side, flags: readonly string[] = []): Promise<Server> {
    const process = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", ...flags, ...ARGS[side]],
      env: { NO_COLOR: "1" },
      stdin: "null",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const timer = setTimeout(() => kill(process, "SIGKILL"), START_MS);
    const { port, rest } = await listening(process.stdout);
    clearTimeout(timer);
    if (port !== null) return new Server(process, port, rest);
    kill(process, "SIGKILL");
    await process.status;
    throw new BenchError(`The server "${side}" did not start: deno run -A ${ARGS[side].join(" ")}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    kill(this.process, "SIGTERM");
    const timer = setTimeout(() => kill(this.process, "SIGKILL"), STOP_MS);
    await this.process.status;
    clearTimeout(timer);
    await this.rest;
  }
}

/** Reads up to the line that names the port; goes on reading, so that the process never waits for us. */
async function listening(
  stdout: ReadableStream<Uint8Array<ArrayBuffer>>,
): Promise<{ port: number | null; rest: Promise<void> }> {
  const reader = stdout.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (true) {
    const { value, done } = await reader.read();
    if (done) return { port: null, rest: Promise.resolve() };
    text += value;
    const port = /^Listening on http:\S+:(\d+)$/m.exec(text.slice(0, text.lastIndexOf("\n") + 1));
    if (port !== null) return { port: Number(port[1]), rest: drain(reader) };
  }
}

async function drain(reader: ReadableStreamDefaultReader<string>): Promise<void> {
  while (!(await reader.read()).done);
}

function kill(process: Deno.ChildProcess, signal: Deno.Signal): void {
  try {
    process.kill(signal);
  } catch {
    // It has ended already.
  }
}
