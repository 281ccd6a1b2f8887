import { assert, assertEquals } from "@std/assert";
import { dirname, join, relative } from "@std/path";

const LIB = new URL("../lib/", import.meta.url).pathname;

/** What each room may import, as docs/architecture.md says; a room may always import itself. */
const MAY_IMPORT: Record<string, string[]> = {
  "errors.ts": [],
  "code_frame.ts": [],
  "error_place.ts": ["code_frame.ts"],
  "interned.ts": [],
  "plural.ts": [],
  "printable.ts": [],
  "latch.ts": [],
  "networks.ts": [],
  "turnstile.ts": [],
  "route_pattern.ts": [],
  "token_bucket.ts": [],
  "message_arguments.ts": ["wire"],
  "options.ts": ["isolate", "observe", "service", "errors.ts", "waits.ts"],
  "tls.ts": ["errors.ts"],
  "tls_front.ts": ["tls.ts", "errors.ts"],
  "listener.ts": ["tls.ts", "tls_front.ts", "observe", "errors.ts", "waits.ts"],
  "version.ts": [],
  "waits.ts": [],
  "ws.d.ts": [],
  wire: ["errors.ts"],
  hub: ["wire", "interned.ts", "latch.ts", "token_bucket.ts", "waits.ts"],
  service: ["wire", "errors.ts", "networks.ts", "route_pattern.ts"],
  xp: ["wire"],
  dirigible: ["wire"],
  lolo: ["wire"],
  auth: ["wire", "service", "errors.ts"],
  "websocket.ts": ["wire", "xp", "hub"],
  isolate: [
    "error_place.ts",
    "interned.ts",
    "plural.ts",
    "wire",
    "hub",
    "service",
    "xp",
    "dirigible",
    "lolo",
    "auth",
    "websocket.ts",
    "errors.ts",
    "latch.ts",
    "waits.ts",
  ],
  gateway: [
    "ws.d.ts",
    "wire",
    "hub",
    "errors.ts",
    "latch.ts",
    "networks.ts",
    "route_pattern.ts",
    "token_bucket.ts",
    "waits.ts",
  ],
  picture: ["wire"],
  observe: [],
  client: ["ws.d.ts", "hub", "service", "errors.ts", "printable.ts"],
  starter: ["service", "errors.ts"],
  "service_host.ts": [
    "wire",
    "hub",
    "service",
    "isolate",
    "gateway",
    "errors.ts",
    "route_pattern.ts",
  ],
  "auth_host.ts": ["auth", "isolate", "service", "wire", "errors.ts"],
  "switchboard.ts": [
    "auth_host.ts",
    "listener.ts",
    "message_arguments.ts",
    "options.ts",
    "tls.ts",
    "websocket.ts",
    "dirigible",
    "service_host.ts",
    "turnstile.ts",
    "gateway",
    "hub",
    "isolate",
    "observe",
    "picture",
    "service",
    "errors.ts",
    "version.ts",
    "waits.ts",
  ],
  testing: ["ws.d.ts", "hub", "switchboard.ts", "options.ts", "service", "errors.ts"],
  check: [
    "plural.ts",
    "auth_host.ts",
    "dirigible",
    "errors.ts",
    "hub",
    "isolate",
    "lolo",
    "service",
    "tls.ts",
    "turnstile.ts",
    "version.ts",
    "waits.ts",
    "websocket.ts",
    "xp",
  ],
  cli: [
    "error_place.ts",
    "plural.ts",
    "check",
    "auth",
    "client",
    "switchboard.ts",
    "observe",
    "picture",
    "service",
    "starter",
    "errors.ts",
    "printable.ts",
    "version.ts",
  ],
};

function* sources(folder: string): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    const path = join(folder, name);
    if (isDirectory) yield* sources(path);
    else if (name.endsWith(".ts")) yield path;
  }
}

function importsOf(file: string): string[] {
  const text = Deno.readTextFileSync(file).replace(/^ \*.*$/gm, "");
  return [...text.matchAll(/(?:from|import\(?|resolve\(|URL\()\s*"(\.{1,2}\/[^"]+\.ts)"/g)]
    .map((match) => join(dirname(file), match[1]!));
}

const roomOf = (file: string) => relative(LIB, file).split("/")[0]!;

Deno.test("every room imports only what docs/architecture.md lets it", () => {
  const found = new Set<string>();
  for (const file of sources(LIB)) {
    const room = roomOf(file);
    found.add(room);
    for (const imported of importsOf(file)) {
      const target = roomOf(imported);
      const allowed = target === room || MAY_IMPORT[room]?.includes(target);
      assert(allowed, `${relative(LIB, file)} must not import ${relative(LIB, imported)}`);
    }
  }
  assertEquals([...found].sort(), Object.keys(MAY_IMPORT).sort());
});

Deno.test("nothing in lib/ imports in a circle", () => {
  const done = new Set<string>();
  const visit = (file: string, path: string[]): void => {
    assert(
      !path.includes(file),
      `circle: ${[...path, file].map((one) => relative(LIB, one)).join(" → ")}`,
    );
    if (done.has(file)) return;
    // The worker's entry is started, not imported: what it imports is not imported by who starts it.
    for (const imported of importsOf(file)) {
      if (!/(runner|cell)\.ts$/.test(imported)) visit(imported, [...path, file]);
    }
    done.add(file);
  };
  for (const file of sources(LIB)) visit(file, []);
});
