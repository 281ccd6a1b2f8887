import { join, relative } from "@std/path";
import { SwitchboardError } from "../../base/errors.ts";
import { isWithin } from "../../base/files.ts";

/**
 * Makes sure that no link in a service's folder leads to a path that the service may not read. Deno checks the path
 * that a program names, not where a link takes it; a service that may not link itself could be shipped with one.
 *
 * @param dir The service's folder.
 * @param readable Folders and files that the service may read; `true`: all.
 * @throws {SwitchboardError} `SB_GRANT`, naming the link.
 */
export function checkLinks(root: string, dir: string, readable: string[] | true): void {
  if (readable === true) return;
  const allowed = readable.map(realPath).filter((path) => path !== null);
  const visit = (folder: string): void => {
    for (const { name, isDirectory, isSymlink } of Deno.readDirSync(folder)) {
      const path = join(folder, name);
      if (isDirectory) visit(path);
      if (!isSymlink) continue;
      const target = realPath(path);
      if (target === null || allowed.some((one) => isWithin(target, one))) continue;
      throw new SwitchboardError(
        "SB_GRANT",
        `Link "${relative(root, path)}" leads out of the service, to "${target}": ` +
          `remove it, or list its target in "permissions.read"`,
      );
    }
  };
  visit(dir);
}

/** Where a path really is; null: nowhere. */
function realPath(path: string): string | null {
  try {
    return Deno.realPathSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.FilesystemLoop) {
      return null;
    }
    throw error;
  }
}
