import { assert, assertEquals } from "@std/assert";
import { dirname, join, relative } from "@std/path";
import { isFile } from "../lib/base/files.ts";

const LIB = new URL("../lib/", import.meta.url).pathname;
const PAGE = Deno.readTextFileSync(new URL("../docs/architecture.md", import.meta.url));

/** A room of the table in docs/architecture.md. */
interface Room {
  /** A folder or file below `lib/`; `*` is the name of a system. */
  path: string;
  pattern: RegExp;
  /** Paths of the rooms that it may import; it may always import itself. */
  imports: string[];
}

const ROOMS: Room[] = [...section("The rooms").matchAll(/^\| `([^`]+)` +\|[^|]*\|([^|]*)\|$/gm)]
  .map(([, path, imports]) => ({
    path: path!,
    pattern: new RegExp(`^${path!.replaceAll(".", "\\.").replace("*", "([^/]+)")}(?:/|$)`),
    imports: [...imports!.matchAll(/`([^`]+)`/g)].map(([, one]) => one!),
  }));

/** The text below a heading, up to the next one of its level. */
function section(title: string): string {
  const [, text] = PAGE.split(`\n## ${title}\n`);
  assert(text, `docs/architecture.md has no section "${title}"`);
  return text.split("\n## ")[0]!;
}

function* sources(folder: string): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    const path = join(folder, name);
    if (isDirectory) yield* sources(path);
    else if (name.endsWith(".ts")) yield relative(LIB, path);
  }
}

/** What a file imports, resolves or starts, relative to `lib/`. */
function importsOf(file: string): string[] {
  const text = Deno.readTextFileSync(join(LIB, file)).replace(/^ \*.*$/gm, "");
  return [...text.matchAll(/(?:from|import\(?|resolve\(|URL\()\s*"(\.{1,2}\/[^"]+\.ts)"/g)]
    .map((match) => join(dirname(file), match[1]!));
}

/** The room of a file: of several that hold it, the innermost. */
function roomOf(file: string): { room: Room; system: string | undefined } {
  const [found] = ROOMS.map((room) => ({ room, match: room.pattern.exec(file) }))
    .filter(({ match }) => match !== null)
    .sort((a, b) => b.room.path.split("/").length - a.room.path.split("/").length);
  assert(found, `lib/${file} is in no room of docs/architecture.md`);
  return { room: found.room, system: found.match![1] };
}

Deno.test("every file imports only the rooms that docs/architecture.md lets its room import", () => {
  assert(ROOMS.length > 10, "the table of rooms was not found");
  const used = new Set<string>();
  for (const file of sources(LIB)) {
    const { room, system } = roomOf(file);
    used.add(room.path);
    for (const imported of importsOf(file)) {
      const target = roomOf(imported);
      const isSameSystem = system === undefined || target.system === undefined ||
        target.system === system;
      const isAllowed = target.room === room || room.imports.includes(target.room.path) ||
        room.imports.includes(imported);
      assert(isAllowed && isSameSystem, `lib/${file} must not import lib/${imported}`);
    }
  }
  assertEquals(ROOMS.map(({ path }) => path).filter((path) => !used.has(path)), []);
});

Deno.test("lib/ has at most ten entries, public entry files included", () => {
  const entries = [...Deno.readDirSync(LIB)].map(({ name }) => name).sort();
  assert(entries.length <= 10, entries.join());
});

Deno.test("nothing but systems/ and the two lists names a system", () => {
  const systems = [...Deno.readDirSync(join(LIB, "systems"))]
    .filter(({ isDirectory }) => isDirectory).map(({ name }) => name);
  assert(systems.length >= 3, systems.join());
  const naming = [...sources(LIB)].filter((file) =>
    !file.startsWith("systems/") &&
    importsOf(file).some((imported) =>
      systems.some((system) => imported.startsWith(`systems/${system}/`))
    )
  );
  // It re-exports what /lib/xp/websocket has.
  assertEquals(naming, ["websocket.ts"]);
});

Deno.test("nothing in lib/ imports in a circle", () => {
  const done = new Set<string>();
  const visit = (file: string, path: string[]): void => {
    assert(!path.includes(file), `circle: ${[...path, file].join(" → ")}`);
    if (done.has(file)) return;
    // The entry of a worker is started, not imported: what it imports is not imported by who starts it.
    for (const imported of importsOf(file)) {
      if (!/(runner|cell)\.ts$/.test(imported)) visit(imported, [...path, file]);
    }
    done.add(file);
  };
  for (const file of sources(LIB)) visit(file, []);
});

Deno.test("every file that docs/architecture.md names is there", () => {
  const paths = [...PAGE.matchAll(/`((?:lib|tests|docs|tools|bench)\/[\w./-]+\.\w+)`/g)]
    .map(([, path]) => path!);
  assert(paths.length > 20, paths.join());
  assertEquals(paths.filter((path) => !isFile(join(LIB, "..", path))), []);
});
