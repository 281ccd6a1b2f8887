/** How long a server waits for others, where no setting says it. */
export interface Waits {
  /** How long a service may take to load its controllers, ms. */
  startMs: number;
  /** How long an isolate may not answer, and a `close` event may be handled, where no manifest says it, ms. */
  eventMs: number;
  /** Wait before a service is started again, ms; before each further attempt it doubles. */
  firstRestartMs: number;
  /** The longest wait before a service is started again, ms. */
  longestRestartMs: number;
  /** An isolate that has run for so long is healthy, ms: the waits begin with the first one again. */
  healthyMs: number;
  /** How long a place is kept for a session whose socket does not open, ms. */
  placeMs: number;
  /** Time without progress after which a client with queued messages is closed, ms; it grows with the queued bytes. */
  stallMs: number;
  /** Over `ws`: how long a client may take to answer a close, ms; more for each byte that waits. */
  closeMs: number;
  /** Over `ws`: how long a client may take for the head of a request, and for each part of an answer, ms. */
  requestMs: number;
  /** How long a client may take to say anything over TLS, the handshake included, ms. */
  helloMs: number;
  /** Time limit for closing handshakes when the server stops, ms. */
  goodbyeMs: number;
  /** How long a peer may take to answer the handshake of an outbound client of Dirigible, ms. */
  dialMs: number;
}

/** The waits of every server. */
export const WAITS: Readonly<Waits> = {
  startMs: 10_000,
  eventMs: 5_000,
  firstRestartMs: 100,
  longestRestartMs: 30_000,
  healthyMs: 60_000,
  placeMs: 5_000,
  stallMs: 30_000,
  closeMs: 5_000,
  requestMs: 10_000,
  helloMs: 10_000,
  goodbyeMs: 2_000,
  dialMs: 10_000,
};

/**
 * Key of an option of `Switchboard.open()` with which a test shortens waits. It is not part of the public
 * options: an operator has no reason to change a wait.
 */
export const WAITS_KEY: unique symbol = Symbol("waits");

/** Options of a server with other time limits. */
export interface WithWaits {
  /** Those that differ from {@linkcode WAITS}. */
  [WAITS_KEY]?: Partial<Waits> | undefined;
}
