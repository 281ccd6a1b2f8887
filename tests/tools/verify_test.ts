import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { deno } from "../helpers/project.ts";
import { type Files, Site } from "../helpers/site.ts";

const HERE = fromFileUrl(new URL("../../", import.meta.url));

/** Runs the test command of this repository on test files that exist for this case. */
async function verify(files: Files, ...flags: string[]) {
  using site = Site.make(files);
  return await deno(["run", "-A", "tools/verify.ts", site.root, ...flags], { cwd: HERE });
}

const GOOD = 'Deno.test("good", () => {}); Deno.test("fine", () => {});';
const BAD = 'Deno.test("bad", () => { throw new Error("no"); });';

Deno.test("deno task test PATH runs the tests at that path and nothing else", async () => {
  const { code, output } = await verify({ "a_test.ts": GOOD, "b/c_test.ts": GOOD });
  assertEquals([code, output.trimEnd().split("\n").at(-1)], [0, "4 passed, 0 failed"]);
  assert(!/^== (?:lint|types|publish)/m.test(output), output);
  assertMatch(output, /^The slowest files:\n +\d\.\d s {2}\S+_test\.ts$/m);
});

Deno.test("deno task test fails where a test fails, cannot be loaded or leaks", async (t) => {
  const cases: [string, Files, string][] = [
    ["a test that throws", { "a_test.ts": GOOD, "b_test.ts": BAD }, "2 passed, 1 failed"],
    ["a file that cannot be loaded", { "a_test.ts": 'import "./none.ts";' }, "0 passed, 1 failed"],
    [
      "a timer that is left",
      { "a_test.ts": 'Deno.test("leaks", () => { setTimeout(() => {}, 1e6); });' },
      "0 passed, 1 failed",
    ],
  ];
  await Promise.all(cases.map(([name, files, closing]) =>
    t.step({
      name,
      sanitizeOps: false,
      sanitizeResources: false,
      sanitizeExit: false,
      fn: async () => {
        const { code, output } = await verify(files);
        assertEquals([code, output.trimEnd().split("\n").at(-1)], [1, closing]);
      },
    })
  ));
});

Deno.test("deno task test says which tests were skipped, and hands flags on", async () => {
  const ignored = 'Deno.test({ name: "later", ignore: true, fn() {} });';
  const { code, output } = await verify(
    { "a_test.ts": GOOD + ignored },
    "--filter",
    "/good|later/",
  );
  assertEquals([code, output.trimEnd().split("\n").at(-1)], [0, "1 passed, 0 failed, 1 skipped"]);
});

Deno.test("deno task test with a path where no test is exits with 2 and says what it expects", async () => {
  const { code, errors } = await verify({ "helper.ts": "" });
  assertEquals(code, 2);
  assertStringIncludes(errors, "expected names that end with _test.ts");
  const args = ["run", "-A", "tools/verify.ts", "tests/nowhere"];
  const nowhere = await deno(args, { cwd: HERE });
  assertEquals(nowhere.code, 2);
  assertMatch(
    nowhere.errors,
    /^error: .*tests\/nowhere.*; expected paths of test files or folders\n$/,
  );
});
