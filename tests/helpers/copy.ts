import { dirname, join } from "@std/path";

/** Copies a file, or a folder with all that is in it; makes the folders that lead there. */
export function copy(from: string, to: string): void {
  if (!Deno.statSync(from).isDirectory) {
    Deno.mkdirSync(dirname(to), { recursive: true });
    return Deno.copyFileSync(from, to);
  }
  for (const { name } of Deno.readDirSync(from)) copy(join(from, name), join(to, name));
}
