import { closeCodeProblem, MAX_REASON_BYTES } from "../../base/close_code.ts";
import { nearest } from "../../base/nearest.ts";

/** Longest payload of a ping, in bytes (RFC 6455, section 5.5). */
const MAX_PING_BYTES = 125;

/** A line that the user has entered, parsed. */
export type Input =
  | { kind: "nothing" }
  | { kind: "text"; text: string }
  | { kind: "binary"; bytes: Uint8Array }
  | { kind: "ping"; text: string }
  | { kind: "close"; code: number; reason: string }
  | { kind: "help" }
  | { kind: "quit" }
  | { kind: "problem"; message: string };

/** Parses the text after the name of a command. */
type Reader = (rest: string) => Input;

const READERS: Readonly<Record<string, Reader>> = {
  hex: readHex,
  ping: readPing,
  close: readClose,
  text: (text) => ({ kind: "text", text }),
  help: (rest) => rest === "" ? { kind: "help" } : takesNothing("help", rest),
  quit: (rest) => rest === "" ? { kind: "quit" } : takesNothing("quit", rest),
};

/** Names of the commands, without the colon. */
export const COMMANDS: readonly string[] = Object.keys(READERS);

/** Reads a message or a command. A line that begins with two colons is sent with one. */
export function parseInput(text: string): Input {
  if (text === "") return { kind: "nothing" };
  if (!text.startsWith(":")) return { kind: "text", text };
  if (text.startsWith("::")) return { kind: "text", text: text.slice(1) };
  const [, name, rest] = /^:(\S*)\s?([^]*)$/.exec(text)!;
  const reader = Object.hasOwn(READERS, name!) ? READERS[name!]! : null;
  return reader === null ? unknown(name!, text) : reader(rest!);
}

function unknown(name: string, text: string): Input {
  const meant = name === ""
    ? null
    : COMMANDS.find((known) => known.startsWith(name.toLowerCase())) ?? nearest(name, COMMANDS);
  const literally = `o send the line as it is, type ":${text}"`;
  return problem(
    meant === null
      ? `There is no command ":${name}", see ":help"; t${literally}`
      : `There is no command ":${name}", did you mean ":${meant}"? T${literally}`,
  );
}

function readHex(rest: string): Input {
  const groups = rest.split(/\s+/).filter((group) => group !== "");
  if (groups.length === 0) return problem(`Command ":hex" needs bytes, ${HEX_EXAMPLE}`);
  const bad = groups.find((group) => !/^([0-9a-f]{2})+$/i.test(group));
  if (bad === undefined) return { kind: "binary", bytes: Uint8Array.fromHex(groups.join("")) };
  const what = /^[0-9a-f]+$/i.test(bad) ? "has half a byte" : "is not hex";
  return problem(`Cannot send bytes: ${JSON.stringify(bad)} ${what}, ${HEX_EXAMPLE}`);
}

const HEX_EXAMPLE = 'expected for example ":hex 00 ff 1a"';

function readPing(text: string): Input {
  const size = sizeOf(text);
  if (size <= MAX_PING_BYTES) return { kind: "ping", text };
  return problem(`Text of a ping may have ${MAX_PING_BYTES} bytes, got ${size}`);
}

function readClose(rest: string): Input {
  const [, given, reason] = /^\s*(\S*)\s*([^]*)$/.exec(rest)!;
  if (given === "") return { kind: "close", code: 1000, reason: "" };
  const code = /^\d+$/.test(given!) ? Number(given) : given;
  const wrong = closeCodeProblem(code);
  if (wrong !== null) return problem(`${wrong}; expected ":close [code] [reason]"`);
  const size = sizeOf(reason!);
  if (size > MAX_REASON_BYTES) {
    return problem(`Reason of a close may have ${MAX_REASON_BYTES} bytes, got ${size}`);
  }
  return { kind: "close", code: Number(code), reason: reason! };
}

function takesNothing(name: string, rest: string): Input {
  return problem(`Command ":${name}" stands alone, got ${JSON.stringify(rest)} after it`);
}

function problem(message: string): Input {
  return { kind: "problem", message };
}

function sizeOf(text: string): number {
  return new TextEncoder().encode(text).length;
}
