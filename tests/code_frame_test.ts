import { assertEquals } from "@std/assert";
import { codeFrame } from "../lib/base/code_frame.ts";

const SOURCE = "one\ntwo\nthree\nfour\nfive\nsix\n";

Deno.test("codeFrame() shows two lines on either side, and marks the column", () => {
  assertEquals(
    codeFrame(SOURCE, 4, 2),
    "  2 | two\n  3 | three\n> 4 | four\n    |  ^\n  5 | five\n  6 | six",
  );
});

Deno.test("codeFrame() shows what there is at the ends of a text", () => {
  assertEquals(codeFrame(SOURCE, 1, 1), "> 1 | one\n    | ^\n  2 | two\n  3 | three");
  assertEquals(codeFrame(SOURCE, 6, 1), "  4 | four\n  5 | five\n> 6 | six\n    | ^");
  assertEquals(codeFrame("x", 1, 1), "> 1 | x\n    | ^");
});

Deno.test("codeFrame() keeps numbers and columns in line", () => {
  const source = Array.from({ length: 12 }, (_, index) => `line\t${index + 1}`).join("\r\n");
  assertEquals(
    codeFrame(source, 10, 6),
    "   8 | line 8\n   9 | line 9\n> 10 | line 10\n     |      ^\n  11 | line 11\n  12 | line 12",
  );
});

Deno.test("codeFrame() cuts a long line around its column", () => {
  const [row, mark] = codeFrame("-".repeat(500) + "X" + "-".repeat(500), 1, 501).split("\n");
  assertEquals(row!.length, "> 1 | ".length + 100);
  assertEquals(row![mark!.indexOf("^")], "X");
});

Deno.test("codeFrame() is empty where there is no such line", () => {
  for (const line of [0, -1, 7, 1.5e9, NaN]) assertEquals(codeFrame(SOURCE, line, 1), "");
});
