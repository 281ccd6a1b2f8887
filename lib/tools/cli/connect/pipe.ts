import { printable } from "../../../base/printable.ts";
import { type Closed, type Conversation, hexPreview } from "../../client/mod.ts";
import { messageOf, SwitchboardError } from "../../../base/errors.ts";
import { writeOut } from "../output.ts";
import type { Shell } from "../shell.ts";

/** Longest line of input, bytes. */
const MAX_LINE = 64 * 1024 * 1024;

/** The end of a conversation without a terminal. */
export interface Piped {
  closed: Closed;
  /** The problem with the input or the output; null: none. */
  problem: SwitchboardError | null;
}

/**
 * Sends each line of the standard input as a text message, and prints each message to the standard output.
 *
 * @param most After so many messages it ends.
 * @param waitMs How long it waits for messages after the end of the input.
 */
export async function talkByPipe(
  conversation: Conversation,
  most: number,
  waitMs: number,
  shell: Shell,
): Promise<Piped> {
  let problem: SwitchboardError | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  conversation.listen({
    message: (data) => {
      if (problem !== null) return;
      try {
        // The reader has read enough and closed the pipe.
        if (!print(data, shell)) conversation.close();
      } catch (error) {
        problem = error as SwitchboardError;
        conversation.close();
      }
    },
  }, most);
  sendLines(conversation, shell.stdin).then(() => {
    if (waitMs !== Infinity) timer = setTimeout(() => conversation.close(), waitMs);
  }, (error) => {
    problem ??= error instanceof SwitchboardError
      ? error
      : new SwitchboardError("SB_CONNECT", `Cannot read the input: ${messageOf(error)}`);
    conversation.close();
  });
  const closed = await conversation.closed;
  clearTimeout(timer);
  return { closed, problem };
}

/** Sends a line after the one before is written, so that unread input need not be kept. */
async function sendLines(
  conversation: Conversation,
  { readable }: Shell["stdin"],
): Promise<void> {
  let number = 0;
  for await (const line of linesOf(readable)) {
    number++;
    if (!conversation.isOpen) return;
    let text: string;
    try {
      text = decoder.decode(line);
    } catch {
      throw problemAt(number, "it is not UTF-8, and a text message is");
    }
    await conversation.send(text);
  }
}

/** Lines without their ends, LF or CRLF; the last one may have none. */
async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  let parts: Uint8Array[] = [];
  let size = 0;
  let number = 1;
  for await (const chunk of stream) {
    let start = 0;
    for (let end = chunk.indexOf(LF); end >= 0; end = chunk.indexOf(LF, start)) {
      yield lineOf([...parts, chunk.subarray(start, end)]);
      start = end + 1;
      parts = [];
      size = 0;
      number++;
    }
    if (start === chunk.length) continue;
    parts.push(chunk.subarray(start));
    size += chunk.length - start;
    if (size > MAX_LINE) throw problemAt(number, `it has more than ${MAX_LINE} bytes`);
  }
  if (size > 0) yield lineOf(parts);
}

function lineOf(parts: Uint8Array[]): Uint8Array {
  const line = joined(parts);
  return line.at(-1) === CR ? line.subarray(0, -1) : line;
}

/**
 * Prints a message and a line feed. False: the reader has gone.
 *
 * @throws {SwitchboardError} `SB_OUTPUT`, if it cannot be written.
 */
function print(data: string | Uint8Array, shell: Shell): boolean {
  // A program gets the message byte for byte; a terminal gets no control characters.
  const line = shell.stdout.isTerminal()
    ? typeof data === "string" ? encoder.encode(printable(data)) : encoder.encode(hexPreview(data))
    : typeof data === "string"
    ? encoder.encode(data)
    : data;
  return writeOut(joined([line, Uint8Array.of(LF)]), shell);
}

function joined(parts: Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function problemAt(line: number, what: string): SwitchboardError {
  return new SwitchboardError("SB_CONNECT", `Cannot send line ${line} of the input: ${what}`);
}

const LF = 10;
const CR = 13;
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
