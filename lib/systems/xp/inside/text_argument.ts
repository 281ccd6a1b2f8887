/**
 * An argument as text (docs/contracts/xp.md, section 1).
 *
 * @throws {TypeError} If it is null or undefined.
 */
export function textArgument(value: unknown, call: string, name: string): string {
  if (typeof value === "string") return value;
  if (value === null || value === undefined) {
    throw new TypeError(`Cannot call ${call}: "${name}" is ${value}`);
  }
  return String(value);
}
