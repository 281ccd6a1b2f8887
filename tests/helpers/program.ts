import { Lines } from "./lines.ts";

/** Where a program runs. */
export interface ProgramOptions {
  cwd?: string | undefined;
  env?: Record<string, string> | undefined;
}

/** A process whose lines are read as they come. At the end of its scope it is killed, if it has not ended. */
export class Program implements AsyncDisposable {
  readonly output: Lines;
  readonly log: Lines;

  private constructor(readonly process: Deno.ChildProcess) {
    this.output = Lines.of(process.stdout);
    this.log = Lines.of(process.stderr);
  }

  /** Starts it. */
  static start([program, ...args]: string[], { cwd, env }: ProgramOptions = {}): Program {
    return new Program(
      new Deno.Command(program!, {
        args,
        cwd,
        env: { NO_COLOR: "1", ...env },
        stdin: "null",
        stdout: "piped",
        stderr: "piped",
      }).spawn(),
    );
  }

  /** The line in which a server says where it listens; what it logged, if there is none. */
  async listening(): Promise<string> {
    try {
      return await this.output.next((line) => line.startsWith("Listening on "));
    } catch (error) {
      throw new Error(`It did not start: ${this.log.all.join("\n")}`, { cause: error });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.process.kill("SIGKILL");
    } catch {
      // It has ended, as it should.
    }
    await Promise.all([this.process.status, this.output.end(), this.log.end()]);
  }
}
