import { InvalidArgumentError } from "commander";

/** The value of `--token`. */
export function tokenOf(text: string): string {
  if (isToken(text)) return text;
  throw new InvalidArgumentError("Expected ASCII without blanks.");
}

/** Whether a header can carry it. */
export function isToken(text: string): boolean {
  return /^[\x21-\x7e]+$/.test(text);
}
