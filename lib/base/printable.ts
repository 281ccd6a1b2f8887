/**
 * Foreign text, safe to show: characters that control a terminal, or change the writing direction, are
 * escaped. Line feeds and tabs stay.
 */
export function printable(text: string): string {
  return text.replace(HARMFUL, (char) => {
    const code = char.charCodeAt(0);
    return code < 0x100 ? `\\x${hex(code, 2)}` : `\\u${hex(code, 4)}`;
  });
}

function hex(number: number, digits: number): string {
  return number.toString(16).padStart(digits, "0");
}

/** Control characters, halves of characters, marks that reorder text, and other line ends. */
const HARMFUL = /(?![\n\t])[\p{Cc}\p{Cs}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/gu;
