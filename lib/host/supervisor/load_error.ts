import { join } from "@std/path";
import { errorPlace } from "../../base/error_place.ts";
import { SwitchboardError } from "../../base/errors.ts";
import type { ServiceDefinition } from "../service/mod.ts";
import type { LoadFailure } from "../../wire/mod.ts";

/** The code frame of Deno's own parser. */
const OWN_FRAME = /\n\s*\|\n\d+ \|[^]*?(?=\n {4}at )/;

/** Longest message and stack that are looked at, UTF-16 units. */
const MAX_LENGTH = 8192;

/** An error of a controller while it was loaded: with file, line, and the code around it. */
export function loadError(
  { key, dir }: ServiceDefinition,
  root: string,
  failure: Partial<LoadFailure> | undefined,
): SwitchboardError {
  // The text may be of any length, and is parsed on the host thread.
  const message = String(failure?.message).slice(0, MAX_LENGTH).replace(OWN_FRAME, "");
  const stack = String(failure?.stack ?? "").slice(0, MAX_LENGTH);
  const shown = errorPlace(`${message}\n${stack}`, [dir, join(root, "lib")], root);
  const words = [`Cannot load service "${key}": ${message.split(/\n {4}at | at file:/)[0]}`];
  if (shown !== null) words.push(shown);
  // One frame is the place that is shown already.
  if (shown === null || stack.includes("\n")) words.push(stack);
  return new SwitchboardError("SB_LOAD", words.join("\n").trimEnd());
}
