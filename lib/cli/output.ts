import { messageOf, SwitchboardError } from "../errors.ts";

const encoder = new TextEncoder();

/**
 * Writes bytes to the standard output.
 *
 * @returns False: nobody reads it any more, and that is no error.
 * @throws {SwitchboardError} `SB_OUTPUT`, if it cannot be written, for example because the disk is full.
 */
export function writeOut(bytes: Uint8Array): boolean {
  try {
    for (let rest = bytes; rest.length > 0;) rest = rest.subarray(Deno.stdout.writeSync(rest));
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
export function print(text: string): void {
  writeOut(encoder.encode(`${text}\n`));
}

/** Prints a line on the standard error output, if that can be written: there is nowhere else to say it. */
export function complain(text: string): void {
  complainText(`${text}\n`);
}

/** The same without a line feed. */
export function complainText(text: string): void {
  try {
    Deno.stderr.writeSync(encoder.encode(text));
  } catch {
    // The exit code says it still.
  }
}
