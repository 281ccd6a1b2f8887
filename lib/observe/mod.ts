/**
 * What operators see: the log.
 *
 * Comes in: lines from everywhere, already free of secrets.
 *
 * @module
 */
export { type Log, openLog } from "./log.ts";
