import { assertEquals } from "@std/assert";
import stringWidth from "string-width";
import { columnsOf, table } from "../../lib/tools/cli/table.ts";

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

Deno.test("table() aligns names with wide characters and emoji", () => {
  const rows = [
    ["chat", "/a"],
    ["聊天、室", "/b"],
    ["ﾁｬｯﾄ", "/c"],
    ["한국어🎉", "/d"],
    ["❤️ 1️⃣ 👩‍👩‍👧‍👦", "/e"],
    ["e\u0301t\u200bé", "/f"],
  ];
  assertEquals(
    table(HEADS, rows, 80),
    [
      "NAME      URL",
      "chat      /a",
      "聊天、室  /b",
      "ﾁｬｯﾄ      /c",
      "한국어🎉  /d",
      "❤️ 1️⃣ 👩‍👩‍👧‍👦  /e",
      "e\u0301t\u200bé       /f",
    ].join("\n"),
  );
});

Deno.test("columnsOf() counts the columns that a terminal shows", () => {
  const cases: [string, number][] = [
    ["", 0],
    ["abc", 3],
    ["ünï → ✗ …", 9],
    ["日本", 4],
    ["「、。」", 8],
    ["ｱｲｳ", 3],
    ["Ａ１", 4],
    ["🎉x", 3],
    ["❤️", 2],
    ["1️⃣", 2],
    ["🇳🇴", 2],
    ["👍🏽", 2],
    ["e\u0301", 1],
    ["\x1b[1m\x1b[36m日\x1b[39m\x1b[22mx", 3],
  ];
  for (const [text, columns] of cases) assertEquals(columnsOf(text), columns, text);
});

Deno.test("columnsOf() counts what it knows by itself as string-width does", () => {
  const codes = Array.from({ length: 0x300 - 0x20 }, (_, index) => index + 0x20);
  for (const text of [...codes.map((code) => String.fromCharCode(code)), "…", "→", "✗"]) {
    assertEquals(columnsOf(text), stringWidth(text), JSON.stringify(text));
  }
});
