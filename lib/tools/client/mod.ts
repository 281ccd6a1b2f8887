/**
 * A websocket client for the terminal: its target, the conversation, and its commands.
 *
 * Comes in: a URL as typed, lines of input. Goes out: frames, messages of the server, and the reason why it did not
 * work. It knows no terminal.
 *
 * @module
 */
export { describeClose } from "./close_names.ts";
export {
  type Closed,
  Conversation,
  type ConversationEvents,
  type ConversationOptions,
  type Timeouts,
  type Traffic,
} from "./conversation.ts";
export { COMMANDS, type Input, parseInput } from "./input.ts";
export { OpenInput } from "./open_input.ts";
export { hexPreview } from "./hex_preview.ts";
export { parseTarget, type Target } from "./target.ts";
