/**
 * Lays out rows in columns; where they do not fit, as a list of records.
 *
 * @param width Columns of the terminal.
 */
export function table(heads: string[], rows: string[][], width: number): string {
  const all = [heads, ...rows];
  const widths = heads.map((_, column) => Math.max(...all.map((row) => row[column]!.length)));
  const total = widths.reduce((sum, width) => sum + width + 2, -2);
  if (total <= width) {
    return all.map((row) =>
      row.map((cell, column) => cell.padEnd(widths[column]!)).join("  ").trimEnd()
    )
      .join("\n");
  }
  return rows.map((row) => row.map((cell, column) => column === 0 ? cell : `  ${cell}`).join("\n"))
    .join("\n");
}
