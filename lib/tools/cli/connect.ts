import { type Command, InvalidArgumentError } from "commander";
import type { Timeouts } from "../client/mod.ts";
import type { ConnectOptions } from "./connect/connect.ts";
import { addHeader, addSubprotocol } from "./connect/headers.ts";
import { tokenOf } from "./connect/token.ts";
import type { Shell } from "./shell.ts";

/** How long a pipe waits for messages after the end of its input, s. */
const WAIT_SEC = 5;
/** Longest that can be waited, s: a timer has no more. */
const MAX_WAIT_SEC = 2_000_000;

/**
 * Adds `connect` to the commands.
 *
 * @param timeouts In place of those that the client has by itself.
 */
export function connectCommand(
  program: Command,
  shell: Shell = Deno,
  timeouts?: Partial<Timeouts>,
): void {
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
    .action(async (url: string, options: ConnectOptions, command: Command) => {
      const { connect } = await import("./connect/connect.ts");
      const { wait = options.count === undefined ? WAIT_SEC : Infinity } = options;
      await connect(url, { ...options, wait }, command, shell, timeouts);
    });
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
