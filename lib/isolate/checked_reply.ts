import type { NeutralReply } from "../wire/mod.ts";

/**
 * A reply as it came from an isolate, once every field has the type that the gateway relies on.
 *
 * @throws {TypeError} If one has not.
 */
export function checkedReply(value: unknown): NeutralReply {
  const reply = value as NeutralReply;
  const isReply = typeof reply === "object" && reply !== null &&
    Number.isInteger(reply.status) &&
    Array.isArray(reply.headers) && reply.headers.every(isPair) &&
    Array.isArray(reply.cookies) && reply.cookies.every(isCookie) &&
    (reply.body === null || typeof reply.body === "string" || reply.body instanceof Uint8Array) &&
    (reply.accept === null || isAcceptance(reply.accept));
  if (!isReply) throw new TypeError("Expected a reply");
  return reply;
}

function isPair(value: unknown): boolean {
  return Array.isArray(value) && value.length === 2 && value.every(isText);
}

function isCookie(value: unknown): boolean {
  const cookie = value as { name: unknown; value: unknown } | null;
  return typeof cookie === "object" && cookie !== null && isText(cookie.name) &&
    isText(cookie.value);
}

function isAcceptance(value: NonNullable<NeutralReply["accept"]>): boolean {
  return typeof value === "object" && isJsonObject(value.data) && isJsonObject(value.params) &&
    Array.isArray(value.protocols) && value.protocols.every(isText) &&
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

function isText(value: unknown): boolean {
  return typeof value === "string";
}
