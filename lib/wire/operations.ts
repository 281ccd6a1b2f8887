import { codesOf, fieldCountsOf } from "./table.ts";

/** Isolate to host. A batch is a flat array of codes, each followed by its fields. */
const OPERATIONS = {
  /** First of a batch: the batch of this number has been taken, send the next one. */
  ACK: [1, "number"],
  /** One event of this session has been handled. */
  DONE: [2, "handle", "length of its message"],
  /** The session's `close` event has been handled. */
  ENDED: [3, "handle"],
  /** The message is text or bytes. */
  SEND: [4, "session id", "message"],
  /** `except` is a list of session ids, or null. */
  SEND_GROUP: [5, "group", "message", "except"],
  JOIN: [6, "group", "session id"],
  LEAVE: [7, "group", "session id"],
  CLOSE: [8, "session id", "code", "reason"],
  /** The reply is a {@linkcode NeutralReply}. */
  REPLY: [9, "request id", "reply"],
  /** `about` is `s` and a session id, `r` and a request id, or "". */
  LOG: [10, "level", "text", "about"],
  /** `data` is JSON. */
  EMIT: [11, "type", "data", "distributed"],
  /** The isolate is blocked until this {@linkcode Query} is answered. */
  ASK: [12, "query", "argument", "number"],
  /** Deno has denied this permission. */
  DENIED: [13, "kind", "target"],
  /** A handler is called: `amount` is bytes, or a close code. Sent only if the boot asks for it. */
  BEGUN: [14, "handle", "event", "amount", "text"],
  /** That handler has ended, promises included. */
  TOOK: [15, "handle", "milliseconds"],
} as const;

/** Codes of the operations that an isolate sends to the host. */
export const Op = codesOf(OPERATIONS);

/** Number of fields after the code, by code. */
export const OP_FIELDS = fieldCountsOf(OPERATIONS);
