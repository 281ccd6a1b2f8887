import { codesOf, fieldCountsOf } from "./table.ts";

/** A session: `params` and `data` are JSON; `identity` is JSON, or "" for an anonymous session. */
const SESSION = [
  "handle",
  "endpoint",
  "id",
  "path",
  "origin",
  "params",
  "data",
  "identity",
  "memo",
] as const;

/**
 * Host to isolate. A batch is a flat array: its number, then each event's code and fields. The number is random
 * and the acknowledgement repeats it, so an isolate cannot acknowledge a batch that it has not read.
 */
const EVENTS = {
  OPEN: [1, ...SESSION],
  /** The message is text or bytes. */
  MESSAGE: [2, "handle", "message"],
  ERROR: [3, "handle", "text"],
  CLOSE: [4, "handle", "code", "reason"],
  /** The host gave up on the session's `close` handler. */
  FORGET: [5, "handle"],
  /** The request is a {@linkcode NeutralRequest}. */
  REQUEST: [6, "request id", "request"],
  /** `data` is JSON. */
  BUS: [7, "type", "data", "timestamp", "distributed", "local origin"],
  /** Like OPEN, for a session that another isolate has opened; the controller is not told. */
  ADOPT: [8, ...SESSION],
} as const;

/** Codes of the events that the host sends to an isolate. */
export const Event = codesOf(EVENTS);

/** Number of fields after the code, by code. */
export const EVENT_FIELDS = fieldCountsOf(EVENTS);
