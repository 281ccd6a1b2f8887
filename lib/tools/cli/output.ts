import { messageOf, SwitchboardError } from "../../base/errors.ts";
import type { Shell } from "./shell.ts";

const encoder = new TextEncoder();

/**
 * Writes bytes to the standard output.
 *
 * @returns False: the reader has gone, which is not an error.
 * @throws {SwitchboardError} `SB_OUTPUT`, if it cannot be written, for example because the disk is full.
 */
export function writeOut(bytes: Uint8Array, { stdout }: Shell = Deno): boolean {
  try {
    for (let rest = bytes; rest.length > 0;) rest = rest.subarray(stdout.writeSync(rest));
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) return false;
    throw new SwitchboardError("SB_OUTPUT", `Cannot write the output: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/**
 * Prints a line on the standard output.
 *
 * @throws {SwitchboardError} `SB_OUTPUT`, if it cannot be written.
 */
export function print(text: string, shell: Shell = Deno): void {
  writeOut(encoder.encode(`${text}\n`), shell);
}

/** Prints a line on the standard error output, if that can be written: there is nowhere else to say it. */
export function complain(text: string, shell: Shell = Deno): void {
  complainText(`${text}\n`, shell);
}

/** The same without a line feed. */
export function complainText(text: string, { stderr }: Shell = Deno): void {
  try {
    stderr.writeSync(encoder.encode(text));
  } catch {
    // The exit code says it still.
  }
}
