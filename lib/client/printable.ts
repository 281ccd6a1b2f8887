/**
 * Text of somebody else, safe to show: what could drive a terminal, or turn its writing direction around, is
 * escaped. Line feeds and tabs stay.
 */
export function printable(text: string): string {
  return text.replace(HARMFUL, (char) => {
    const code = char.charCodeAt(0);
    return code < 0x100 ? `\\x${hex(code, 2)}` : `\\u${hex(code, 4)}`;
  });
}

/** The first bytes in hex, with an ellipsis where there are more. */
export function hexPreview(bytes: Uint8Array, most = 32): string {
  const shown = Array.from(bytes.subarray(0, most), (byte) => hex(byte, 2)).join(" ");
  return bytes.length > most ? `${shown} …` : shown;
}

function hex(number: number, digits: number): string {
  return number.toString(16).padStart(digits, "0");
}

/** Control characters, marks that reorder text, and other line ends. */
const HARMFUL =
  // deno-lint-ignore no-control-regex
  /[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;
