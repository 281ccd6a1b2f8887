/**
 * Dirigible 2's `core/context`: values of the message that the module is run for (docs/contracts/dirigible.md,
 * section 3).
 *
 * @example
 * ```ts
 * import { get, set } from "core/context";
 *
 * set("count", Number(get("count") ?? 0) + 1);
 * ```
 *
 * @module
 */
import { currentMessage } from "./message_context.ts";

/** A parameter of the message, or a value set while it is handled; else null. */
export function get(name: string): unknown {
  return currentMessage()?.values.get(String(name)) ?? null;
}

/** Sets a value that lasts for this message. */
export function set(name: string, value: unknown): void {
  currentMessage()?.values.set(String(name), value);
}
