import { SwitchboardError } from "../../base/errors.ts";

/** The binary that the compiler was asked for. */
export interface Wanted {
  /** Its target platform. */
  target: string;
  /** The runtime that `DENORT_BIN` names. */
  denort: string | undefined;
}

/**
 * A failure of Deno's compiler, as an error with a remedy.
 *
 * @param said All that it printed.
 * @param log Where that can be read in full.
 * @param file The output file.
 */
export function compilerFailure(
  said: string,
  log: string,
  file: string,
  { target, denort }: Wanted,
): SwitchboardError {
  const whole = `; all that Deno says is in ${log}`;
  const why = /^Caused by:\n((?: +.+\n?)+)/m.exec(said)?.[1] ?? "";
  const causes = why.split("\n").map((line) => line.replace(/^ +(?:\d+: )?/, "")).filter(Boolean);
  const first = /^(?:error|fatal runtime error): (.+)$/m.exec(said)?.[1] ?? "Deno does not say why";
  const { deno } = Deno.version;
  if (/Could not find denort at/.test(said)) {
    return failure(
      `Cannot read the runtime that DENORT_BIN names, "${denort}": ` +
        `name a denort of version ${deno} for ${target}, or unset it to download one${whole}`,
    );
  }
  const download = causes.findIndex((cause) => cause === "Setting up base binary.");
  if (download >= 0) {
    return failure(
      `Cannot get the runtime of Deno ${deno} for ${target}: ${causes[download + 1] ?? first}. ` +
        "Run this where https://dl.deno.land can be reached, or set DENORT_BIN to a denort of " +
        `version ${deno} for that target${whole}`,
    );
  }
  if (/Failed to parse (?:PE|Mach|ELF)/.test(said)) {
    return failure(
      `Cannot compile for ${target}: DENORT_BIN names a runtime for another system, "${denort}"${whole}`,
    );
  }
  if (/the file already exists and cannot be overwritten/.test(said)) {
    return failure(
      `Cannot write "${file}": there is a file that is not a compiled binary; ` +
        `remove it, or name another with -o${whole}`,
    );
  }
  return failure(`Cannot compile: ${causes.at(-1) ?? first}${whole}`);
}

function failure(message: string): SwitchboardError {
  return new SwitchboardError("SB_COMPILE", message);
}
