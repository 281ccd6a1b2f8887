/** Lines shown before and after the one in question. */
const AROUND = 2;
/** Longest part of a line that is shown, UTF-16 units. */
const MAX_WIDTH = 100;

/**
 * The lines around a place in a text, with a mark under it; empty, if there is no such line.
 *
 * @param line From 1.
 * @param column From 1.
 */
export function codeFrame(source: string, line: number, column: number): string {
  const lines = source.trimEnd().split(/\r?\n/);
  if (!(line >= 1 && line <= lines.length)) return "";
  const first = Math.max(1, line - AROUND);
  const last = Math.min(lines.length, line + AROUND);
  const gutter = String(last).length;
  // Of a line that is too long, the part around the place.
  const cut = Math.max(0, column - MAX_WIDTH / 2);
  const rows: string[] = [];
  for (let number = first; number <= last; number++) {
    const text = lines[number - 1]!.replaceAll("\t", " ").slice(cut, cut + MAX_WIDTH);
    const mark = number === line ? ">" : " ";
    rows.push(`${mark} ${String(number).padStart(gutter)} | ${text}`.trimEnd());
    if (number !== line) continue;
    rows.push(`  ${" ".repeat(gutter)} | ${" ".repeat(Math.max(0, column - 1 - cut))}^`);
  }
  return rows.join("\n");
}
