import { sep as SEPARATOR } from "node:path";

/** Whether there is a file at the path, links followed. */
export function isFile(path: string): boolean {
  return stat(path)?.isFile ?? false;
}

/** Whether there is a folder at the path, links followed. */
export function isFolder(path: string): boolean {
  return stat(path)?.isDirectory ?? false;
}

/** The entries of a folder, by name; none if it is not a folder. */
export function entriesOf(folder: string): Deno.DirEntry[] {
  try {
    return [...Deno.readDirSync(folder)].sort((a, b) => a.name < b.name ? -1 : 1);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      return [];
    }
    throw error;
  }
}

/** The same; nothing of a folder that must not be read, which its service reports for itself. */
export function readableEntriesOf(folder: string): Deno.DirEntry[] {
  try {
    return entriesOf(folder);
  } catch {
    return [];
  }
}

/** Whether a path is a folder, or lies below it; both are absolute, without `..`. */
export function isWithin(path: string, folder: string): boolean {
  return path === folder ||
    path.startsWith(folder.endsWith(SEPARATOR) ? folder : folder + SEPARATOR);
}

/** Whether a path leads only downwards, however it is decoded. */
export function isPlainPath(path: string): boolean {
  return path.split("/").every((name) => /^[^\\%\0]+$/.test(name) && !/^\.+$/.test(name));
}

function stat(path: string): Deno.FileInfo | null {
  try {
    return Deno.statSync(path);
  } catch {
    return null;
  }
}
