/**
 * A message as text.
 *
 * @throws {TypeError} If it is null or undefined.
 */
export function messageText(value: unknown): string {
  if (typeof value === "string") return value;
  if (value === null || value === undefined) throw new TypeError(`Cannot send ${value}`);
  return String(value);
}
