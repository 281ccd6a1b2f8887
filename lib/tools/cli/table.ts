import { stripVTControlCharacters } from "node:util";
import defer * as stringWidth from "string-width";

/**
 * Lays out rows in columns; where they do not fit, as a list of records.
 *
 * @param width Columns of the terminal.
 */
export function table(heads: string[], rows: string[][], width: number): string {
  const all = [heads, ...rows];
  const widths = heads.map((_, column) => Math.max(...all.map((row) => columnsOf(row[column]!))));
  const total = widths.reduce((sum, width) => sum + width + 2, -2);
  if (total <= width) {
    return all.map((row) =>
      row.map((cell, column) => cell + " ".repeat(widths[column]! - columnsOf(cell))).join("  ")
        .trimEnd()
    )
      .join("\n");
  }
  return rows.map((row) => row.map((cell, column) => column === 0 ? cell : `  ${cell}`).join("\n"))
    .join("\n");
}

/** ASCII, Latin letters, and the signs that event lines consist of: each takes one column. */
const NARROW = /^[\x20-\x7e\xae-\u02ff…→✗]*$/;

/** Columns that a text takes in a terminal; its colors take none. */
export function columnsOf(text: string): number {
  const plain = stripVTControlCharacters(text);
  // What measures other texts takes some 60 ms to load.
  return NARROW.test(plain) ? plain.length : stringWidth.default(plain);
}
