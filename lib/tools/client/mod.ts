/**
 * A websocket client for people: where to connect to, the conversation, and what may be typed into it.
 *
 * Comes in: a URL as typed, lines of input. Goes out: frames, what a server says, and why it did not
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
