/** The current figures of a server. */
export interface Figures {
  /** Seconds that it has been up. */
  uptimeSec: number;
  groups: number;
  /** Counts by name, since it started. */
  counts: Record<
    | "messagesIn"
    | "bytesIn"
    | "messagesOut"
    | "bytesOut"
    | "opened"
    | "slow"
    | "shed"
    | "tooFast"
    | "tooBig"
    | "overloaded"
    | "groups"
    | "idle"
    | "expired",
    number
  >;
  /** Requests that were refused, by cause. */
  refused: ReadonlyMap<string, number>;
  /** Bytes queued for clients: all of them, and the one that most waits for. */
  buffered: { total: number; most: number };
  services: {
    service: string;
    isUp: boolean;
    sessions: number;
    restarts: number;
    lostEvents: number;
    /** Length of the events that wait for the service, bytes or UTF-16 units. */
    waiting: number;
  }[];
}
