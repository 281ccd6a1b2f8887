import { fromFileUrl } from "@std/path";
import type { Lines } from "./lines.ts";
import { Program } from "./program.ts";
import { type Files, Site } from "./site.ts";

const CLI = fromFileUrl(import.meta.resolve("../../cli.ts"));

/** How to start the command. */
export interface ServerOptions {
  args?: string[];
  /** Default: `serve`. */
  command?: "serve" | "dev";
  env?: Record<string, string>;
  /** Deno's own flags, in place of `-A`. */
  permissions?: string[];
  /** Program and first arguments, in place of this repository's command and the folder. */
  program?: string[];
  /** Folder that it is started in. */
  cwd?: string;
}

/** A line of the JSON log. */
export interface LogLine {
  time: string;
  level: string;
  service?: string;
  message: string;
}

/** The counts of `/healthz`. */
export interface Counts {
  sessions: number;
  groups: number;
}

/** The real command, serving a folder as a child process. */
export class Server implements AsyncDisposable {
  private constructor(
    readonly site: Site,
    readonly port: number,
    readonly output: Lines,
    readonly log: Lines,
    readonly process: Deno.ChildProcess,
    private readonly ownsSite: boolean,
  ) {}

  /** Starts it on a free port and waits until it has printed its table. */
  static async start(files: Files | Site, options: ServerOptions = {}): Promise<Server> {
    const site = files instanceof Site ? files : Site.make(files);
    const command = options.program ?? [
      Deno.execPath(),
      "run",
      ...options.permissions ?? ["-A"],
      "--no-prompt",
      CLI,
      options.command ?? "serve",
      site.root,
    ];
    const started = Program.start([...command, "--port", "0", ...options.args ?? []], options);
    const { output, log, process } = started;
    try {
      const listening = await output.next((line) => line.startsWith("Listening on "));
      await output.next((line) => /^(SERVICE|No services)/.test(line));
      const port = Number(/:(\d+)$/.exec(listening)![1]);
      return new Server(site, port, output, log, process, !(files instanceof Site));
    } catch (error) {
      await started[Symbol.asyncDispose]();
      throw new Error(`The server did not start: ${log.all.join("\n")}`, { cause: error });
    }
  }

  /** `http://127.0.0.1:PORT` and a path. */
  http(path: string): string {
    return `http://127.0.0.1:${this.port}${path}`;
  }

  /** `ws://127.0.0.1:PORT` and a path. */
  ws(path: string): string {
    return `ws://127.0.0.1:${this.port}${path}`;
  }

  /** Fetches a path without following redirects. */
  fetch(path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(this.http(path), { redirect: "manual", ...init });
  }

  /** The status of the answer at a path. */
  async status(path: string): Promise<number> {
    const { status, body } = await this.fetch(path);
    await body?.cancel();
    return status;
  }

  /** The text at a path. */
  async text(path: string, init: RequestInit = {}): Promise<string> {
    return await (await this.fetch(path, init)).text();
  }

  /** Sessions and groups, now. */
  async counts(): Promise<Counts> {
    const { sessions, groups } = await (await this.fetch("/healthz")).json();
    return { sessions, groups };
  }

  /** Waits until nobody is connected and nothing of them is left. */
  async settled(): Promise<Counts> {
    const until = performance.now() + 10_000;
    while (true) {
      const counts = await this.counts();
      if (counts.sessions === 0 && counts.groups === 0 || performance.now() > until) return counts;
    }
  }

  /** Open files of the process. */
  openFiles(): number {
    return [...Deno.readDirSync(`/proc/${this.process.pid}/fd`)].length;
  }

  /** The next log line that this one is true of. */
  async logged(isWanted: (line: LogLine) => boolean): Promise<LogLine> {
    const line = await this.log.next((text) => isWanted(parse(text)));
    return parse(line);
  }

  /** What the process holds in memory, bytes. */
  memory(): number {
    const status = Deno.readTextFileSync(`/proc/${this.process.pid}/status`);
    return Number(/VmRSS:\s+(\d+) kB/.exec(status)![1]) * 1024;
  }

  /** Stops it with a signal and returns its exit status. */
  async stop(signal: Deno.Signal = "SIGTERM"): Promise<Deno.CommandStatus> {
    try {
      this.process.kill(signal);
    } catch {
      // It has ended already.
    }
    const [status] = await Promise.all([this.process.status, this.output.end(), this.log.end()]);
    return status;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    if (this.ownsSite) this.site[Symbol.dispose]();
  }
}

function parse(text: string): LogLine {
  try {
    return JSON.parse(text);
  } catch {
    return { time: "", level: "", message: text };
  }
}
