import { assertEquals } from "@std/assert";
import { hexPreview } from "../../lib/tools/client/mod.ts";
import { printable } from "../../lib/base/printable.ts";

Deno.test("printable() escapes what could drive a terminal, and nothing else", async (t) => {
  const cases: [string, string][] = [
    ["plain, ünïcode 日本 👋", "plain, ünïcode 日本 👋"],
    ["lines\n\tand tabs", "lines\n\tand tabs"],
    ["\x1b[2J\x1b]0;title\x07", "\\x1b[2J\\x1b]0;title\\x07"],
    ["over\rwritten\b\x7f", "over\\x0dwritten\\x08\\x7f"],
    ["\x9b31m\x85", "\\x9b31m\\x85"],
    ["\u202egnp.exe\u2066", "\\u202egnp.exe\\u2066"],
    ["\u2028\ufeff\u200f", "\\u2028\\ufeff\\u200f"],
    ["\0", "\\x00"],
  ];
  for (const [text, shown] of cases) {
    await t.step(shown, () => assertEquals(printable(text), shown));
  }
});

Deno.test("hexPreview() shows the first bytes", () => {
  assertEquals(hexPreview(Uint8Array.of(0, 255, 26)), "00 ff 1a");
  assertEquals(hexPreview(new Uint8Array(0)), "");
  assertEquals(hexPreview(new Uint8Array(3), 2), "00 00 …");
});
