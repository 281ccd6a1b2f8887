import { fromFileUrl } from "@std/path";
import type { Outcome } from "./command.ts";

const RUNNER = fromFileUrl(import.meta.resolve("./command_lines/runner.ts"));

/** A command line, and where it is run. */
export interface CommandLine {
  args: string[];
  cwd: string;
}

/**
 * Runs command lines one after the other in one process: each is parsed, does its work and prints as the real
 * command does, without the half second that a process needs to start. For tables of cases; a test of each
 * command should also run the real one.
 */
export async function runEach(lines: CommandLine[]): Promise<Outcome[]> {
  const mark = `\x1e${crypto.randomUUID()}\x1e`;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-prompt", RUNNER, mark],
    env: { NO_COLOR: "1" },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(JSON.stringify(lines)));
  await writer.close();
  const { stdout, stderr } = await child.output();
  const [outputs, errors] = [stdout, stderr].map((bytes) =>
    new TextDecoder().decode(bytes).split(mark)
  );
  if (errors!.length !== lines.length + 1) {
    const args = lines[errors!.length - 1]?.args.join(" ");
    throw new Error(`The process ended at "${args}": ${errors!.at(-1)}`);
  }
  return lines.map((_, at) => ({
    code: Number(outputs![2 * at + 1]),
    output: outputs![2 * at]!,
    errors: errors![at]!,
  }));
}
