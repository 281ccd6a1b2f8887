import { fromFileUrl, join, relative, SEPARATOR } from "@std/path";
import { SwitchboardError } from "../errors.ts";
import type { ServiceDefinition } from "../service/mod.ts";
import type { LoadFailure } from "../wire/mod.ts";
import { codeFrame } from "./code_frame.ts";

/** A file, line and column as the engine names them; and that of Deno's parser, with its own code frame. */
const PLACE = /(file:\/\/[^\s)]+?):(\d+):(\d+)/;
const OWN_FRAME = /\n\s*\|\n\d+ \|[^]*?(?=\n {4}at )/;

/** Longest message and stack that are looked at, UTF-16 units. */
const MAX_LENGTH = 8192;

/** What a controller threw while it was loaded: with file, line, and the code around it. */
export function loadError(
  { key, dir }: ServiceDefinition,
  root: string,
  failure: Partial<LoadFailure> | undefined,
): SwitchboardError {
  // What is thrown may be of any length, and is looked at on the thread that serves all.
  const message = String(failure?.message).slice(0, MAX_LENGTH).replace(OWN_FRAME, "");
  const stack = String(failure?.stack ?? "").slice(0, MAX_LENGTH);
  const text = `${message}\n${stack}`;
  const place = PLACE.exec(text);
  const shown = place === null ? null : showPlace(place, [dir, join(root, "lib")], root);
  const words = [`Cannot load service "${key}": ${message.split(/\n {4}at | at file:/)[0]}`];
  if (shown !== null) words.push(shown);
  // One frame is the place that is shown already.
  if (shown === null || stack.includes("\n")) words.push(stack);
  return new SwitchboardError("SB_LOAD", words.join("\n").trimEnd());
}

/** Only of the service's own files: what it throws may name any. */
function showPlace([, url, line, column]: string[], folders: string[], root: string) {
  try {
    const file = fromFileUrl(url!);
    if (!folders.some((folder) => file.startsWith(folder + SEPARATOR))) return null;
    const frame = codeFrame(Deno.readTextFileSync(file), Number(line), Number(column));
    return `${relative(root, file)}:${line}:${column}\n${frame}`.trimEnd();
  } catch {
    return null;
  }
}
