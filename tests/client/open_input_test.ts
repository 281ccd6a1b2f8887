import { assertEquals } from "@std/assert";
import { OpenInput } from "../../lib/tools/client/mod.ts";

/** What comes of each line. */
function read(...lines: string[]): (string | null)[] {
  const input = new OpenInput();
  return lines.map((line) => input.add(line));
}

Deno.test("OpenInput waits until braces, brackets and quotes are closed", async (t) => {
  const whole = [
    ["{", '"a": [', "1, 2", "]", "}"],
    ["[", "", "]"],
    ['"one', 'two"'],
    ["  {", "}"],
    ['{"a": "}', '"}'],
    ['{"a": "\\"}', '"}'],
    ['["\\\\"', "]"],
    ["[]{", "}"],
    ["[", ":help", "]"],
    ["[", '"日本', '"]'],
  ];
  for (const lines of whole) {
    await t.step(JSON.stringify(lines), () => {
      assertEquals(read(...lines), [
        ...lines.slice(1).map(() => null),
        lines.join("\n"),
      ]);
    });
  }
});

Deno.test("OpenInput takes a line as it is that is whole, or no JSON", async (t) => {
  const lines = [
    "",
    "hello",
    "{}",
    '{"a": "{[\\""}',
    "hello {",
    "don't",
    ':-( "',
    ":text {",
    "]",
    "[}",
    "{]]",
    '"a" "b"',
    "1 [",
  ];
  for (const line of lines) {
    await t.step(JSON.stringify(line), () => assertEquals(read(line, "next"), [line, "next"]));
  }
});

Deno.test("OpenInput gives up on what no line can make whole", () => {
  assertEquals(read("{", "]", "next"), [null, "{\n]", "next"]);
});

Deno.test("OpenInput forgets what is dropped", () => {
  const input = new OpenInput();
  assertEquals([input.isOpen, input.add('{"a'), input.isOpen], [false, null, true]);
  input.drop();
  assertEquals([input.isOpen, input.add("}")], [false, "}"]);
});

Deno.test("OpenInput reads a long paste in the time that its length asks for", () => {
  const input = new OpenInput();
  input.add("[");
  for (let n = 0; n < 100_000; n++) input.add('  { "name": "value" },');
  assertEquals(input.add("]")!.length, 2 + 100_000 * 23 + 1);
});
