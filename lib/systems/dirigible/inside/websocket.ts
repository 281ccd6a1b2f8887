/**
 * Dirigible 2's `net/websocket`, documented as `service/websocket`: the session of the message that a module is
 * run for, and all others (docs/contracts/dirigible.md, section 3).
 *
 * @example
 * ```ts
 * import { get } from "core/context";
 * import { getOpenSessions, getSession, type MessageSession } from "net/websocket";
 *
 * const tell = (session: MessageSession) => session.sendText(String(get("text")));
 *
 * getOpenSessions().filter((session) => session !== getSession()).forEach(tell);
 * ```
 *
 * @module
 */
import { currentMessage } from "./message_context.ts";
import { type MessageSession, openSessions } from "./message_session.ts";

export type { MessageSession } from "./message_session.ts";

/** The session whose message is being handled, else null. */
export function getSession(): MessageSession | null {
  return currentMessage()?.session ?? null;
}

/** The open sessions that have sent this service a message (docs/contracts/dirigible.md, section 3). */
export function getOpenSessions(): MessageSession[] {
  return openSessions();
}
