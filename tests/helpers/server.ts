import { fromFileUrl } from "@std/path";
import type { Waits } from "../../lib/base/waits.ts";
import type { Lines } from "./lines.ts";
import { Program } from "./program.ts";
import { Served } from "./served.ts";
import { type Files, Site } from "./site.ts";

const CLI = fromFileUrl(import.meta.resolve("../../cli.ts"));
const IMPATIENT_CLI = fromFileUrl(import.meta.resolve("./impatient_cli.ts"));

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
  /** Waits that are shorter than a user's, where the test is about their end. */
  waits?: Partial<Waits>;
  /** Folder that it is started in. */
  cwd?: string;
}

/** The real command, serving a folder as a child process. */
export class Server extends Served implements AsyncDisposable {
  private constructor(
    readonly site: Site,
    readonly port: number,
    readonly output: Lines,
    readonly log: Lines,
    readonly process: Deno.ChildProcess,
    private readonly ownsSite: boolean,
  ) {
    super();
  }

  /** Starts it on a free port and waits until it has printed its table. */
  static async start(files: Files | Site, options: ServerOptions = {}): Promise<Server> {
    const site = files instanceof Site ? files : Site.make(files);
    const command = options.program ?? [
      Deno.execPath(),
      "run",
      ...options.permissions ?? ["-A"],
      "--no-prompt",
      ...options.waits === undefined ? [CLI] : [IMPATIENT_CLI, JSON.stringify(options.waits)],
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

  /** Open files of the process. */
  openFiles(): number {
    return [...Deno.readDirSync(`/proc/${this.process.pid}/fd`)].length;
  }

  /** The resident memory of the process, bytes. */
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
