/**
 * The part of npm `ws` that test clients use. Its own types bring those of Node with them, which would take the
 * place of Deno's.
 *
 * @module
 */
import type { ClientRequest, IncomingMessage } from "node:http";

/** How to connect. */
export interface WebSocketOptions {
  headers: Record<string, string>;
  handshakeTimeout: number;
  perMessageDeflate: false;
}

/** A socket of a client. */
export class WebSocket {
  readonly readyState: number;
  readonly OPEN: number;
  readonly protocol: string;
  constructor(url: string, protocols: readonly string[], options: WebSocketOptions);
  send(message: string | Uint8Array): void;
  close(code?: number, reason?: string): void;
  terminate(): void;
  on(event: "open", listener: () => void): this;
  on(event: "message", listener: (data: Uint8Array, isBinary: boolean) => void): this;
  on(event: "error", listener: (error: Error) => void): this;
  on(event: "close", listener: (code: number, reason: Uint8Array) => void): this;
  on(
    event: "unexpected-response",
    listener: (request: ClientRequest, response: IncomingMessage) => void,
  ): this;
}
