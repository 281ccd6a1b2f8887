import { assert, assertEquals, assertMatch } from "@std/assert";
import { EventStream } from "../../lib/tools/cli/event_stream.ts";
import { escaped, printable } from "../../lib/tools/cli/printable.ts";
import { columnsOf } from "../../lib/tools/cli/table.ts";

const NONE = {
  sends: 0,
  groups: new Map(),
  otherGroups: 0,
  joins: 0,
  leaves: 0,
  closes: 0,
  errors: 0,
};
const event = (session = "node.abcdefgh", text = "") => ({
  session,
  type: "message" as const,
  amount: 12,
  text,
  tookMs: 0.44,
  effects: { ...NONE, groups: new Map([["chat", 2]]) },
});

function stream(width: number, color: boolean, takes: () => boolean = () => true) {
  const lines: string[] = [];
  const write = (line: string) => takes() && lines.push(line) > 0;
  return { lines, stream: new EventStream({ write, color, width }) };
}

Deno.test("EventStream prints a line for an event, and two where the terminal is narrow", () => {
  for (
    const [width, expected] of [
      [80, /^[\d:.]{12} {2}chat {2}abcdef {2}message {6}12 B {4}0\.4 ms {2}→ 2 to group chat$/],
      [40, /^[\d:.]{12} {2}chat {2}abcdef {2}message\n {2}12 B {2}0\.4 ms {2}→ 2 to group chat$/],
    ] as const
  ) {
    const { lines, stream: events } = stream(width, false);
    using _ = events;
    events.handled("chat", event());
    assertMatch(lines[0]!, expected);
    for (const line of lines[0]!.split("\n")) assert(line.length <= width);
  }
});

Deno.test("EventStream aligns lines after names that take two columns a character", () => {
  const { lines, stream: events } = stream(200, true);
  using _ = events;
  for (const name of ["聊天室🎉", "chat"]) events.handled(name, event());
  const starts = lines.map((line) => columnsOf(line.slice(0, line.indexOf("abcdef"))));
  assertEquals(starts, [24, 24]);
});

Deno.test("EventStream gives a session the same color each time, and others others", () => {
  const { lines, stream: events } = stream(200, true);
  using _ = events;
  const ids = Array.from({ length: 12 }, (_, number) => `node.s${number}abcdef`);
  for (const id of [...ids, ...ids]) events.handled("chat", event(id));
  // deno-lint-ignore no-control-regex
  const colors = lines.map((line) => /(\x1b\[3\dm)s\d/.exec(line)![1]!);
  assertEquals(colors.slice(0, 12), colors.slice(12));
  assert(new Set(colors).size > 2);
});

Deno.test("EventStream counts by service what comes beyond 40 in a second", () => {
  const { lines, stream: events } = stream(200, false);
  for (let number = 0; number < 1040; number++) events.handled("chat", event());
  events.handled("other", { ...event(), type: "close" });
  assertEquals(lines.length, 40);
  events[Symbol.dispose]();
  assertEquals(lines.length, 42);
  assertMatch(lines[40]!, /chat {2}… 1,000 more messages in 1 s$/);
  assertMatch(lines[41]!, /other {2}… 1 more close in 1 s$/);
});

Deno.test("EventStream keeps the count of what could not be printed", () => {
  let isFull = true;
  const { lines, stream: events } = stream(200, false, () => !isFull);
  for (let number = 0; number < 10; number++) events.handled("chat", event());
  isFull = false;
  events[Symbol.dispose]();
  assertEquals(lines.length, 1);
  assertMatch(lines[0]!, /… 10 more messages in 1 s$/);
});

Deno.test("escaped() and printable() leave nothing that a terminal obeys", () => {
  const cases: [text: string, line: string, lines: string][] = [
    ["plain ünï 日本 🎉", "plain ünï 日本 🎉", "plain ünï 日本 🎉"],
    ["a\nb\tc\rd", "a\\nb\\tc\\rd", "a\nb\tc\\x0dd"],
    ["\x1b[2J\x07\x9b", "\\x1b[2J\\x07\\x9b", "\\x1b[2J\\x07\\x9b"],
    ["\u202eevil\u2066", "\\u202eevil\\u2066", "\\u202eevil\\u2066"],
    ["\u2028\ud83d", "\\u2028\\ud83d", "\\u2028\\ud83d"],
  ];
  for (const [text, line, lines] of cases) {
    assertEquals([escaped(text), printable(text)], [line, lines]);
  }
});
