import { join } from "@std/path";
import { type Outcome, runCommand } from "./command.ts";
import type { Lines } from "./lines.ts";
import { Program } from "./program.ts";

/** The files that `init` writes. */
export const PROJECT_FILES = [
  "deno.json",
  "globals.d.ts",
  "services/chat/chat.ts",
  "services/chat/assets/index.html",
  "services/chat/assets/chat.css",
  "services/chat/assets/chat.js",
  "tests/chat_test.ts",
  ".gitignore",
  ".vscode/settings.json",
  ".vscode/extensions.json",
];

/** The texts of all files below a folder, by path. */
export function textsOf(root: string, folder = ""): Record<string, string> {
  return Object.fromEntries(
    [...Deno.readDirSync(join(root, folder))].flatMap(({ name, isDirectory }) => {
      const path = folder === "" ? name : `${folder}/${name}`;
      return isDirectory
        ? Object.entries(textsOf(root, path))
        : [[path, Deno.readTextFileSync(join(root, path))]];
    }),
  );
}

/** How a process is started. */
export interface RunOptions {
  cwd: string;
  env?: Record<string, string>;
}

/** Runs Deno to its end. */
export async function deno(args: string[], { cwd, env }: RunOptions): Promise<Outcome> {
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
export function switchboard(args: string[], options: RunOptions): Promise<Outcome> {
  return runCommand(args, options);
}

/** A server that a project's own command starts, until the end of its scope. */
export class Serving implements AsyncDisposable {
  private constructor(
    readonly port: number,
    readonly output: Lines,
    readonly log: Lines,
    private readonly process: Deno.ChildProcess,
  ) {}

  /** Starts Deno with arguments that make it serve on a free port, and waits for the table. */
  static async start(args: string[], { cwd, env }: RunOptions): Promise<Serving> {
    const started = Program.start([Deno.execPath(), ...args], {
      cwd,
      env: { SWITCHBOARD_PORT: "0", ...env },
    });
    const { output, log, process } = started;
    try {
      const line = await started.listening();
      await output.next((line) => line.startsWith("SERVICE"));
      return new Serving(Number(/:(\d+)$/.exec(line)![1]), output, log, process);
    } catch (error) {
      await started[Symbol.asyncDispose]();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.process.kill("SIGTERM");
    } catch {
      // It has ended already.
    }
    await Promise.all([this.process.status, this.output.end(), this.log.end()]);
  }
}
