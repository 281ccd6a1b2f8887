/**
 * Checks a root before it is served: errors of a server, types, unused grants and unused files.
 *
 * Comes in: a root folder. Goes out: {@linkcode Problem}s, each with its place. Services are really started, with
 * their grants, and stopped again; no port is opened.
 *
 * @module
 */
export { check, type CheckOptions, type Findings } from "./check.ts";
export { type CheckCode, type Problem } from "./problem.ts";
export { jsonReport, type ReportOptions, textReport } from "./report.ts";
