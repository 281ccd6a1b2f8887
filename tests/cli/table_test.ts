import { assertEquals } from "@std/assert";
import { table } from "../../lib/tools/cli/table.ts";

const HEADS = ["NAME", "URL"];
const ROWS = [["chat", "/services/chat"], ["a long name", "/x"]];

Deno.test("table() lays rows out in columns, without blanks at the end of a line", () => {
  assertEquals(
    table(HEADS, ROWS, 80),
    ["NAME         URL", "chat         /services/chat", "a long name  /x"].join("\n"),
  );
});

Deno.test("table() makes a column as wide as its head if nothing in it is longer", () => {
  assertEquals(table(["A LONG HEAD", "B"], [["x", "y"]], 80), "A LONG HEAD  B\nx            y");
});

Deno.test("table() is a list of records where columns do not fit", async (t) => {
  const columns = "a long name".length + 2 + "/services/chat".length;
  const list = "chat\n  /services/chat\na long name\n  /x";
  const cases: [number, boolean][] = [
    [Infinity, true],
    [columns, true],
    [columns - 1, false],
    [10, false],
    [0, false],
  ];
  for (const [width, fits] of cases) {
    await t.step(`${width} wide`, () => {
      assertEquals(table(HEADS, ROWS, width) === list, !fits);
    });
  }
});

Deno.test("table() shows the heads where there are no rows", () => {
  assertEquals(table(HEADS, [], 80), "NAME  URL");
});

Deno.test("table() copes with empty cells and a single column", () => {
  assertEquals(table(["A", "B"], [["", ""], ["x", ""]], 80), "A  B\n\nx");
  assertEquals(table(["A"], [["x"]], 80), "A\nx");
});
