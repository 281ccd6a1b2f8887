import { type Command, InvalidArgumentError } from "commander";
import {
  type Closed,
  Conversation,
  type ConversationOptions,
  describeClose,
  parseTarget,
  type Target,
} from "../client/mod.ts";
import { messageOf, SwitchboardError } from "../errors.ts";
import { plural } from "../plural.ts";
import { printable } from "../printable.ts";
import { addHeader, addSubprotocol, type RequestHeaders } from "./connect/headers.ts";
import { talkByPipe } from "./connect/pipe.ts";
import { summary } from "./connect/summary.ts";
import { talkAtTerminal } from "./connect/terminal.ts";
import { complain } from "./output.ts";

/** How long a pipe waits for messages after the end of its input, s. */
const WAIT_SEC = 5;
/** Longest that can be waited, s: a timer has no more. */
const MAX_WAIT_SEC = 2_000_000;

/** Flags of `connect`. */
export interface ConnectOptions {
  count?: number;
  wait?: number;
  header?: RequestHeaders;
  token?: string;
  subprotocol?: string[];
  ca?: string;
}

/** Adds `connect` to the commands. */
export function connectCommand(program: Command): void {
  program.command("connect")
    .summary("talk to a websocket")
    .description(
      "Talks to a websocket: at a terminal with a prompt (:help says what there is),\n" +
        "otherwise as a pipe: each line of the input is a message, and each message a line",
    )
    .argument(
      "<url>",
      "localhost:8080/services/chat, :8080/services/chat, or with ws:, wss:, http:, https:",
    )
    .option("-n, --count <number>", "end after so many messages", countOf)
    .option(
      "--wait <seconds>",
      "how long a pipe waits for messages after the end of its input, or forever " +
        `(default: ${WAIT_SEC}; with --count: forever)`,
      secondsOf,
    )
    .option("-H, --header <header>", "'Name: value' to send along (repeatable)", addHeader)
    .option(
      "--token <token>",
      "sent as Authorization: Bearer; SWITCHBOARD_TOKEN in the environment does the same",
      tokenOf,
    )
    .option("--subprotocol <name>", "subprotocol to offer (repeatable)", addSubprotocol)
    .option("--ca <file>", "certificate of the authority to trust (PEM)")
    .action(connect);
}

/**
 * Connects and talks until either side ends it, then sums up on the standard error output.
 *
 * @throws {SwitchboardError} `SB_CONNECT`, if there is no connection, it ended otherwise than with 1000 or 1001, or
 *   fewer messages came than were waited for.
 */
export async function connect(
  url: string,
  options: ConnectOptions,
  command: Command,
): Promise<void> {
  const target = targetOf(url, command);
  const conversation = await Conversation.open(
    target,
    conversationOptions(target, options, command),
  );
  const { protocol } = conversation;
  complain(
    printable(`Connected to ${target.url}${protocol === "" ? "" : `, subprotocol ${protocol}`}`),
  );
  using _signals = onSignal(() => conversation.close());
  const { count = Infinity, wait = options.count === undefined ? WAIT_SEC : Infinity } = options;
  const isAtTerminal = Deno.stdin.isTerminal() && Deno.stdout.isTerminal() &&
    Deno.env.get("TERM") !== "dumb";
  if (isAtTerminal) complain(":help says what there is, Ctrl-D ends");
  const { closed, problem } = isAtTerminal
    ? { closed: await talkAtTerminal(conversation, count), problem: null }
    : await talkByPipe(conversation, count, wait * 1000);
  complain(summary(conversation, closed));
  if (problem !== null) throw problem;
  const wrong = problemOf(closed, conversation.received.messages, options.count);
  if (wrong !== null) throw new SwitchboardError("SB_CONNECT", printable(wrong));
}

/** What goes with the handshake; ends the command where the flags contradict each other. */
function conversationOptions(
  target: Target,
  { header = {}, token, subprotocol = [], ca }: ConnectOptions,
  command: Command,
): ConversationOptions {
  const headers: Record<string, string | string[]> = { ...header };
  const given = [
    token === undefined ? [] : ["--token"],
    header.authorization === undefined ? [] : ["--header"],
    target.authorization === null ? [] : ["the URL"],
  ].flat();
  if (given.length > 1) {
    command.error(`error: only one of ${given.join(" and ")} can say who you are`);
  }
  const bearer = token ?? (given.length === 0 ? tokenOfEnvironment() : undefined);
  if (bearer !== undefined) headers.authorization = `Bearer ${bearer}`;
  return {
    headers,
    protocols: subprotocol,
    ca: ca === undefined ? undefined : authorityOf(ca),
  };
}

function tokenOfEnvironment(): string | undefined {
  const token = Deno.env.get("SWITCHBOARD_TOKEN")?.trim();
  if (token === undefined || token === "") return undefined;
  if (isToken(token)) return token;
  throw new SwitchboardError(
    "SB_CONNECT",
    "Environment variable SWITCHBOARD_TOKEN is no token: expected ASCII without blanks",
  );
}

function authorityOf(file: string): string {
  let text: string;
  try {
    text = Deno.readTextFileSync(file);
  } catch (error) {
    const reason = error instanceof Deno.errors.NotFound
      ? "there is no such file"
      : error instanceof Deno.errors.IsADirectory
      ? "it is a folder"
      : messageOf(error);
    throw new SwitchboardError("SB_TLS", `Cannot read --ca ${JSON.stringify(file)}: ${reason}`);
  }
  if (text.includes("-----BEGIN CERTIFICATE-----")) return text;
  throw new SwitchboardError(
    "SB_TLS",
    `Cannot read --ca ${JSON.stringify(file)}: it holds no certificate, expected PEM`,
  );
}

/** Why it is not what was wanted; null: it is. */
function problemOf(closed: Closed, received: number, count?: number): string | null {
  const how = closed.problem ?? describeClose(closed.code, closed.reason);
  if (count !== undefined) {
    if (received >= count) return null;
    const by = closed.isOwn ? "" : `; the connection ended with ${how}`;
    return `Only ${received} of ${plural(count, "message")} came${by}`;
  }
  if (closed.isOwn || closed.code === 1000 || closed.code === 1001) return null;
  return closed.problem === null
    ? `The connection was closed with ${how}`
    : `The connection was cut: ${how}`;
}

function onSignal(end: () => void): Disposable {
  Deno.addSignalListener("SIGINT", end);
  Deno.addSignalListener("SIGTERM", end);
  return {
    [Symbol.dispose]() {
      Deno.removeSignalListener("SIGINT", end);
      Deno.removeSignalListener("SIGTERM", end);
    },
  };
}

/** A URL that cannot be read is a wrong command line. */
function targetOf(text: string, command: Command): Target {
  try {
    return parseTarget(text);
  } catch (error) {
    return command.error(`error: ${printable(messageOf(error))}`);
  }
}

function countOf(text: string): number {
  const count = Number(text);
  if (/^\d+$/.test(text) && count >= 1 && Number.isSafeInteger(count)) return count;
  throw new InvalidArgumentError("Expected a number from 1.");
}

function secondsOf(text: string): number {
  if (text === "forever") return Infinity;
  const seconds = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && seconds <= MAX_WAIT_SEC) return seconds;
  throw new InvalidArgumentError(
    `Expected seconds from 0 to ${MAX_WAIT_SEC}, or "forever".`,
  );
}

function tokenOf(text: string): string {
  if (isToken(text)) return text;
  throw new InvalidArgumentError("Expected ASCII without blanks.");
}

function isToken(text: string): boolean {
  return /^[\x21-\x7e]+$/.test(text);
}
