import { dirname, join } from "@std/path";
import { messageOf, SwitchboardError } from "../errors.ts";

/** Texts to write, by path with `/`, relative to a folder. */
export type Files = Record<string, string>;

/**
 * Writes files that are not there yet, and the folders that they lie in.
 *
 * @param folder Made, if it does not exist.
 * @param rivals Files that must not be there either, for they would count in place of those.
 * @throws {SwitchboardError} `SB_STARTER`, naming all that are there already, before any is written; or what
 * cannot be written, and why.
 */
export function writeFiles(folder: string, files: Files, rivals: readonly string[] = []): void {
  const taken = [...Object.keys(files), ...rivals].filter((path) => exists(join(folder, path)));
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
    try {
      Deno.mkdirSync(dirname(join(folder, path)), { recursive: true });
      // Fails where somebody has made one meanwhile, and does not follow links.
      Deno.writeTextFileSync(join(folder, path), text, { createNew: true });
    } catch (error) {
      throw unwritable(join(folder, path), error);
    }
  }
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
