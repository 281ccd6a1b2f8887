/**
 * The grouped-send API for new controllers: XP's five functions, and what XP lacks: bytes, closing a session
 * from the server, the members of a group, the groups of a session, and sends that leave out members.
 *
 * Works inside a service only. Groups are shared by all services of a server, as far as their manifests let
 * them. Sends to unknown ids and groups are ignored; delivery is at most once.
 *
 * @example
 * ```ts
 * import { addToGroup, close, getGroupSize, removeFromGroup, sendToGroup } from "lib/websocket";
 * import type { WebSocketEvent } from "lib/xp/websocket";
 *
 * export const get = () => ({ webSocket: {} });
 *
 * export function webSocketEvent(event: WebSocketEvent) {
 *   const { id } = event.session;
 *   if (event.type === "open") {
 *     if (getGroupSize("game") === 2) return close(id, 4000, "game is full");
 *     addToGroup("game", id);
 *   }
 *   if (event.type === "message") {
 *     if (event.message === "resign") removeFromGroup("game", id);
 *     else sendToGroup("game", event.message, { except: id });
 *   }
 * }
 * ```
 *
 * @module
 */
import { closeCodeProblem, MAX_REASON_BYTES } from "./base/close_code.ts";
import { bytesOf } from "./base/bytes.ts";
import { link } from "./inside/link.ts";
import type { GroupSendOptions, Message, SessionInfo, User } from "./model/mod.ts";
import { textArgument } from "./systems/xp/inside/text_argument.ts";

export { addToGroup, getGroupSize, removeFromGroup } from "./systems/xp/inside/websocket.ts";
export type { Request, Response, WebSocketEvent } from "./systems/xp/inside/types.ts";
export type { GroupSendOptions, Message, SessionInfo, User };

/**
 * Sends to one session. An unknown or closed session is ignored.
 *
 * @example
 * ```ts
 * import { send, type WebSocketEvent } from "lib/websocket";
 *
 * export function webSocketEvent({ type, session }: WebSocketEvent) {
 *   if (type === "open") send(session.id, new Uint8Array([1, 2, 3]));
 * }
 * ```
 *
 * @param id The session's id.
 * @param message Text or bytes; bytes are copied at once.
 * @throws {TypeError} If an argument is null or undefined.
 */
export function send(id: string, message: Message): void {
  link().send(textArgument(id, "send", "id"), payload(message, "send"));
}

/**
 * Sends to all members of a group, the sender included if it is one.
 *
 * @example
 * ```ts
 * import { sendToGroup, type WebSocketEvent } from "lib/websocket";
 *
 * export function webSocketEvent(event: WebSocketEvent) {
 *   if (event.type === "message") sendToGroup("chat", event.message, { except: event.session.id });
 * }
 * ```
 *
 * @param group Name of the group; an unknown one is ignored.
 * @param message Text or bytes; bytes are copied at once.
 * @param options Sessions that do not receive it.
 * @throws {TypeError} If an argument is null or undefined.
 */
export function sendToGroup(group: string, message: Message, options: GroupSendOptions = {}): void {
  const { except } = options;
  link().sendToGroup(
    textArgument(group, "sendToGroup", "group"),
    payload(message, "sendToGroup"),
    except === undefined || except === null ? null : [except].flat().map(String),
  );
}

/**
 * Closes a session. Its `close` event follows, with this code. An unknown or closed session is ignored.
 *
 * @example
 * ```ts
 * import { close, type WebSocketEvent } from "lib/websocket";
 *
 * export function webSocketEvent(event: WebSocketEvent) {
 *   if (event.type === "message" && event.message === "bye") close(event.session.id, 1000, "bye");
 * }
 * ```
 *
 * @param id The session's id.
 * @param code Close code: 1000 to 1003, 1007 to 1014 or 3000 to 4999 (RFC 6455, section 7.4).
 * @param reason Text for the client, at most 123 bytes.
 * @throws {TypeError} If the id is null or undefined.
 * @throws {RangeError} If the code must not be sent, or the reason is too long.
 */
export function close(id: string, code = 1000, reason = ""): void {
  const problem = closeCodeProblem(code);
  if (problem !== null) throw new RangeError(problem);
  const text = String(reason);
  const length = new TextEncoder().encode(text).length;
  if (length > MAX_REASON_BYTES) {
    throw new RangeError(`Close reason must be at most ${MAX_REASON_BYTES} bytes, got ${length}`);
  }
  link().close(textArgument(id, "close", "id"), code, text);
}

/**
 * Ids of the sessions in a group, in the order in which they joined.
 *
 * @example
 * ```ts
 * import { close, getGroupMembers } from "lib/websocket";
 *
 * // Disconnects all members.
 * export function post() {
 *   for (const id of getGroupMembers("game")) close(id, 4000, "game over");
 *   return { status: 202 };
 * }
 * ```
 *
 * @param group Name of the group; an unknown one has no members.
 * @throws {TypeError} If the argument is null or undefined.
 */
export function getGroupMembers(group: string): string[] {
  return link().groupMembers(textArgument(group, "getGroupMembers", "group"));
}

/**
 * Groups that a session is in, in the order in which it joined them.
 *
 * @example
 * ```ts
 * import { getGroups, send, type WebSocketEvent } from "lib/websocket";
 *
 * export function webSocketEvent({ type, session }: WebSocketEvent) {
 *   if (type === "message") send(session.id, `You are in ${getGroups(session.id).join(", ")}`);
 * }
 * ```
 *
 * @param id The session's id; an unknown one is in none.
 * @throws {TypeError} If the argument is null or undefined.
 */
export function getGroups(id: string): string[] {
  return link().groups(textArgument(id, "getGroups", "id"));
}

/**
 * The description of a session; null if there is none with this id.
 *
 * @example
 * ```ts
 * import { getGroupMembers, getSession } from "lib/websocket";
 *
 * // Names of those in a room, as their handshakes said.
 * export const get = () => ({
 *   body: { people: getGroupMembers("room").map((id) => getSession(id)?.params.name) },
 * });
 * ```
 *
 * @param id The session's id.
 * @throws {TypeError} If the argument is null or undefined.
 */
export function getSession(id: string): SessionInfo | null {
  return link().session(textArgument(id, "getSession", "id")) as SessionInfo | null;
}

function payload(message: Message, call: string): string | Uint8Array<ArrayBuffer> {
  return bytesOf(message) ?? textArgument(message, call, "message");
}
