/**
 * Slowest acceptable client, bytes per second. Transports do not report partial progress, so the stall timeout grows
 * with the bytes that are queued.
 */
export const LEAST_BYTES_PER_SEC = 64 * 1024;

/** Close code for a client that does not keep up. */
export const SLOW_CONSUMER = 3008;

/** The sending half of a socket, of any transport. */
export interface Connection {
  /** Never throws; after {@linkcode close} a no-op. */
  send(message: string | Uint8Array<ArrayBuffer>): void;
  /** Bytes that have not reached the kernel yet. */
  buffered(): number;
  /** Calls back once, in a later turn, when it could take more; none: the transport does not tell. */
  onceDrained?(handle: () => void): void;
  /** Starts the closing handshake; never throws. */
  close(code: number, reason: string): void;
  /** Reads nothing more from the client, as far as the transport can; a little may still come. */
  pause?(): void;
  /** Reads again. */
  resume?(): void;
}
