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

/** Scripts and signs that take two columns a character. */
const WIDE =
  /[\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}\p{Emoji_Presentation}\uff01-\uff60]/u;

/** Columns that a text takes in a terminal. */
export function columnsOf(text: string): number {
  // Most cells are of one column a character, and the first segmenter takes some 80 ms to make.
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  const characters = new Intl.Segmenter().segment(text);
  return Array.from(characters, ({ segment }): number => WIDE.test(segment) ? 2 : 1)
    .reduce((sum, width) => sum + width, 0);
}
