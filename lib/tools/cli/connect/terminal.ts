import { type Closed, type Conversation, describeClose, parseInput } from "../../client/mod.ts";
import { Prompt } from "./prompt.ts";
import { Transcript } from "./transcript.ts";

const HELP = `TEXT           send it
{ [ "          send JSON: it goes on
               in the next line while
               one of them is open;
               Ctrl-C drops it
:hex 00 ff 1a  send bytes
:ping [TEXT]   send a ping
:text [TEXT]   send it whatever it is
::TEXT         send it with one colon
:close [CODE] [REASON]
               close the connection
:help          show this
:quit          end; Ctrl-C, Ctrl-D too`;

/**
 * Connects a user at a terminal with a server, until either side ends it.
 *
 * @param most After so many messages it ends.
 */
export async function talkAtTerminal(conversation: Conversation, most: number): Promise<Closed> {
  const transcript = new Transcript(!Deno.noColor);
  using prompt = new Prompt({
    entered: (text) => enter(text, conversation, transcript, (line) => prompt.print(line)),
    ended: () => conversation.close(),
  });
  conversation.listen({
    message: (data) => prompt.print(transcript.message("←", data)),
    ping: (text) => prompt.print(transcript.about("←", named("ping", text))),
    pong: (text, tookMs) => {
      const took = tookMs === null ? "unsolicited" : `after ${tookMs.toFixed(1)} ms`;
      prompt.print(transcript.about("←", `${named("pong", text)} ${took}`));
    },
  }, most);
  return await conversation.closed;
}

function enter(
  text: string,
  conversation: Conversation,
  transcript: Transcript,
  print: (line: string) => void,
): void {
  const input = parseInput(text);
  if (input.kind === "problem") return print(transcript.problem(input.message));
  if (input.kind === "help") return print(HELP);
  if (input.kind === "quit") return conversation.close();
  if (input.kind === "nothing") return;
  if (!conversation.isOpen) {
    return print(transcript.problem("Cannot send: the connection is being closed"));
  }
  switch (input.kind) {
    case "text":
      conversation.send(input.text);
      return print(transcript.message("→", input.text));
    case "binary":
      conversation.send(input.bytes);
      return print(transcript.message("→", input.bytes));
    case "ping":
      conversation.ping(input.text);
      return print(transcript.about("→", named("ping", input.text)));
    case "close":
      conversation.close(input.code, input.reason);
      return print(transcript.about("→", `close ${describeClose(input.code, input.reason)}`));
  }
}

function named(what: string, text: string): string {
  return text === "" ? what : `${what} ${JSON.stringify(text)}`;
}
