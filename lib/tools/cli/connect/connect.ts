import type { Command } from "commander";
import {
  type Closed,
  Conversation,
  type ConversationOptions,
  describeClose,
  parseTarget,
  type Target,
  type Timeouts,
} from "../../client/mod.ts";
import { messageOf, SwitchboardError } from "../../../base/errors.ts";
import { plural } from "../../../base/plural.ts";
import { printable } from "../../../base/printable.ts";
import { complain } from "../output.ts";
import type { Shell } from "../shell.ts";
import type { RequestHeaders } from "./headers.ts";
import { talkByPipe } from "./pipe.ts";
import { summary } from "./summary.ts";
import { talkAtTerminal } from "./terminal.ts";
import { isToken } from "./token.ts";

/** Flags of `connect`. */
export interface ConnectOptions {
  count?: number;
  /** How long a pipe waits for messages after the end of its input, s. */
  wait?: number;
  header?: RequestHeaders;
  token?: string;
  subprotocol?: string[];
  ca?: string;
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
  shell: Shell,
  timeouts?: Partial<Timeouts>,
): Promise<void> {
  const target = targetOf(url, command);
  const conversation = await Conversation.open(
    target,
    { ...conversationOptions(target, options, command, shell), timeouts },
  );
  const { protocol } = conversation;
  complain(
    printable(`Connected to ${target.url}${protocol === "" ? "" : `, subprotocol ${protocol}`}`),
    shell,
  );
  using _signals = onSignal(() => conversation.close(), shell);
  const { count = Infinity, wait = Infinity } = options;
  const { stdin, stdout, env } = shell;
  const isAtTerminal = stdin.isTerminal() && stdout.isTerminal() && env.get("TERM") !== "dumb";
  if (isAtTerminal) complain(":help lists the commands, Ctrl-D ends", shell);
  const { closed, problem } = isAtTerminal
    ? { closed: await talkAtTerminal(conversation, count), problem: null }
    : await talkByPipe(conversation, count, wait * 1000, shell);
  complain(summary(conversation, closed), shell);
  if (problem !== null) throw problem;
  const wrong = problemOf(closed, conversation.received.messages, options.count);
  if (wrong !== null) throw new SwitchboardError("SB_CONNECT", printable(wrong));
}

/** The headers of the handshake; ends the command if the flags contradict each other. */
function conversationOptions(
  target: Target,
  { header = {}, token, subprotocol = [], ca }: ConnectOptions,
  command: Command,
  { env }: Shell,
): ConversationOptions {
  const headers: Record<string, string | string[]> = { ...header };
  const given = [
    token === undefined ? [] : ["--token"],
    header.authorization === undefined ? [] : ["--header"],
    target.authorization === null ? [] : ["the URL"],
  ].flat();
  if (given.length > 1) {
    command.error(`error: only one of ${given.join(" and ")} can authenticate you`);
  }
  const bearer = token ?? (given.length === 0 ? tokenOfEnvironment(env) : undefined);
  if (bearer !== undefined) headers.authorization = `Bearer ${bearer}`;
  return {
    headers,
    protocols: subprotocol,
    ca: ca === undefined ? undefined : authorityOf(ca),
  };
}

function tokenOfEnvironment(env: Shell["env"]): string | undefined {
  const token = env.get("SWITCHBOARD_TOKEN")?.trim();
  if (token === undefined || token === "") return undefined;
  if (isToken(token)) return token;
  throw new SwitchboardError(
    "SB_CONNECT",
    "Environment variable SWITCHBOARD_TOKEN is not a token: expected ASCII without blanks",
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

/** The reason why the end is a failure; null: it is not. */
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

function onSignal(end: () => void, shell: Shell): Disposable {
  shell.addSignalListener("SIGINT", end);
  shell.addSignalListener("SIGTERM", end);
  return {
    [Symbol.dispose]() {
      shell.removeSignalListener("SIGINT", end);
      shell.removeSignalListener("SIGTERM", end);
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
