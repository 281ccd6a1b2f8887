import { dirname, join } from "@std/path";

/** Where tests are. */
export const TESTS = "tests";

/** Tests that run once with each transport, because what they look at is the transport's doing. */
export const ON_BOTH: readonly string[] = [
  "tests/contract/dirigible/4_sockets_test.ts",
  "tests/contract/lolo/2_trigger_test.ts",
  "tests/contract/xp/1_websocket_test.ts",
  "tests/contract/xp/2_requests_test.ts",
  "tests/contract/xp/3_events_test.ts",
  "tests/contract/xp/4_access_test.ts",
  "tests/contract/xp/5_urls_test.ts",
  "tests/contract/xp/7_more_test.ts",
  "tests/deploy/caddy_test.ts",
  "tests/gateway/assets_test.ts",
  "tests/gateway/garbage_test.ts",
  "tests/gateway/handshake_test.ts",
];

/**
 * The test files at some paths, in their order.
 *
 * @param paths Files and folders.
 * @throws {Deno.errors.NotFound} If there is nothing at a path.
 */
export function testFiles(paths: readonly string[]): string[] {
  return [...new Set(paths.flatMap((path) => [...filesAt(path, "_test.ts")]))];
}

function* filesAt(path: string, ending: string): Generator<string> {
  if (Deno.statSync(path).isFile) return void (yield path.replace(/^\.\//, ""));
  const entries = [...Deno.readDirSync(path)].sort((a, b) => a.name < b.name ? -1 : 1);
  for (const { name, isDirectory } of entries) {
    const inner = join(path, name);
    if (isDirectory) yield* filesAt(inner, ending);
    else if (name.endsWith(ending)) yield inner;
  }
}

/** The scripts that run in a browser: their types are those of the web platform, not of Deno. */
export function browserScripts(): string[] {
  return ["lib", "services"].flatMap((folder) => [...filesAt(folder, ".js")])
    .filter((path) => /\/(?:assets|pages|starter\/chat)\/[^/]+$/.test(path));
}

/**
 * Whether a test file starts neither a program nor a server: it calls nothing that does so, and nor do the
 * helpers that it imports. The quick run denies the permission to start programs, so a mistake here fails there.
 */
export function startsNothing(file: string, seen: Set<string> = new Set()): boolean {
  if (seen.has(file)) return true;
  seen.add(file);
  const text = Deno.readTextFileSync(file);
  if (STARTS.test(text)) return false;
  for (const [, id] of text.matchAll(/^(?:import|export)\b[^"]* from "(\.[^"]+)";$/gm)) {
    const imported = join(dirname(file), id!);
    // Imports from elsewhere are the tested code.
    if (imported.startsWith(`${TESTS}/`) && !startsNothing(imported, seen)) return false;
  }
  return true;
}

/** Code that starts a program, a server or an isolate. */
const STARTS =
  /\bDeno\.(?:Command|serve|listen)\b|\bSwitchboard\.open\b|\bTestBoard\b|\bnew Worker\b/;
