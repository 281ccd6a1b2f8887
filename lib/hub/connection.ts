/** The sending half of a socket, whatever transport it came through. */
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
