import { fromFileUrl } from "@std/path";

const CLI = fromFileUrl(import.meta.resolve("../../cli.ts"));

/** How to run the command. */
export interface CommandOptions {
  /** Deno's own flags, in place of `-A`. */
  permissions?: string[];
  env?: Record<string, string>;
  cwd?: string;
  /** Standard input. Default: empty. */
  input?: string;
  /** Programs in front of it, for example to take rights away. */
  through?: string[];
}

/** Its result. */
export interface Outcome {
  code: number;
  output: string;
  errors: string;
}

/** The words of a command line that starts the real command. */
export function commandLine(
  args: string[],
  { permissions = ["-A"], through = [] }: CommandOptions = {},
): [string, ...string[]] {
  const [program, ...rest] = [
    ...through,
    Deno.execPath(),
    "run",
    ...permissions,
    "--no-prompt",
    CLI,
    ...args,
  ];
  return [program!, ...rest];
}

/** Runs the real command to its end. */
export async function runCommand(args: string[], options: CommandOptions = {}): Promise<Outcome> {
  const [program, ...words] = commandLine(args, options);
  const { env, cwd, input } = options;
  const child = new Deno.Command(program, {
    args: words,
    env: { NO_COLOR: "1", ...env },
    ...cwd !== undefined && { cwd },
    stdin: input === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  if (input !== undefined) {
    const writer = child.stdin.getWriter();
    // It may end without having read.
    await writer.write(new TextEncoder().encode(input)).catch(() => {});
    await writer.close().catch(() => {});
  }
  const { code, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  return { code, output: decoder.decode(stdout), errors: decoder.decode(stderr) };
}
