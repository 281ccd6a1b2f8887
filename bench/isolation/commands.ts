import { TextLineStream } from "../../tests/helpers/text_line_stream.ts";

/** A line that a child prints: the answer to a command, or something that it says by itself. */
export type Line =
  | { id: number; result: unknown }
  | { id: number; error: string }
  | { said: Said };

/** A line of the log. */
export interface Said {
  level: string;
  text: string;
  service?: string;
  /** When, see {@linkcode clock}. */
  at: number;
}

/** Milliseconds that mean the same in all processes of the machine. */
export const clock = (): number => performance.timeOrigin + performance.now();

/** Resolves after a time, ms. */
export const sleep = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

const encoder = new TextEncoder();

/** Prints a line for the parent. */
export function print(line: Line): void {
  Deno.stdout.writeSync(encoder.encode(`${JSON.stringify(line)}\n`));
}

/**
 * Does what the parent says, line by line, until the parent is gone. Commands may overlap.
 *
 * @param commands By name; arguments and result are JSON.
 */
export async function obey(
  // deno-lint-ignore no-explicit-any
  commands: Record<string, (...args: any[]) => unknown>,
): Promise<never> {
  const lines = Deno.stdin.readable
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(new TextLineStream());
  for await (const line of lines) {
    const { id, name, args } = JSON.parse(line);
    Promise.try(() => commands[name]!(...args)).then(
      (result) => print({ id, result: result ?? null }),
      (error) => print({ id, error: String(error) }),
    );
  }
  Deno.exit();
}
