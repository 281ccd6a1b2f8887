import type { NeutralReply } from "../../model/mod.ts";

/**
 * A reply as it came from an isolate, once every field has the type that the gateway relies on.
 *
 * @throws {TypeError} If one has not.
 */
export function checkedReply(value: unknown): NeutralReply {
  const reply = value as NeutralReply;
  const isReply = typeof reply === "object" && reply !== null &&
    Number.isInteger(reply.status) && reply.status >= (reply.accept === null ? 200 : 101) &&
    reply.status <= 599 &&
    isListOf(reply.headers, isPair) && isListOf(reply.cookies, isCookie) &&
    (reply.body === null || typeof reply.body === "string" || isBytes(reply.body)) &&
    (reply.accept === null || isAcceptance(reply.accept));
  if (!isReply) throw new TypeError("Expected a reply");
  return reply;
}

/** Whether it is an array of such values, without holes: an empty one may be very long. */
export function isListOf(value: unknown, isOne: (value: unknown) => boolean): boolean {
  if (!Array.isArray(value)) return false;
  for (let at = 0; at < value.length; at++) {
    if (!isOne(value[at])) return false;
  }
  return true;
}

/** Whether these are bytes that no other code can change. */
export function isBytes(value: unknown): value is Uint8Array<ArrayBuffer> {
  return value instanceof Uint8Array && value.buffer instanceof ArrayBuffer;
}

function isPair(value: unknown): boolean {
  return isListOf(value, isText) && (value as unknown[]).length === 2;
}

function isCookie(value: unknown): boolean {
  const cookie = value as { name: unknown; value: unknown } | null;
  return typeof cookie === "object" && cookie !== null && isText(cookie.name) &&
    isText(cookie.value);
}

function isAcceptance(value: NonNullable<NeutralReply["accept"]>): boolean {
  return typeof value === "object" && isJsonObject(value.data) && isJsonObject(value.params) &&
    isText(value.memo) &&
    isListOf(value.protocols, isText) &&
    (value.origin === null || typeof value.origin === "boolean");
}

function isJsonObject(value: unknown): boolean {
  if (value === "{}") return true;
  if (!isText(value)) return false;
  try {
    const parsed: unknown = JSON.parse(value as string);
    return typeof parsed === "object" && parsed !== null;
  } catch {
    return false;
  }
}

export function isText(value: unknown): boolean {
  return typeof value === "string";
}
