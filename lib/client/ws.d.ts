/**
 * The part of npm `ws` that a client uses. Its own types bring those of Node with them, which would take the place
 * of Deno's.
 *
 * @module
 */
import type { ClientRequest, IncomingMessage } from "node:http";

/** A socket of a client. */
export class WebSocket {
  constructor(url: string, protocols: string[], options: {
    headers: Record<string, string | string[]>;
    handshakeTimeout: number;
    closeTimeout: number;
    ca?: string;
  });
  readonly readyState: number;
  readonly OPEN: number;
  readonly protocol: string;
  send(data: string | Uint8Array, sent: (error?: Error | null) => void): void;
  ping(data: string): void;
  close(code: number, reason: string): void;
  terminate(): void;
  pause(): void;
  resume(): void;
  on(event: "open", listener: () => void): this;
  on(event: "message", listener: (data: Uint8Array, isBinary: boolean) => void): this;
  on(event: "ping" | "pong", listener: (data: Uint8Array) => void): this;
  on(
    event: "unexpected-response",
    listener: (request: ClientRequest, response: IncomingMessage) => void,
  ): this;
  on(event: "error", listener: (error: Error & { code?: string }) => void): this;
  on(event: "close", listener: (code: number, reason: Uint8Array) => void): this;
}
