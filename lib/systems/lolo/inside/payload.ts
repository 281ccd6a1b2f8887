import { bytesOf } from "../../../base/bytes.ts";

/**
 * The message for a body: text as text, bytes as binary, anything else as JSON (docs/contracts/lolo.md,
 * section 2).
 *
 * @throws {TypeError} If JSON cannot hold it.
 */
export function payloadOf(body: unknown): string | Uint8Array<ArrayBuffer> {
  if (typeof body === "string") return body;
  const bytes = bytesOf(body);
  if (bytes !== null) return bytes;
  const text = JSON.stringify(body);
  if (text === undefined) throw new TypeError(`Cannot send a ${typeof body}: JSON cannot hold it`);
  return text;
}
