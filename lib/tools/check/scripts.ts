import { basename, dirname, extname, join } from "@std/path";
import { entriesOf } from "../../base/files.ts";

/** Extensions of scripts. */
const SCRIPT = /\.(?:[cm]?[jt]s|[jt]sx)$/;
/** Scripts that nothing needs to lead to. */
const ASIDE = /\.d\.[cm]?ts$|[._](?:test|bench)\.\w+$/;
/** A text that is a folder, and one that an id begins with. */
const FOLDER = /["'`]([^"'`\n$]*\/)["'`]/g;
const BEGINNING = /["'`]([^"'`\n$]*\/)[^"'`/\n$]*(?:["'`]\s*\+|\$\{)/g;
/** Where an id is loaded that does not begin with a text. */
const COMPUTED = /\b(?:import|require)\s*\(\s*(?:(?!["'`\s)]|\/\*)|`\$\{)/;
/** Longest script that is looked at, UTF-16 units. */
const MAX_LENGTH = 4 * 1024 * 1024;

/** Whether a file is a script. */
export function isScript(path: string): boolean {
  return SCRIPT.test(path);
}

/** Whether a script is there for its own sake: a test, a benchmark, a declaration of types. */
export function isAside(path: string): boolean {
  return ASIDE.test(path);
}

/**
 * All files below a folder, except static files, hidden ones, packages, targets of links, and files that cannot be
 * read: no client is served from there.
 */
export function filesBelow(folder: string, isTop = true): string[] {
  return readable(folder).flatMap(({ name, isDirectory, isFile }) => {
    if (/^[._]/.test(name) || name === "node_modules" || isTop && name === "assets") return [];
    const path = join(folder, name);
    if (isDirectory) return filesBelow(path, false);
    return isFile ? [path] : [];
  });
}

function readable(folder: string): Deno.DirEntry[] {
  try {
    return entriesOf(folder);
  } catch {
    return [];
  }
}

/** Other files that the text of a script mentions. */
export interface Mentions {
  /** Last segments of possible module ids, without extension. */
  names: Set<string>;
  /** Folders that ids are put together from, as they are written. */
  folders: string[];
  /** Whether it loads modules by ids that are not written in it. */
  isOpen: boolean;
}

/**
 * The files that a script mentions. Its text is not parsed: every text that could be an id counts, so that no
 * file is reported as unreachable that a script may load.
 */
export function mentionsOf(text: string): Mentions {
  const names = new Set<string>();
  // An id has a slash in front of its last segment, or that has an extension.
  for (const [, before, last] of text.matchAll(/(["'`/\\])([^"'`/\\\n$]+)(?=["'`])/g)) {
    const isPath = before === "/" || before === "\\";
    if (isPath) names.add(last!);
    if (isPath || SCRIPT.test(last!)) names.add(stemOf(last!));
  }
  // Written on its own, "." is a folder's index; as a part of something it is mostly none.
  if (/["'`]\.\.?["'`]/.test(text)) names.add("index");
  const folders = [FOLDER, BEGINNING].flatMap((pattern) =>
    [...text.matchAll(pattern)].map(([, folder]) => folder!)
  ).filter((folder) => folder !== "/");
  return { names, folders: [...new Set(folders)], isOpen: COMPUTED.test(text) };
}

/** Scripts of a folder by their possible ids. */
export function byName(files: readonly string[]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const file of files) {
    const stem = stemOf(basename(file));
    for (const name of stem === "index" ? [stem, basename(dirname(file))] : [stem]) {
      found.set(name, [...found.get(name) ?? [], file]);
    }
  }
  return found;
}

/** The text of a script; empty, if it cannot be read. */
export function textOf(path: string): string {
  try {
    return Deno.readTextFileSync(path).slice(0, MAX_LENGTH);
  } catch {
    return "";
  }
}

function stemOf(name: string): string {
  return SCRIPT.test(name) ? name.slice(0, -extname(name).length) : name;
}
