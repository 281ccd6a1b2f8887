import { InvalidArgumentError } from "commander";
import { nearest } from "../../base/nearest.ts";

/** Targets of `deno compile`. */
const TARGETS = [
  "x86_64-unknown-linux-gnu",
  "aarch64-unknown-linux-gnu",
  "x86_64-apple-darwin",
  "aarch64-apple-darwin",
  "x86_64-pc-windows-msvc",
  "aarch64-pc-windows-msvc",
];

/**
 * A target of the command line.
 *
 * @throws {InvalidArgumentError} If there is none of this name.
 */
export function targetOf(text: string): string {
  if (TARGETS.includes(text)) return text;
  const near = nearest(text, TARGETS);
  throw new InvalidArgumentError(
    `${near === null ? "" : `Did you mean ${near}? `}Expected one of ${TARGETS.join(", ")}.`,
  );
}
