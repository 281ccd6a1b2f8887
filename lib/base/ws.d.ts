/**
 * The part of npm `ws` that is used here. Its own types bring those of Node with them, which would take the place
 * of Deno's.
 *
 * @module
 */
import type { ClientRequest, IncomingMessage } from "node:http";
import type { Socket } from "node:net";

/** How a client connects. */
export interface WebSocketOptions {
  headers: Record<string, string | string[]>;
  handshakeTimeout: number;
  closeTimeout?: number;
  perMessageDeflate?: false;
  ca?: string;
}

/** A socket, of a client or of a server. */
export class WebSocket {
  readonly readyState: number;
  readonly OPEN: number;
  readonly protocol: string;
  /** The negotiated extensions, by name. Not part of its public interface: see `Inflater`. */
  readonly _extensions: Record<string, unknown>;
  constructor(url: string, protocols: readonly string[], options: WebSocketOptions);
  send(message: string | Uint8Array, sent?: (error?: Error | null) => void): void;
  ping(data?: string): void;
  close(code?: number, reason?: string): void;
  terminate(): void;
  pause(): void;
  resume(): void;
  on(event: "open", listener: () => void): this;
  on(
    event: "message",
    listener: (this: WebSocket, data: Uint8Array, isBinary: boolean) => void,
  ): this;
  on(event: "ping" | "pong", listener: (this: WebSocket, data: Uint8Array) => void): this;
  on(
    event: "unexpected-response",
    listener: (request: ClientRequest, response: IncomingMessage) => void,
  ): this;
  on(event: "error", listener: (this: WebSocket, error: Error & { code?: string }) => void): this;
  on(event: "close", listener: (this: WebSocket, code: number, reason: Uint8Array) => void): this;
}

/** Turns upgrade requests into sockets. */
export class WebSocketServer {
  readonly options: { maxPayload: number };
  constructor(options: {
    noServer: true;
    clientTracking: boolean;
    WebSocket?: typeof WebSocket;
    perMessageDeflate: false | {
      serverNoContextTakeover: boolean;
      clientNoContextTakeover: boolean;
    };
  });
  on(event: "headers", listener: (lines: string[]) => void): this;
  handleUpgrade(
    request: IncomingMessage,
    socket: Socket,
    head: Uint8Array,
    opened: (socket: WebSocket) => void,
  ): void;
}
