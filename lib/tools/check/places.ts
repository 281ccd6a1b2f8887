import { fromFileUrl, isAbsolute, join, relative, resolve, SEPARATOR } from "@std/path";
import { findNodeAtLocation, type Node, parseTree } from "jsonc-parser";
import type { SwitchboardError } from "../../base/errors.ts";
import { isFile, isWithin } from "../../base/files.ts";
import { JsonFileError, lineAndColumn } from "../../base/json_error.ts";
import type { Problem } from "./problem.ts";
import { textOf } from "./scripts.ts";

/** The service of an error, and the place to report if the error names none. */
export interface Concerned {
  root: string;
  /** Key of the service; null: none. */
  service: string | null;
  /** Absolute path, or null. */
  file: string | null;
}

/** A place in a file, relative to the root. */
type Place = Pick<Problem, "file" | "line" | "column">;

/** An error as problems, each at the place that it is about as exactly as that can be told. */
export function problemsOf(error: SwitchboardError, { root, service, file }: Concerned): Problem[] {
  const problem = (place: Place, message: string): Problem => ({
    ...place,
    service,
    severity: "error",
    code: error.code,
    message,
  });
  if (error instanceof JsonFileError && error.path !== null) {
    const shown = shownBelow(root, error.path);
    return error.findings.map(({ message, line, column }) =>
      problem({ file: shown, line, column }, message)
    );
  }
  if (error.code === "SB_ROOT") {
    return [problem({ file: null, line: null, column: null }, error.message)];
  }
  const source = sourcePlace(error.message, root);
  if (source !== null) return [problem(source.place, source.message)];
  // The text of a controller's error may name any file.
  const named = OWN_WORDS.has(error.code) ? namedFile(error.message, root) : null;
  const path = named ?? file;
  const said = error.message.split(STACK)[0]!;
  if (path === null) return [problem({ file: null, line: null, column: null }, said)];
  return findings(said, named === null ? null : shownBelow(root, named))
    .map((message) => problem(placeIn(path, message, root), message));
}

/** Codes of errors whose messages are all Switchboard's own. */
const OWN_WORDS: ReadonlySet<string> = new Set([
  "SB_ARTEFACT",
  "SB_AUTH",
  "SB_FLOW",
  "SB_GRANT",
  "SB_MANIFEST",
  "SB_SERVICE",
  "SB_SETTINGS",
]);

/** A path as problems show it. */
export function shownBelow(root: string, path: string): string {
  const shown = relative(root, path).replaceAll(SEPARATOR, "/");
  return shown.startsWith("../") || isAbsolute(shown) ? path : shown || ".";
}

/** The first line and column of a file. */
export function startOf(root: string, path: string): Place {
  return { file: shownBelow(root, path), line: 1, column: 1 };
}

/** Where the JSON text of a file has a value; its start, if it has none there. */
export function jsonPlace(root: string, path: string, keys: (string | number)[]): Place {
  const json = readJson(path);
  const node = json?.tree && findNodeAtLocation(json.tree, keys);
  if (!json || !node) return startOf(root, path);
  return { file: shownBelow(root, path), ...lineAndColumn(json.text, node.offset) };
}

/** A message with a place in a source: below it, in its stack, or where a module was asked for. */
function sourcePlace(message: string, root: string): { place: Place; message: string } | null {
  const [, id, asking] = / "([^"]+)", imported by ([^\n]+?): /.exec(message) ?? [];
  const asks = asking === undefined ? null : resolve(root, asking);
  if (asks !== null && isBelow(root, asks)) {
    return { place: textPlace(root, asks, id!), message: message.split(STACK)[0]! };
  }
  const found = /\n([^\n]+):(\d+):(\d+)(?:\n|$)/.exec(message) ??
    /\n {4}at (?:[^\n]*\()?(file:[^\s)]+):(\d+):(\d+)/.exec(message);
  if (found === null) return null;
  const path = found[1]!.startsWith("file:") ? pathOf(found[1]!) : resolve(root, found[1]!);
  if (path === null || !isBelow(root, path)) return null;
  const place = { file: shownBelow(root, path), line: Number(found[2]), column: Number(found[3]) };
  return { place, message: message.slice(0, found.index).split(STACK)[0]! };
}

/** Where the stack of an error begins. */
const STACK = /\n {4}at /;

function pathOf(url: string): string | null {
  try {
    return fromFileUrl(url);
  } catch {
    return null;
  }
}

/** Where a file has a text in quotes; its start, if it has it nowhere. */
function textPlace(root: string, path: string, quoted: string): Place {
  const text = textOf(path);
  const at = [`"${quoted}"`, `'${quoted}'`].map((one) => text.indexOf(one)).find((one) => one >= 0);
  if (at === undefined) return startOf(root, path);
  return { file: shownBelow(root, path), ...lineAndColumn(text, at) };
}

/** The file that a message names first. */
function namedFile(message: string, root: string): string | null {
  for (const [, path] of message.matchAll(/"([^"\0]+)"/g)) {
    if (!/[/\\.]/.test(path!)) continue;
    const full = resolve(root, path!);
    if (isBelow(root, full)) return full;
  }
  return null;
}

/** Whether there is such a file in the root: other files are not reported. */
function isBelow(root: string, path: string): boolean {
  return isWithin(path, root) && isFile(path);
}

/** The problems in a message, one by one, without the file's name. */
function findings(message: string, shown: string | null): string[] {
  const [, path, rest] = /^Cannot (?:read|serve) [\w ]+ "([^"]+)": ([^]*)$/.exec(message) ?? [];
  if (shown === null || path === undefined || resolve("/", path) !== resolve("/", shown)) {
    return [message];
  }
  return rest!.split(/; (?=node "|edge \[|no node |no trigger )/);
}

function placeIn(path: string, message: string, root: string): Place {
  const json = path.endsWith(".json") ? readJson(path) : null;
  const node = json?.tree && nodeOf(json.tree, message, join(path, ".."));
  if (!json || !node) return startOf(root, path);
  return { file: shownBelow(root, path), ...lineAndColumn(json.text, node.offset) };
}

/** The value that a message is about. */
function nodeOf(tree: Node, message: string, dir: string): Node | undefined {
  const at = (keys: (string | number)[]) => findNodeAtLocation(tree, keys);
  const [, edge] = /^edge (\[".*?"\]): /.exec(message) ?? [];
  if (edge !== undefined) {
    return at(["edges"])?.children?.find(({ children }) =>
      `[${children?.map(({ value }) => JSON.stringify(value)).join(", ")}]` === edge
    );
  }
  const [, flowNode] = /^node "(.*?)": /.exec(message) ?? [];
  if (flowNode !== undefined) return at(["nodes", flowNode]);
  const [, kind, item] =
    /^Cannot grant "?(?:permissions\.)?(\w+)"?(?: of "(.*?)")?/.exec(message) ??
      [];
  if (kind !== undefined) {
    const items = at(["permissions", kind]);
    return items?.children?.find(({ value }) =>
      value === item || item !== undefined && resolve(dir, String(value)) === item
    ) ?? items;
  }
  for (const [, key] of message.matchAll(/"([\w.$]+)"/g)) {
    const node = at(key!.split("."));
    if (node !== undefined) return node;
  }
}

function readJson(path: string): { text: string; tree: Node | undefined } | null {
  try {
    const text = Deno.readTextFileSync(path).replace(/^\uFEFF/, "");
    return { text, tree: parseTree(text) };
  } catch {
    return null;
  }
}
