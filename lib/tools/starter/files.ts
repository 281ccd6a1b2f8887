import { dirname, join } from "@std/path";
import { messageOf, SwitchboardError } from "../../base/errors.ts";
import type { Files } from "../../model/mod.ts";

/** How to treat files that exist already. */
export interface WriteOptions {
  /** Files that must not be there either, for they would count in place of those to write. */
  rivals?: readonly string[];
  /** Paths of those to write that are left as they are, where they are there already. */
  keepable?: readonly string[];
}

/**
 * Writes files that are not there yet, and the folders that they lie in.
 *
 * @param folder Made, if it does not exist.
 * @returns Paths that were there already, and were kept.
 * @throws {SwitchboardError} `SB_STARTER`, naming all that are there already and in the way, before any is
 * written; or what cannot be written, and why.
 */
export function writeFiles(
  folder: string,
  files: Files,
  { rivals = [], keepable = [] }: WriteOptions = {},
): string[] {
  const there = [...Object.keys(files), ...rivals].filter((path) => exists(join(folder, path)));
  const kept = there.filter((path) => keepable.includes(path));
  const taken = there.filter((path) => !kept.includes(path));
  if (taken.length > 0) {
    throw new SwitchboardError(
      "SB_STARTER",
      `Cannot write to "${folder}": ${taken.join(", ")} ${
        taken.length === 1 ? "is" : "are"
      } there already, and nothing is overwritten; move ${
        taken.length === 1 ? "it" : "them"
      } away first`,
    );
  }
  for (const [path, text] of Object.entries(files)) {
    if (kept.includes(path)) continue;
    try {
      Deno.mkdirSync(dirname(join(folder, path)), { recursive: true });
      // Fails if the file was created meanwhile, and does not follow links.
      Deno.writeTextFileSync(join(folder, path), text, { createNew: true });
    } catch (error) {
      throw unwritable(join(folder, path), error);
    }
  }
  return kept;
}

/** Whether there is anything at the path, be it a link that leads nowhere. */
function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw unwritable(path, error);
  }
}

function unwritable(path: string, error: unknown): SwitchboardError {
  const reason = error instanceof Deno.errors.PermissionDenied
    ? "this user may not"
    : error instanceof Deno.errors.NotADirectory
    ? "a part of the path is a file, expected folders"
    : error instanceof Deno.errors.AlreadyExists
    ? "there is something of that name already"
    : messageOf(error);
  return new SwitchboardError("SB_STARTER", `Cannot write "${path}": ${reason}`, { cause: error });
}
