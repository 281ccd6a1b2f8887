import type { Paint } from "../../base/paint.ts";
import { plural } from "../../base/plural.ts";
import type { Findings } from "./check.ts";
import type { Problem } from "./problem.ts";

/** How a report is written. */
export interface ReportOptions {
  /** The path of a file as the reader can use it. */
  shown(file: string): string;
  /** Styles of the parts of a line. */
  paint: Pick<Paint, "red" | "yellow" | "bold" | "dim">;
}

/** The findings for people: a line each, as editors read them, and a line that sums up. */
export function textReport(
  { services, problems }: Findings,
  { shown, paint }: ReportOptions,
): string {
  const lines = problems.map(({ file, line, column, severity, message, code }) => {
    const place = file === null ? "" : `${paint.bold(`${shown(file)}:${line}:${column}`)}: `;
    const word = (severity === "error" ? paint.red : paint.yellow)(severity);
    return `${place}${word}: ${message} ${paint.dim(`[${code}]`)}`;
  });
  return [...lines, summary(services, problems)].join("\n");
}

/** The findings for programs: one JSON object. */
export function jsonReport(problems: readonly Problem[], isOk: boolean): string {
  return JSON.stringify({ version: 1, ok: isOk, problems }, null, 2);
}

function summary(services: number, problems: readonly Problem[]): string {
  const errors = problems.filter(({ severity }) => severity === "error").length;
  const warnings = problems.length - errors;
  const found = [
    ...errors > 0 ? [plural(errors, "error")] : [],
    ...warnings > 0 ? [plural(warnings, "warning")] : [],
  ].join(", ");
  return `Checked ${plural(services, "service")}: ${found || "all is well"}`;
}
