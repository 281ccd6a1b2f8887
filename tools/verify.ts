/**
 * The test commands.
 *
 * - `deno task test`: format, lint, types, lint of the docs, all tests and examples, a dry run of the publish.
 * - `deno task test PATH…`: the tests at these paths; flags such as `--filter TEXT` are handed to `deno test`.
 * - `deno task test:quick`: format, lint, types, and the tests that start neither a program nor a server.
 *
 * Each step runs although one before it has failed; the last line counts the tests.
 *
 * @module
 */
import { CHECK_EXAMPLES, PLACES, RUN_EXAMPLES } from "./verify/examples.ts";
import { browserScripts, ON_BOTH, startsNothing, testFiles, TESTS } from "./verify/plan.ts";
import { installPrograms } from "./verify/programs.ts";
import { secondsByFile, slowest } from "./verify/slowest.ts";
import { type Outcome, run, type Step } from "./verify/step.ts";

const EXPORTS = Object.values(
  JSON.parse(Deno.readTextFileSync("deno.json")).exports as Record<string, string>,
);
/** Types are checked once, in a step of their own: each isolate that a test starts would check them again. */
const TEST = ["test", "--no-prompt", "--no-check", "--sanitize-ops", "--sanitize-resources"];
/** Most of a test is waiting for a process or a socket, so that more of them than cores fill the cores. */
const JOBS = String(2 * navigator.hardwareConcurrency + 1);
/** How many files the list of the slowest has. */
const SLOWEST = 10;

const FORMAT: Step = { name: "format", args: ["fmt", "--check", "--quiet"] };
const LINT: Step = { name: "lint", args: ["lint", "--quiet"] };
const TYPES: Step = { name: "types", args: ["check", "--quiet", ...CHECK_EXAMPLES] };
const PAGES: Step = {
  name: "types of pages",
  args: ["check", "--quiet", "--no-lock", "--config=tools/browser.json", ...browserScripts()],
};
const DOCS: Step = { name: "docs", args: ["doc", "--lint", "--quiet", ...EXPORTS] };
/** Types have a step of their own; slow types are still checked here. */
const PUBLISH: Step = {
  name: "publish",
  args: ["run", "-A", "tools/publish.ts", "--dry-run", "--allow-dirty", "--quiet", "--no-check"],
};

const OTHER_TRANSPORT = "tests, transport ws";
const WS = { SWITCHBOARD_TRANSPORT: "ws" };

const start = performance.now();
const outcomes: Outcome[] = [];
const durations = new Map<string, number>();

const [first, ...rest] = Deno.args;
if (first === "--quick" && rest.length === 0) await quick();
else if (Deno.args.length > 0) await some(Deno.args);
else await everything();
Deno.exit(summary());

async function everything(): Promise<void> {
  await installPrograms();
  await steps(FORMAT, LINT, DOCS);
  const files = testFiles([TESTS]);
  // Two lanes, because near its end a lane leaves cores idle. Of the second lane only failures are shown.
  await Promise.all([testStep("tests", files, ["-A", "--parallel"]), secondLane(files)]);
}

async function secondLane(files: string[]): Promise<void> {
  const env = { DENO_JOBS: String(navigator.hardwareConcurrency) };
  const examples = [...TEST, "-A", "--parallel", ...RUN_EXAMPLES, ...PLACES];
  await steps(
    { ...TYPES, isQuiet: true },
    { ...PAGES, isQuiet: true },
    { name: "examples", args: examples, env, isQuiet: true },
    { ...PUBLISH, isQuiet: true },
  );
  await testStep(OTHER_TRANSPORT, again(files), ["-A", "--parallel"], WS, true);
}

async function quick(): Promise<void> {
  await steps(FORMAT, LINT, TYPES, PAGES);
  const files = testFiles([TESTS]).filter((file) => startsNothing(file));
  // No test may start a program here, and the files that do are not among these.
  await testStep("tests", files, ["--parallel", "--allow-all", "--deny-run"]);
}

/** @param args Paths, and flags for `deno test`, which follow them. */
async function some(args: string[]): Promise<void> {
  const at = args.findIndex((arg) => arg.startsWith("-"));
  const paths = at < 0 ? args : args.slice(0, at);
  const flags = at < 0 ? [] : args.slice(at);
  let files: string[];
  try {
    files = testFiles(paths.length > 0 ? paths : [TESTS]);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    console.error(`error: ${error.message}; expected paths of test files or folders`);
    Deno.exit(2);
  }
  if (files.length === 0) {
    console.error(
      `error: No test file at ${paths.join(", ")}; expected names that end with _test.ts`,
    );
    Deno.exit(2);
  }
  await installPrograms();
  const parallel = ["-A", "--parallel", ...flags];
  await testStep("tests", files, parallel);
  await testStep(OTHER_TRANSPORT, again(files), parallel, WS);
}

/** The files that run a second time, with the other transport. */
function again(files: string[]): string[] {
  return files.filter((file) => ON_BOTH.includes(file));
}

async function testStep(
  name: string,
  files: string[],
  flags: string[],
  env: Record<string, string> = {},
  isQuiet = false,
): Promise<void> {
  if (files.length === 0) return;
  const report = Deno.makeTempFileSync({ prefix: "switchboard_", suffix: ".xml" });
  try {
    await steps({
      name,
      args: [...TEST, ...flags, `--junit-path=${report}`, ...files],
      env: { DENO_JOBS: JOBS, ...env },
      isQuiet,
    });
    for (const [file, seconds] of secondsByFile(Deno.readTextFileSync(report))) {
      durations.set(file, (durations.get(file) ?? 0) + seconds);
    }
  } finally {
    Deno.removeSync(report);
  }
}

async function steps(...all: Step[]): Promise<void> {
  for (const step of all) outcomes.push(await run(step));
}

/** @returns The exit code. */
function summary(): number {
  if (durations.size > 0) {
    console.log(`\nThe slowest files:\n${slowest(durations, SLOWEST).join("\n")}`);
  }
  const sum = (key: "passed" | "failed" | "skipped") =>
    outcomes.reduce((sum, outcome) => sum + outcome[key], 0);
  const seconds = Math.round((performance.now() - start) / 1000);
  console.log(`\nSteps, ${seconds} s in all, some of them side by side:`);
  for (const { name, success, seconds } of outcomes) {
    console.log(`${seconds.toFixed(1).padStart(7)} s  ${name}${success ? "" : ": FAILED"}`);
  }
  const broken = outcomes.filter(({ success }) => !success).length;
  const failed = Math.max(sum("failed"), broken);
  const skipped = sum("skipped") === 0 ? "" : `, ${sum("skipped")} skipped`;
  console.log(`\n${sum("passed")} passed, ${failed} failed${skipped}`);
  return failed === 0 && sum("passed") > 0 ? 0 : 1;
}
