import type { Connection } from "../hub/mod.ts";

/** Who hears of a socket. Each is called at most once, but for `message`; nothing comes after `closed`. */
export interface SocketEvents {
  opened(connection: Connection): void;
  message(data: string | Uint8Array<ArrayBuffer>): void;
  closed(code: number, reason: string): void;
}

/** How a socket is accepted. */
export interface AcceptOptions {
  protocol: string | null;
  /** Of the 101 response. */
  headers: Headers;
}

/** Turns an upgrade request into a socket. */
export interface Transport {
  readonly name: string;
  /** Accepts the request; the response must be returned at once. */
  accept(request: Request, options: AcceptOptions, events: SocketEvents): Response;
  /** Resolves to true when no socket is left, or to false after a time, ms. */
  allClosed(timeoutMs: number): Promise<boolean>;
}
