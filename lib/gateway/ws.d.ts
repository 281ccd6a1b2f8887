/**
 * The part of npm `ws` that is used here. Its own types bring those of Node with them, which would take the place
 * of Deno's.
 *
 * @module
 */
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";

/** A socket of a server. */
export class WebSocket {
  readonly readyState: number;
  readonly OPEN: number;
  close(code: number, reason: string): void;
  terminate(): void;
  pause(): void;
  resume(): void;
  ping(): void;
  /** What was agreed upon, by name. No part of its interface: see `Inflater`. */
  readonly _extensions: Record<string, unknown>;
  on(event: "message", listener: (data: Uint8Array, isBinary: boolean) => void): this;
  on(event: "pong", listener: () => void): this;
  on(event: "error", listener: (error: Error & { code?: string }) => void): this;
  on(event: "close", listener: (code: number, reason: Uint8Array) => void): this;
}

/** What turns upgrade requests into sockets. */
export class WebSocketServer {
  readonly options: { maxPayload: number };
  constructor(options: {
    noServer: true;
    clientTracking: boolean;
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
