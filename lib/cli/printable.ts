/** Controls, halves of characters, and what turns the direction of writing. */
const UNSAFE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** The text in one line, and so that it cannot play with the terminal. */
export function escaped(text: string): string {
  return text.replace(UNSAFE, (char) => SHORT[char] ?? codeOf(char));
}

/** The same, with its lines left as they are. */
export function printable(text: string): string {
  return text.replace(UNSAFE, (char) => char === "\n" || char === "\t" ? char : codeOf(char));
}

const SHORT: Record<string, string> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

function codeOf(char: string): string {
  const code = char.codePointAt(0)!.toString(16);
  return code.length <= 2 ? `\\x${code.padStart(2, "0")}` : `\\u${code.padStart(4, "0")}`;
}
