import { assert, assertEquals, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { Site } from "../helpers/site.ts";
import { ON_BOTH, startsNothing, testFiles } from "../../tools/verify/plan.ts";

Deno.test("testFiles() finds each test file of a folder once, in order, and no other file", () => {
  using site = Site.make({
    "a/b_test.ts": "",
    "a/a_test.ts": "",
    "a/helper.ts": "",
    "c_test.ts": "",
  });
  const at = (path: string) => join(site.root, path);
  assertEquals(testFiles([at("a"), at("c_test.ts"), at("a/a_test.ts")]), [
    at("a/a_test.ts"),
    at("a/b_test.ts"),
    at("c_test.ts"),
  ]);
});

Deno.test("testFiles() throws NotFound for a path where nothing is", () => {
  assertThrows(() => testFiles(["tests/nowhere"]), Deno.errors.NotFound, "tests/nowhere");
});

Deno.test("the tests that run with each transport exist", () => {
  assertEquals(testFiles(ON_BOTH), [...ON_BOTH]);
});

Deno.test("startsNothing() looks into the helpers that a test imports", () => {
  assert(startsNothing("tests/tools/plan_test.ts"));
  assert(startsNothing("tests/hub/hub_test.ts"));
  // By way of tests/helpers/server.ts, program.ts, and board.ts.
  assert(!startsNothing("tests/cli/serve_test.ts"));
  assert(!startsNothing("tests/isolate/restart_test.ts"));
});
