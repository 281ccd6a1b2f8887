// @ts-types="../../base/ws.d.ts"
import { WebSocket } from "ws";
import type { IncomingMessage } from "node:http";
import { type Attempt, refused, unconnected } from "./failure.ts";
import type { Target } from "./target.ts";

/** How long a server may take, ms. */
export interface Timeouts {
  /** To answer the handshake. */
  handshakeMs: number;
  /** To send the body of an answer that is not a websocket. */
  bodyMs: number;
  /** To answer a close. */
  closeMs: number;
}

const TIMEOUTS: Readonly<Timeouts> = { handshakeMs: 10_000, bodyMs: 3_000, closeMs: 3_000 };

/** How to connect. */
export interface ConversationOptions {
  /** Sent with the handshake. */
  headers: Record<string, string | string[]>;
  /** Subprotocols to offer, the favourite first. */
  protocols: string[];
  /** Certificate of the authority to trust, PEM. */
  ca?: string;
  timeouts?: Partial<Timeouts> | undefined;
}

/** Events of the server. */
export interface ConversationEvents {
  message(data: string | Uint8Array): void;
  ping?(text: string): void;
  /** @param tookMs Time since the ping; null: unsolicited. */
  pong?(text: string, tookMs: number | null): void;
}

/** How it ended. */
export interface Closed {
  code: number;
  reason: string;
  /** Whether this side wanted it. */
  isOwn: boolean;
  /** A violation of the protocol by the server; null: none. */
  problem: string | null;
}

/** Messages of one direction. */
export interface Traffic {
  messages: number;
  bytes: number;
}

/** A connection to a server, and its transferred messages. */
export class Conversation {
  /** Resolves when it has ended, however. */
  readonly closed: Promise<Closed>;
  readonly sent: Traffic = { messages: 0, bytes: 0 };
  readonly received: Traffic = { messages: 0, bytes: 0 };
  readonly #socket: WebSocket;
  readonly #pings: { text: string; at: number }[] = [];
  readonly #start = performance.now();
  #end: number | null = null;
  #isOwn = false;
  #isEnough = false;
  #problem: string | null = null;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    const { promise, resolve } = Promise.withResolvers<Closed>();
    this.closed = promise;
    socket.on("error", ({ message }) => this.#problem = message);
    socket.on("close", (code, reason) => {
      this.#end = performance.now();
      resolve({
        code,
        reason: decoder.decode(reason),
        isOwn: this.#isOwn,
        problem: this.#problem,
      });
    });
  }

  /**
   * Connects. Nothing is read before {@linkcode Conversation.listen}.
   *
   * @throws {SwitchboardError} `SB_CONNECT`, if no server listens there, or it speaks no websocket.
   */
  static open(target: Target, options: ConversationOptions): Promise<Conversation> {
    const { promise, resolve, reject } = Promise.withResolvers<Conversation>();
    const headers = { ...options.headers };
    if (target.authorization !== null) headers.authorization ??= target.authorization;
    const { handshakeMs, bodyMs, closeMs } = { ...TIMEOUTS, ...options.timeouts };
    const attempt: Attempt = {
      url: target.url,
      protocols: options.protocols,
      hasCredentials: headers.authorization !== undefined,
      handshakeMs,
      bodyMs,
    };
    const socket = new WebSocket(target.url, options.protocols, {
      headers,
      handshakeTimeout: handshakeMs,
      closeTimeout: closeMs,
      ca: options.ca,
    });
    socket.on("unexpected-response", (_, response: IncomingMessage) => {
      refused(attempt, response).then(reject).finally(() => socket.terminate());
    });
    // The first counts: once it is refused, the end of the socket is an error, too.
    socket.on("error", (error) => reject(unconnected(attempt, error)));
    socket.on("open", () => {
      socket.pause();
      resolve(new Conversation(socket));
    });
    return promise;
  }

  /** The subprotocol that the server chose; empty: none. */
  get protocol(): string {
    return this.#socket.protocol;
  }

  /** How long it lasts, or has lasted, ms. */
  get connectedMs(): number {
    return (this.#end ?? performance.now()) - this.#start;
  }

  /** Whether something can be sent. */
  get isOpen(): boolean {
    return this.#socket.readyState === this.#socket.OPEN;
  }

  /**
   * Begins to read.
   *
   * @param most Closes after that many messages; later ones are dropped.
   */
  listen(events: ConversationEvents, most = Infinity): void {
    const socket = this.#socket;
    socket.on("message", (data, isBinary) => {
      if (this.#isEnough) return;
      count(this.received, data.length);
      events.message(isBinary ? data : decoder.decode(data));
      if (this.received.messages < most) return;
      this.#isEnough = true;
      this.close();
    });
    socket.on("ping", (data) => events.ping?.(decoder.decode(data)));
    socket.on("pong", (data) => {
      const text = decoder.decode(data);
      events.pong?.(text, this.#answered(text));
    });
    socket.resume();
  }

  /** Sends a message; resolves when it is on its way, or nothing is any more. */
  send(data: string | Uint8Array): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const size = typeof data === "string" ? encoder.encode(data).length : data.length;
    this.#socket.send(data, (error) => {
      if (!error) count(this.sent, size);
      resolve();
    });
    return promise;
  }

  /** Sends a ping with this text. */
  ping(text: string): void {
    this.#pings.push({ text, at: performance.now() });
    this.#socket.ping(text);
  }

  /** Closes; a server that does not answer is cut off. Asked again, it does not wait for the answer. */
  close(code = 1000, reason = ""): void {
    if (!this.isOpen) return this.#socket.terminate();
    this.#isOwn = true;
    this.#socket.close(code, reason);
  }

  /** How long ago this ping was sent; a server may answer but the last of several. */
  #answered(text: string): number | null {
    const index = this.#pings.findIndex((ping) => ping.text === text);
    if (index < 0) return null;
    const [ping] = this.#pings.splice(0, index + 1).slice(-1);
    return performance.now() - ping!.at;
  }
}

const encoder = new TextEncoder();
/** As it came: a byte order mark is part of the text. */
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

function count(traffic: Traffic, bytes: number): void {
  traffic.messages++;
  traffic.bytes += bytes;
}
