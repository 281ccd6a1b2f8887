import { fromFileUrl, relative, SEPARATOR } from "@std/path";
import { codeFrame } from "./code_frame.ts";

/** A file, line and column as the engine names them. */
const PLACE = /(file:\/\/[^\s)]+?):(\d+):(\d+)/g;
/** Longest text that is parsed, UTF-16 units: an error's text may be of any length. */
const MAX_LENGTH = 16_384;
/** Places that are looked at: a stack has few. */
const MAX_PLACES = 32;
/** Largest file that is read, bytes. */
const MAX_FILE = 1_048_576;

/**
 * The first place that a text names in some folders: file, line and column, and below them the code around it.
 *
 * @param text Text of an error, which is not to be trusted: it may name any file.
 * @param folders Folders of files that may be shown.
 * @param root The folder that the file's path is relative to.
 * @returns null: there is none.
 */
export function errorPlace(text: string, folders: string[], root: string): string | null {
  const places = text.slice(0, MAX_LENGTH).matchAll(PLACE).take(MAX_PLACES);
  for (const [, url, line, column] of places) {
    const shown = show(url!, Number(line), Number(column), folders, root);
    if (shown !== null) return shown;
  }
  return null;
}

function show(
  url: string,
  line: number,
  column: number,
  folders: string[],
  root: string,
): string | null {
  try {
    const named = fromFileUrl(url);
    // The real path: a name may lead out of the folder, by a link or by an encoding.
    const file = Deno.realPathSync(named);
    const isShown = folders.some((folder) =>
      named.startsWith(folder + SEPARATOR) && isBelow(file, folder)
    );
    if (!isShown || Deno.statSync(file).size > MAX_FILE) return null;
    const frame = codeFrame(Deno.readTextFileSync(file), line, column);
    return `${relative(root, named)}:${line}:${column}\n${frame}`.trimEnd();
  } catch {
    return null;
  }
}

function isBelow(file: string, folder: string): boolean {
  try {
    return file.startsWith(Deno.realPathSync(folder) + SEPARATOR);
  } catch {
    return false;
  }
}
