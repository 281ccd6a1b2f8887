/**
 * XP's `/lib/xp/websocket`: the grouped-send API, exactly as XP has it (docs/contracts/xp.md, section 1). New
 * controllers find more in `/lib/websocket`.
 *
 * Works inside a service only. Groups are shared by all services of a server.
 *
 * @example
 * ```ts
 * import {
 *   addToGroup,
 *   getGroupSize,
 *   removeFromGroup,
 *   send,
 *   sendToGroup,
 *   type WebSocketEvent,
 * } from "lib/xp/websocket";
 *
 * export const get = () => ({ webSocket: {} });
 *
 * export function webSocketEvent(event: WebSocketEvent) {
 *   const { id } = event.session;
 *   if (event.type === "open") {
 *     addToGroup("chat", id);
 *     send(id, `Welcome, you are one of ${getGroupSize("chat")}`);
 *   }
 *   if (event.type === "message") {
 *     if (event.message === "/quiet") removeFromGroup("chat", id);
 *     else sendToGroup("chat", event.message);
 *   }
 * }
 * ```
 *
 * @module
 */
import { link } from "../../../inside/link.ts";
import { textArgument } from "./text_argument.ts";

export type { Request, Response, WebSocketEvent } from "./types.ts";

/**
 * Adds a session to a group. An unknown id is ignored; adding twice is adding once.
 *
 * @param group Name of the group; it exists from its first member to its last.
 * @param id The session's id.
 * @throws {TypeError} If an argument is null or undefined.
 */
export function addToGroup(group: string, id: string): void {
  link().join(textArgument(group, "addToGroup", "group"), textArgument(id, "addToGroup", "id"));
}

/**
 * Takes a session out of a group. An unknown id or group is ignored.
 *
 * @param group Name of the group.
 * @param id The session's id.
 * @throws {TypeError} If an argument is null or undefined.
 */
export function removeFromGroup(group: string, id: string): void {
  link().leave(
    textArgument(group, "removeFromGroup", "group"),
    textArgument(id, "removeFromGroup", "id"),
  );
}

/**
 * Sends a text to one session. An unknown or closed session is ignored.
 *
 * @param id The session's id.
 * @param message The text; other values are made one.
 * @throws {TypeError} If an argument is null or undefined.
 */
export function send(id: string, message: string): void {
  link().send(textArgument(id, "send", "id"), textArgument(message, "send", "message"));
}

/**
 * Sends a text to all members of a group, the sender included if it is one.
 *
 * @param group Name of the group; an unknown one is ignored.
 * @param message The text; other values are made one.
 * @throws {TypeError} If an argument is null or undefined.
 */
export function sendToGroup(group: string, message: string): void {
  link().sendToGroup(
    textArgument(group, "sendToGroup", "group"),
    textArgument(message, "sendToGroup", "message"),
    null,
  );
}

/**
 * Number of sessions in a group, with everything counted that this service did before.
 *
 * @param group Name of the group; 0 for an unknown one.
 * @throws {TypeError} If the argument is null or undefined.
 */
export function getGroupSize(group: string): number {
  return link().groupSize(textArgument(group, "getGroupSize", "group"));
}
