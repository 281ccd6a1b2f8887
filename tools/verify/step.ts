/** One command of the test run. */
export interface Step {
  name: string;
  /** Arguments of Deno. */
  args: string[];
  env?: Record<string, string>;
  /** Whether its output is held back until it has ended, because another step runs beside it. */
  isQuiet?: boolean;
}

/** The result of a step. */
export interface Outcome {
  name: string;
  success: boolean;
  seconds: number;
  passed: number;
  failed: number;
  skipped: number;
}

/** Runs a step, shows its output and counts its tests. */
export async function run({ name, args, env = {}, isQuiet = false }: Step): Promise<Outcome> {
  const start = performance.now();
  if (!isQuiet) console.log(`\n== ${name}: deno ${shown(args)}`);
  const process = new Deno.Command(Deno.execPath(), {
    args,
    env: { NO_COLOR: "1", ...env },
    stdin: "null",
    stdout: "piped",
    stderr: isQuiet ? "piped" : "inherit",
  }).spawn();
  const [output, errors] = await Promise.all([
    read(process.stdout, isQuiet ? null : Deno.stdout),
    isQuiet ? read(process.stderr, null) : "",
  ]);
  const { success } = await process.status;
  const seconds = (performance.now() - start) / 1000;
  if (isQuiet && !success) console.log(`\n${output}${errors}`.trimEnd());
  console.log(`== ${name}: ${success ? "ok" : "FAILED"} (${seconds.toFixed(1)} s)`);
  return { name, success, seconds, ...countsOf(output) };
}

/** The counts of the line with which `deno test` closes; a run that has none has counted nothing. */
export function countsOf(output: string): Pick<Outcome, "passed" | "failed" | "skipped"> {
  const line = output.slice(-4000).match(/^(?:ok|FAILED) \| .*$/gm)?.at(-1) ?? "";
  const count = (what: string) => Number(new RegExp(`(\\d+) ${what}`).exec(line)?.[1] ?? 0);
  return { passed: count("passed"), failed: count("failed"), skipped: count("ignored") };
}

async function read(
  stream: ReadableStream<Uint8Array>,
  copyTo: { writeSync(bytes: Uint8Array): number } | null,
): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of stream) {
    for (let at = 0; copyTo !== null && at < chunk.length;) {
      at += copyTo.writeSync(chunk.subarray(at));
    }
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

function shown(args: string[]): string {
  return args.slice(0, 4).join(" ") + (args.length > 4 ? " …" : "");
}
