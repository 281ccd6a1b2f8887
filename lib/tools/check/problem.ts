import type { ErrorCode } from "../../base/errors.ts";

/** Codes of problems that only a check finds; `docs/errors.md` lists them beside the others. */
export type CheckCode = "SB_TYPE" | "SB_TYPES_UNCHECKED" | "SB_UNREACHABLE" | "SB_UNUSED_GRANT";

/** One thing that a check has found. */
export interface Problem {
  /** Path relative to the root, with `/`; null: it is in no file. */
  file: string | null;
  /** Counted from 1; 1 if the problem concerns the whole file; null without a file. */
  line: number | null;
  /** From 1, UTF-16 units; null without a file. */
  column: number | null;
  /** Key of the service that it concerns; null: none, or all. */
  service: string | null;
  /** An error keeps something from being served; a warning does not. */
  severity: "error" | "warning";
  /** Stable, for programs. */
  code: ErrorCode | CheckCode;
  /** One line, for people. */
  message: string;
}

/** All that a check has found, each thing once. */
export class Problems {
  readonly #found = new Map<string, Problem>();

  /** Adds those that are new. */
  add(...problems: Problem[]): void {
    for (const problem of problems) {
      const message = oneLine(problem.message);
      const { file, line, column, code } = problem;
      const key = JSON.stringify([file, line, column, code, message]);
      if (!this.#found.has(key)) this.#found.set(key, { ...problem, message });
    }
  }

  /** Adds those of types; where it is known already that a file cannot be parsed, that is said once. */
  addTypes(problems: readonly Problem[]): void {
    const unloadable = new Set(
      [...this.#found.values()].filter(({ code }) => code === "SB_LOAD").map(({ file }) => file),
    );
    this.add(
      ...problems.filter(({ file, message }) =>
        !(message.startsWith("Cannot check types: ") && unloadable.has(file))
      ),
    );
  }

  /** By file and place; problems without a file come first. */
  get sorted(): Problem[] {
    return [...this.#found.values()].sort((a, b) =>
      compare(a.file ?? "", b.file ?? "") || (a.line ?? 0) - (b.line ?? 0) ||
      (a.column ?? 0) - (b.column ?? 0)
    );
  }
}

/** Longest message that is shown, UTF-16 units. */
const MAX_MESSAGE = 2000;

/** Without line breaks and control characters, because a service can throw any text. */
export function oneLine(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.slice(0, MAX_MESSAGE).replace(/[\s\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, " ")
    .trim();
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
