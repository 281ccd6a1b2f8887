import type { Connection } from "../hub/mod.ts";

/** The listener of a socket. Each function is called at most once, except `message`; nothing comes after `closed`. */
export interface SocketEvents {
  opened(connection: Connection): void;
  message(data: string | Uint8Array<ArrayBuffer>): void;
  /** A message was larger than it may be, and was not read: the socket is being closed with 1009. */
  oversized(): void;
  closed(code: number, reason: string): void;
}

/** How a socket is accepted. */
export interface AcceptOptions {
  protocol: string | null;
  /** Of the 101 response. */
  headers: Headers;
  /** Largest message that the session takes, bytes; 0: no limit. */
  maxMessageBytes: number;
}

/** Where a connection comes from. */
export interface Remote {
  /** IP address. */
  hostname: string;
  port: number;
}

/** Answers a request. Never rejects. */
export type Answer = (request: Request, remote: Remote) => Response | Promise<Response>;

/** A port that is listened on. */
export interface Listening {
  readonly port: number;
  /** Ends all connections. */
  close(): Promise<void>;
}

/** Takes requests, and turns some of them into sockets. */
export interface Transport {
  readonly name: string;
  /**
   * Starts to listen.
   *
   * @param port 0: any free one.
   * @throws {Error} If the port is taken or must not be used.
   */
  listen(
    hostname: string,
    port: number,
    answer: Answer,
    onError: (error: unknown) => void,
  ): Promise<Listening>;
  /** Accepts the request; the response must be returned at once. */
  accept(request: Request, options: AcceptOptions, events: SocketEvents): Response;
  /** Resolves to true when no socket is left, or to false after a time, ms. */
  allClosed(timeoutMs: number): Promise<boolean>;
}
