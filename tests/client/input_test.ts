import { assertEquals } from "@std/assert";
import { COMMANDS, type Input, parseInput } from "../../lib/tools/client/mod.ts";

const problem = (message: string): Input => ({ kind: "problem", message });
const text = (text: string): Input => ({ kind: "text", text });
const bytes = (...bytes: number[]): Input => ({ kind: "binary", bytes: Uint8Array.from(bytes) });
const EXAMPLE = 'expected for example ":hex 00 ff 1a"';
const CODES = "Close code must be 1000 to 1003, 1007 to 1014 or 3000 to 4999, got";
const USAGE = 'expected ":close [code] [reason]"';

async function each(t: Deno.TestContext, cases: [string, Input][]): Promise<void> {
  for (const [entered, read] of cases) {
    const name = entered.length > 60 ? `${entered.slice(0, 60)}…` : entered;
    await t.step(JSON.stringify(name), () => assertEquals(parseInput(entered), read));
  }
}

Deno.test("parseInput() takes what does not begin with a colon as text, as it is", (t) =>
  each(t, [
    ["", { kind: "nothing" }],
    ["hello", text("hello")],
    [" :help ", text(" :help ")],
    ["  ", text("  ")],
    ['{\n"a": 1\n}', text('{\n"a": 1\n}')],
    ["::", text(":")],
    ["::help", text(":help")],
    [":::", text("::")],
    [":text", text("")],
    [":text [open", text("[open")],
    [":text  two", text(" two")],
    [":text :help", text(":help")],
  ]));

Deno.test("parseInput() reads bytes in hex", (t) =>
  each(t, [
    [":hex 00 ff 1a", bytes(0, 255, 26)],
    [":hex 00FF1a", bytes(0, 255, 26)],
    [":hex\t00  ff ", bytes(0, 255)],
    [":hex", problem(`Command ":hex" needs bytes, ${EXAMPLE}`)],
    [":hex  ", problem(`Command ":hex" needs bytes, ${EXAMPLE}`)],
    [":hex 0", problem(`Cannot send bytes: "0" has half a byte, ${EXAMPLE}`)],
    [":hex 00 fff", problem(`Cannot send bytes: "fff" has half a byte, ${EXAMPLE}`)],
    [":hex 0x00", problem(`Cannot send bytes: "0x00" is not hex, ${EXAMPLE}`)],
    [":hex 00,ff", problem(`Cannot send bytes: "00,ff" is not hex, ${EXAMPLE}`)],
    [":hex é0", problem(`Cannot send bytes: "é0" is not hex, ${EXAMPLE}`)],
  ]));

Deno.test("parseInput() reads pings", (t) =>
  each(t, [
    [":ping", { kind: "ping", text: "" }],
    [":ping are you there", { kind: "ping", text: "are you there" }],
    [`:ping ${"x".repeat(125)}`, { kind: "ping", text: "x".repeat(125) }],
    [`:ping ${"é".repeat(63)}`, problem("Text of a ping may have 125 bytes, got 126")],
  ]));

Deno.test("parseInput() reads closes", (t) =>
  each(t, [
    [":close", { kind: "close", code: 1000, reason: "" }],
    [":close 4001", { kind: "close", code: 4001, reason: "" }],
    [":close 1008  not  now", { kind: "close", code: 1008, reason: "not  now" }],
    [`:close 1000 ${"x".repeat(123)}`, { kind: "close", code: 1000, reason: "x".repeat(123) }],
    [
      `:close 1000 ${"é".repeat(62)}`,
      problem("Reason of a close may have 123 bytes, got 124"),
    ],
    [":close 1006", problem(`${CODES} 1006; ${USAGE}`)],
    [":close 999", problem(`${CODES} 999; ${USAGE}`)],
    [":close 5000", problem(`${CODES} 5000; ${USAGE}`)],
    [":close 1e3", problem(`${CODES} 1e3; ${USAGE}`)],
    [":close -1", problem(`${CODES} -1; ${USAGE}`)],
    [":close bye", problem(`${CODES} bye; ${USAGE}`)],
  ]));

Deno.test("parseInput() reads :help and :quit, which stand alone", (t) =>
  each(t, [
    [":help", { kind: "help" }],
    [":quit", { kind: "quit" }],
    [":quit now", problem('Command ":quit" stands alone, got "now" after it')],
    [":help me", problem('Command ":help" stands alone, got "me" after it')],
  ]));

Deno.test("parseInput() names the nearest command, and how to send such a line", (t) => {
  const near = (name: string, meant: string) =>
    problem(
      `There is no command ":${name}", did you mean ":${meant}"? To send the line as it is, type "::${name}"`,
    );
  const far = (line: string) =>
    problem(
      `There is no command "${line}", see ":help"; to send the line as it is, type ":${line}"`,
    );
  return each(t, [
    [":png", near("png", "ping")],
    [":q", near("q", "quit")],
    [":HEX", near("HEX", "hex")],
    [":exit", near("exit", "text")],
    [":)", far(":)")],
    [":", far(":")],
    [":constructor", far(":constructor")],
    [":日本語", far(":日本語")],
  ]);
});

Deno.test("each command is known by its name", () => {
  for (const name of COMMANDS) {
    const read = parseInput(`:${name}`);
    assertEquals(read.kind === "problem" && /no command/.test(read.message), false, name);
  }
});
