import { fromFileUrl, join } from "@std/path";
import { type Files, Site } from "./site.ts";

const SERVICES = fromFileUrl(import.meta.resolve("../../services/"));

/** A root with services of this repository, and with other files. */
export function examples(names: string[], files: Files = {}): Site {
  const site = Site.make(files);
  for (const name of names) copyFolder(join(SERVICES, name), join(site.root, "services", name));
  return site;
}

function copyFolder(from: string, to: string): void {
  Deno.mkdirSync(to, { recursive: true });
  for (const { name, isDirectory } of Deno.readDirSync(from)) {
    if (isDirectory) copyFolder(join(from, name), join(to, name));
    else Deno.copyFileSync(join(from, name), join(to, name));
  }
}
