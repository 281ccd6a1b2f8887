import { assertEquals } from "@std/assert";
import { describeClose } from "../../lib/tools/client/mod.ts";

Deno.test("describeClose() names codes, those of ranges too", async (t) => {
  const cases: [number, string, string][] = [
    [1000, "", "1000 normal closure"],
    [1001, "restart", "1001 going away: restart"],
    [1006, "", "1006 abnormal closure"],
    [1008, "no", "1008 policy violation: no"],
    [3008, "", "3008 slow consumer"],
    [3500, "", "3500 of a library or framework"],
    [4001, "x", "4001 of the application: x"],
    [2000, "", "2000 not assigned"],
    [0, "", "0 not assigned"],
  ];
  for (const [code, reason, described] of cases) {
    await t.step(described, () => assertEquals(describeClose(code, reason), described));
  }
});
