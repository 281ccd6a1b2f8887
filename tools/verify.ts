/**
 * The test command: formats, lints, type-checks, lints the docs, runs all tests, and dry-runs the publish.
 * Each step runs although one before it has failed; the last line counts the tests.
 *
 * @module
 */
import { findChromium } from "../tests/helpers/browser.ts";
import { findProgram } from "../tests/helpers/programs.ts";

const EXPORTS = Object.values(
  JSON.parse(Deno.readTextFileSync("deno.json")).exports as Record<string, string>,
);
/** Where examples are: in docstrings and pages. */
const PLACES = ["lib", "mod.ts", "README.md", "docs"];
/** How tests are run; their types have been checked, and would be once more for each isolate that they start. */
const TEST = ["test", "-A", "--no-prompt", "--sanitize-ops", "--sanitize-resources", "--no-check"];
/** What holds for every transport. */
const ON_BOTH = [
  "tests/contract",
  "tests/gateway/handshake_test.ts",
  "tests/gateway/garbage_test.ts",
  "tests/deploy/caddy_test.ts",
];
const failures: string[] = [];
let passed = 0;
let failed = 0;
let isUpdated = false;

await ensure("Chromium", findChromium() !== null, "chromium", "the tests of the pages");
await ensure("nginx", findProgram("nginx") !== null, "nginx-light", "the tests behind nginx");
await ensure("Caddy", findProgram("caddy") !== null, "caddy", "the tests behind Caddy");
await step("format", ["fmt", "--check", "--quiet"]);
await step("lint", ["lint", "--quiet"]);
await step("types", ["check", "--quiet"]);
await step("docs", ["doc", "--lint", "--quiet", ...EXPORTS]);
await step("examples", ["test", "-A", "--no-prompt", "--doc", ...PLACES]);
await step("tests", [...TEST, "tests", ...Deno.args]);
// Nobody shall notice which transport serves them.
await step("tests, transport ws", [...TEST, ...ON_BOTH], {
  SWITCHBOARD_TRANSPORT: "ws",
});
await step("publish", ["run", "-A", "tools/publish.ts", "--dry-run", "--allow-dirty", "--quiet"]);

if (failures.length > 0) console.log(`\nFailed: ${failures.join(", ")}`);
if (failed === 0 && failures.length > 0) failed = failures.length;
console.log(`\n${passed} passed, ${failed} failed`);
Deno.exit(failures.length === 0 && passed > 0 ? 0 : 1);

async function step(
  name: string,
  args: string[],
  env: Record<string, string> = {},
): Promise<void> {
  const start = performance.now();
  console.log(`\n== ${name}: deno ${args.slice(0, 4).join(" ")}${args.length > 4 ? " …" : ""}`);
  const process = new Deno.Command(Deno.execPath(), {
    args,
    env: { NO_COLOR: "1", ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  let tail = "";
  const decoder = new TextDecoder();
  for await (const chunk of process.stdout) {
    Deno.stdout.writeSync(chunk);
    tail = (tail + decoder.decode(chunk, { stream: true })).slice(-2000);
  }
  const { success } = await process.status;
  const counts = /(\d+) passed(?: \(\d+ steps?\))? \| (\d+) failed/.exec(tail);
  if (counts !== null) {
    passed += Number(counts[1]);
    failed += Number(counts[2]);
  }
  if (!success) failures.push(name);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`== ${name}: ${success ? "ok" : "FAILED"} (${seconds} s)`);
}

/** Some tests need a program that is not ours: installs Debian's, where that can be done. */
async function ensure(name: string, isThere: boolean, what: string, tests: string): Promise<void> {
  if (isThere) return;
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) {
    console.log(`There is no ${name} here (Debian: ${what}): ${tests} will be skipped`);
    return;
  }
  // Where no policy forbids it, installing a server also starts it, on the ports of this machine.
  if (what !== "chromium" && findProgram("policy-rc.d") === null) {
    console.log(`${name} is not installed, for that would start it: ${tests} will be skipped`);
    return;
  }
  console.log(`Installing ${name} for ${tests} (once, about a minute)`);
  const install = ["install", "-y", "--no-install-recommends", what];
  for (const args of isUpdated ? [install] : [["update"], install]) {
    const command = new Deno.Command("apt-get", {
      args: ["-qq", ...args],
      env: { DEBIAN_FRONTEND: "noninteractive" },
      stdin: "null",
      stdout: "null",
    });
    const { success } = await command.output().catch(() => ({ success: false }));
    if (!success) {
      console.log(`apt-get ${args[0]} failed: ${tests} will be skipped`);
      return;
    }
    isUpdated = true;
  }
}
