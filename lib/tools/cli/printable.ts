import { printable } from "../../base/printable.ts";

export { printable };

/** The text in one line, and so that it cannot play with the terminal. */
export function escaped(text: string): string {
  return printable(text.replace(/[\n\r\t]/g, (char) => SHORT[char]!));
}

const SHORT: Record<string, string> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };
