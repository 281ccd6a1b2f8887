import { resolve } from "@std/path";
import { escaped } from "./printable.ts";

/** The next steps after files were written. */
export interface NextSteps {
  /** Commands to run in the folder. */
  commands: string[];
  /** The verb for the URL: `open`, `connect to`. */
  verb: string;
  url: string;
}

/**
 * The files that a command has written, and the next steps; a line each, so that it fits a narrow terminal.
 *
 * @param folder Where the files lie, as the user named it.
 * @param files Paths relative to it, with remarks.
 */
export function nextSteps(folder: string, files: string[], next: NextSteps): string {
  const root = resolve(folder);
  const commands = root === Deno.cwd() ? next.commands : [`cd ${quoted(folder)}`, ...next.commands];
  return [
    `Wrote in ${escaped(root)}`,
    ...indented(files),
    "Next, run",
    ...indented(commands),
    `and ${next.verb}`,
    ...indented([next.url]),
  ].join("\n");
}

const indented = (lines: string[]) => lines.map((line) => `  ${line}`);

/** As a shell reads it back, and a terminal shows it without obeying it. */
function quoted(path: string): string {
  // Or it would be taken for a flag.
  if (path.startsWith("-")) return quoted(`./${path}`);
  if (/^[\w./~+@-]+$/.test(path)) return path;
  if (escaped(path) === path) return `'${path.replaceAll("'", `'\\''`)}'`;
  return `$'${escaped(path.replace(/[\\']/g, "\\$&"))}'`;
}
