import type { Contestant, Id } from "./contestants.ts";
import { BenchError } from "./error.ts";
import type { Tools } from "./tools.ts";

/** Time to start, ms. */
const START_MS = 30_000;

/** Time to stop when asked to, ms; then it is killed. */
const STOP_MS = 5_000;

/** A contestant in a process of its own. */
export class Server implements AsyncDisposable {
  readonly pid: number;

  private constructor(
    readonly contestant: Contestant,
    private readonly process: Deno.ChildProcess,
    readonly port: number,
    /** From its command to an open websocket of a group, ms. */
    readonly startMs: number,
    private readonly rest: Promise<void>,
  ) {
    this.pid = process.pid;
  }

  get id(): Id {
    return this.contestant.id;
  }

  /** Processor time that it has used so far, in ticks of 10 ms. */
  get ticks(): number {
    const stat = Deno.readTextFileSync(`/proc/${this.pid}/stat`);
    // After the name, which may hold blanks: proc(5), fields 14 and 15.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return Number(fields[11]) + Number(fields[12]);
  }

  /**
   * Starts one and waits until it takes websockets.
   *
   * @param isIdle Whether its memory is to be measured.
   * @throws {BenchError} If it does not, in time.
   */
  static async start(contestant: Contestant, tools: Tools, isIdle: boolean): Promise<Server> {
    const [command, ...args] = contestant.command(tools, isIdle)!;
    const begun = performance.now();
    const process = new Deno.Command(command!, {
      args,
      env: { NO_COLOR: "1", ...contestant.env },
      stdin: "null",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const timer = setTimeout(() => kill(process, "SIGKILL"), START_MS);
    const { port, rest } = await listening(process.stdout);
    if (port !== null && await takesSockets(port, contestant.paths.group)) {
      clearTimeout(timer);
      return new Server(contestant, process, port, performance.now() - begun, rest);
    }
    clearTimeout(timer);
    kill(process, "SIGKILL");
    await process.status;
    throw new BenchError(`${contestant.name} did not start: ${command} ${args.join(" ")}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    kill(this.process, "SIGTERM");
    const timer = setTimeout(() => kill(this.process, "SIGKILL"), STOP_MS);
    await this.process.status;
    clearTimeout(timer);
    await this.rest;
  }
}

/** Whether a websocket opens. By hand, for the floor knows no key but that of RFC 6455, section 1.3. */
async function takesSockets(port: number, path: string): Promise<boolean> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const lines = [
    `GET ${path} HTTP/1.1`,
    "Host: 127.0.0.1",
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version: 13",
  ];
  await connection.write(new TextEncoder().encode(`${lines.join("\r\n")}\r\n\r\n`));
  const answer = new Uint8Array(12);
  const length = await connection.read(answer);
  return length === 12 && new TextDecoder().decode(answer) === "HTTP/1.1 101";
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
    const port = /^Listening on http:\S+:(\d+)\r?\n/m.exec(text)?.[1];
    if (port !== undefined) return { port: Number(port), rest: drain(reader) };
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
