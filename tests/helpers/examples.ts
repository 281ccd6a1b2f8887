import { fromFileUrl, join } from "@std/path";
import type { Files } from "./site.ts";

const SERVICES = fromFileUrl(import.meta.resolve("../../services/"));

/** The files of services of this repository. */
export function exampleFiles(...names: string[]): Files {
  return Object.fromEntries(
    names.flatMap((name) => [...filesIn(join(SERVICES, name), `services/${name}`)]),
  );
}

function* filesIn(folder: string, shown: string): Generator<[string, Uint8Array]> {
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    const [path, shownPath] = [join(folder, name), `${shown}/${name}`];
    if (isDirectory) yield* filesIn(path, shownPath);
    else yield [shownPath, Deno.readFileSync(path)];
  }
}
