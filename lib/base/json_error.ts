import { type ErrorCode, SwitchboardError } from "./errors.ts";

/** One thing that is wrong with a file. */
export interface Finding {
  /** The problem, without the file's name. */
  message: string;
  /** From 1. */
  line: number;
  /** From 1, UTF-16 units. */
  column: number;
}

/** The problems of a JSON file, one by one. */
export class JsonFileError extends SwitchboardError {
  /** The file; null: the text did not come from a file. */
  readonly path: string | null;
  /** At least one. */
  readonly findings: readonly Finding[];

  /** Makes one; its message has all findings. */
  constructor(
    code: ErrorCode,
    what: string,
    path: string | null,
    findings: readonly Finding[],
    cause?: unknown,
  ) {
    super(code, `Cannot read ${what}: ${findings.map(({ message }) => message).join("; ")}`, {
      cause,
    });
    this.path = path;
    this.findings = findings;
  }
}

/** The line and column of an offset in a text. */
export function lineAndColumn(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset).split("\n");
  return { line: before.length, column: before.at(-1)!.length + 1 };
}
