/**
 * Checks a root before it is served: what a server would complain of, types, grants and files that nothing uses.
 *
 * Comes in: a root folder. Goes out: {@linkcode Problem}s, each with its place. Services are really started, with
 * their grants, and stopped again; no port is opened.
 *
 * @module
 */
export { check, type CheckOptions, type Findings } from "./check.ts";
export { type CheckCode, type Problem } from "./problem.ts";
export { jsonReport, type ReportOptions, textReport } from "./report.ts";
