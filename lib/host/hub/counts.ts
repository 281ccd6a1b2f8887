/** Counters of messages and sessions since the server started. */
export interface HubCounts {
  /** Messages from clients that were handed to a service. */
  messagesIn: number;
  /** Their bytes; text counts in UTF-16 units. */
  bytesIn: number;
  /** Messages that were handed to sockets. */
  messagesOut: number;
  /** Their bytes; text counts in UTF-16 units. */
  bytesOut: number;
  /** Sessions that were opened. */
  opened: number;
  /** Sessions that were closed with 3008 because the client did not keep up. */
  slow: number;
  /** Group messages that were left out for clients that did not keep up. */
  shed: number;
  /** Messages that came faster than they may, whether dropped or the session closed. */
  tooFast: number;
  /** Messages that were too large: their sessions were closed with 1009. */
  tooBig: number;
  /** Sessions that were closed with 1013: more waited for the service than may. */
  overloaded: number;
  /** Times that a session was in as many groups as it may be. */
  groups: number;
  /** Sessions that were closed for nothing was said. */
  idle: number;
  /** Sessions that were closed when their credential expired. */
  expired: number;
}

/** All zero. */
export function noCounts(): HubCounts {
  return {
    messagesIn: 0,
    bytesIn: 0,
    messagesOut: 0,
    bytesOut: 0,
    opened: 0,
    slow: 0,
    shed: 0,
    tooFast: 0,
    tooBig: 0,
    overloaded: 0,
    groups: 0,
    idle: 0,
    expired: 0,
  };
}
