import { fromFileUrl } from "@std/path";
import { Lines } from "./lines.ts";

const CLI = fromFileUrl(import.meta.resolve("../../cli.ts"));

/** What a process left behind. */
export interface Result {
  code: number;
  output: string;
  errors: string;
}

/** How a process is started. */
export interface RunOptions {
  cwd: string;
  env?: Record<string, string>;
}

/** Runs Deno to its end. */
export async function deno(args: string[], { cwd, env }: RunOptions): Promise<Result> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd,
    env: { NO_COLOR: "1", ...env },
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return { code, output: decoder.decode(stdout), errors: decoder.decode(stderr) };
}

/** Runs the command to its end. */
export function switchboard(args: string[], options: RunOptions): Promise<Result> {
  return deno(["run", "-A", "--no-prompt", CLI, ...args], options);
}

/** What a project's own command serves, until the end of its scope. */
export class Serving implements AsyncDisposable {
  private constructor(
    readonly port: number,
    readonly output: Lines,
    readonly log: Lines,
    private readonly process: Deno.ChildProcess,
  ) {}

  /** Starts Deno with arguments that make it serve on a free port, and waits for the table. */
  static async start(args: string[], { cwd, env }: RunOptions): Promise<Serving> {
    const process = new Deno.Command(Deno.execPath(), {
      args,
      cwd,
      env: { NO_COLOR: "1", SWITCHBOARD_PORT: "0", ...env },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const [output, log] = [new Lines(process.stdout), new Lines(process.stderr)];
    try {
      const line = await output.next((line) => line.startsWith("Listening on "));
      await output.next((line) => line.startsWith("SERVICE"));
      return new Serving(Number(/:(\d+)$/.exec(line)![1]), output, log, process);
    } catch (error) {
      try {
        process.kill("SIGKILL");
      } catch {
        // It has ended by itself.
      }
      await Promise.all([process.status, output.end(), log.end()]);
      throw new Error(`It did not start: ${log.all.join("\n")}`, { cause: error });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.process.kill("SIGTERM");
    await Promise.all([this.process.status, this.output.end(), this.log.end()]);
  }
}
