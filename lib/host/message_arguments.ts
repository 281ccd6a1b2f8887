import { bytesOf } from "../base/bytes.ts";
import { MAX_GROUP_NAME } from "../wire/mod.ts";

/**
 * The name of a group.
 *
 * @param call The called function, for the message.
 * @throws {TypeError} If it is not text.
 * @throws {RangeError} If it is longer than a group's name may be.
 */
export function groupArgument(value: unknown, call: string): string {
  const group = textArgument(value, call, "group");
  if (group.length <= MAX_GROUP_NAME) return group;
  throw new RangeError(
    `Cannot call ${call}: "group" must have at most ${MAX_GROUP_NAME} characters, ` +
      `got ${group.length}`,
  );
}

/**
 * Any text.
 *
 * @throws {TypeError} If it is none.
 */
export function textArgument(value: unknown, call: string, name: string): string {
  if (typeof value === "string") return value;
  throw new TypeError(`Cannot call ${call}: "${name}" must be text, got ${kindOf(value)}`);
}

/**
 * A message to send; bytes are copied, because they are sent later.
 *
 * @throws {TypeError} If it is neither text nor bytes.
 */
export function messageArgument(value: unknown, call: string): string | Uint8Array<ArrayBuffer> {
  if (typeof value === "string") return value;
  const bytes = bytesOf(value);
  if (bytes !== null) return bytes;
  throw new TypeError(
    `Cannot call ${call}: "message" must be text or bytes, got ${kindOf(value)}`,
  );
}

/**
 * Sessions that are to be skipped; null: none.
 *
 * @throws {TypeError} If it is not an id and no list of ids.
 */
export function exceptArgument(value: unknown, call: string): string[] | null {
  if (value === undefined || value === null) return null;
  const ids: unknown[] = [value].flat();
  for (const id of ids) {
    if (typeof id === "string") continue;
    throw new TypeError(
      `Cannot call ${call}: "except" must be an id or a list of ids, got ${kindOf(id)}`,
    );
  }
  return ids as string[];
}

/** The type of a value, not its content, which may be a secret. */
function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}
