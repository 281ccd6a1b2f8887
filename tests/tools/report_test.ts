import { assertEquals } from "@std/assert";
import { secondsByFile, slowest } from "../../tools/verify/slowest.ts";
import { countsOf } from "../../tools/verify/step.ts";

const REPORT = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="deno test" tests="10" failures="1" errors="0" time="1.140">
    <testsuite name="./tests/c_test.ts" tests="2" disabled="0" errors="0" failures="0">
        <testcase name="c &quot;one&quot;" classname="./tests/c_test.ts" time="0.411" line="1" col="6">
        </testcase>
        <testcase name="c &quot;one&quot; &gt; s" classname="./tests/c_test.ts" time="0.400" line="1" col="95">
        </testcase>
        <testcase name="c two" classname="./tests/c_test.ts" time="1.000" line="1" col="6">
        </testcase>
    </testsuite>
    <testsuite name="./tests/g_test.ts" tests="2" disabled="1" errors="0" failures="1">
        <testcase name="bad" classname="./tests/g_test.ts" time="12.002" line="1" col="6">
            <failure message="Uncaught Error: x">Error: x</failure>
        </testcase>
    </testsuite>
</testsuites>`;

Deno.test("secondsByFile() adds up the tests of a file, and leaves out steps", () => {
  assertEquals([...secondsByFile(REPORT)], [["tests/c_test.ts", 1.411], [
    "tests/g_test.ts",
    12.002,
  ]]);
  assertEquals([...secondsByFile("")], []);
});

Deno.test("slowest() lists the slowest file first, as many as are wanted", () => {
  const files = secondsByFile(REPORT);
  assertEquals(slowest(files, 2), ["   12.0 s  tests/g_test.ts", "    1.4 s  tests/c_test.ts"]);
  assertEquals(slowest(files, 1), ["   12.0 s  tests/g_test.ts"]);
});

Deno.test("countsOf() reads the line with which deno test closes", () => {
  const cases: [string, number, number, number][] = [
    ["ok | 3 passed (5 steps) | 0 failed (15s)\n", 3, 0, 0],
    ["FAILED | 4 passed (4 steps) | 1 failed | 2 ignored (1s)\n\nerror: Test failed\n", 4, 1, 2],
    ["a test prints: ok | 9 passed\nok | 1 passed | 0 failed (2ms)\n", 1, 0, 0],
    ["error: Module not found\n", 0, 0, 0],
    ["", 0, 0, 0],
  ];
  for (const [output, passed, failed, skipped] of cases) {
    assertEquals(countsOf(output), { passed, failed, skipped });
  }
});
