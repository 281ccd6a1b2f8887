/**
 * Dirigible 2's `core/globals`: values that last as long as the service's isolate (docs/contracts/dirigible.md,
 * section 3).
 *
 * @example
 * ```ts
 * import { get, set } from "core/globals";
 *
 * if (get("names") === null) set("names", []);
 * const names = get("names") as string[];
 * names.push("Ann");
 * ```
 *
 * @module
 */
const values = new Map<string, unknown>();

/** The value itself, not a copy; null, if there is none. */
export function get(name: string): unknown {
  return values.get(String(name)) ?? null;
}

/** Keeps a value. */
export function set(name: string, value: unknown): void {
  values.set(String(name), value);
}
