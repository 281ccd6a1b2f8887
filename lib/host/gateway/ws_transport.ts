import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
// @ts-types="../../base/ws.d.ts"
import { WebSocket, WebSocketServer } from "ws";
import { type Connection, LEAST_BYTES_PER_SEC, SLOW_CONSUMER } from "../hub/mod.ts";
import { PendingCounter } from "../../base/pending_counter.ts";
import { WAITS, type Waits } from "../../base/waits.ts";
import { DenoTransport } from "./deno_transport.ts";
import { acceptableOffer } from "./deflate_offer.ts";
import { deflatedFrameOf, frameOf } from "./frame.ts";
import { HttpConnections } from "./http_connections.ts";
import { Inflater } from "./inflater.ts";
import { hasBody, requestOf, writeRaw, writeResponse } from "./node_http.ts";
import type { AcceptOptions, Answer, Listening, SocketEvents, Transport } from "./transport.ts";
import { Turn, type Writer } from "./turn.ts";

/** Largest head of a request that is read at all, bytes. */
const MAX_HEADERS = 64 * 1024;

/** An upgrade request that waits for its verdict. */
interface Upgrade {
  message: IncomingMessage;
  socket: Socket;
  head: Uint8Array;
}

/** Name of the extension (RFC 7692). */
const DEFLATE = "permessage-deflate";

/** The answer to a client that takes compressed messages. One that asks for a smaller window gets none. */
const DEFLATES =
  /^sec-websocket-extensions: *permessage-deflate(?!.*server_max_window_bits=(?!15\b))/i;

/** Errors of `ws` for messages that are too long or have too many parts. */
const OVERSIZED: readonly unknown[] = [
  "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH",
  "WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH",
  "WS_ERR_TOO_MANY_BUFFERED_PARTS",
];

/** The answer to an upgrade request that was accepted: nothing is left to write. */
const ACCEPTED = Response.error();

/** Says why, where `ws` itself refuses a message. */
class ServerSocket extends WebSocket {
  override close(code?: number, reason?: string): void {
    super.close(code, reason ?? (code === 1009 ? "message too big" : undefined));
  }
}

/**
 * Sockets by npm `ws` on `node:http`. What a turn sends to a socket goes out in one write; messages that are too
 * large are rejected before they are read, and stuck clients are terminated.
 */
export class WsTransport implements Transport {
  readonly name = "ws";
  readonly #open = new PendingCounter();
  readonly #upgrades = new WeakMap<Request, Upgrade>();
  readonly #connections = new Map<WebSocket, WsConnection>();
  readonly #turn = new Turn(frameOf);
  /** For sockets that take compressed messages. */
  readonly #deflatingTurn = new Turn(deflatedFrameOf);
  /** For the upgrade that is being accepted, which happens at once. */
  #accepting: AcceptOptions | null = null;
  #deflates = false;
  readonly #sockets: WebSocketServer;
  #pings: ReturnType<typeof setInterval> | undefined;

  /** For requests that came to another `Deno.serve`. */
  readonly #foreign: DenoTransport;

  // For all sockets: functions of each would be memory that every idle client takes.
  readonly #onMessage = this.#listener((connection, data: Uint8Array, isBinary: boolean) =>
    connection.received(data, isBinary)
  );
  readonly #onPong = this.#listener((connection) => connection.isAlive = true);
  readonly #onError = this.#listener((connection, error: Error & { code?: string }) =>
    connection.failed(error)
  );
  readonly #onClose = this.#listener((connection, code: number, reason: Uint8Array) => {
    this.#connections.delete(connection.ws);
    this.#open.leave();
    connection.ended(code, reason);
  });

  /**
   * @param pingIntervalSec Seconds between pings; a client that answers neither of two is dead; 0: never.
   * @param compresses Whether clients that offer it are sent compressed messages, and may send them.
   */
  constructor(
    private readonly pingIntervalSec: number = 30,
    compresses: boolean = false,
    private readonly waits: Pick<Waits, "closeMs" | "requestMs"> = WAITS,
  ) {
    this.#foreign = new DenoTransport(2 * pingIntervalSec);
    this.#sockets = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      WebSocket: ServerSocket,
      // With context, each socket would cost some hundred KB, and no two could share the bytes of a message.
      perMessageDeflate: compresses &&
        { serverNoContextTakeover: true, clientNoContextTakeover: true },
    });
    this.#sockets.on("headers", (lines) => {
      const { headers, protocol } = this.#accepting!;
      this.#deflates = lines.some((line) => DEFLATES.test(line));
      for (const [name, value] of headers) lines.push(`${name}: ${value}`);
      if (protocol !== null) lines.push(`Sec-WebSocket-Protocol: ${protocol}`);
    });
  }

  async listen(
    hostname: string,
    port: number,
    answer: Answer,
    onError: (error: unknown) => void,
  ): Promise<Listening> {
    // Messages over our own limit are rejected here, with a reason.
    const server = createServer({ maxHeaderSize: MAX_HEADERS });
    const http = new HttpConnections(this.waits.requestMs);
    const left = function (this: Socket) {
      http.left(this);
    };
    server.on("connection", (socket: Socket) => {
      http.opened(socket);
      socket.on("close", left);
      socket.on("error", destroy);
    });
    const failed = (socket: Socket) => (error: unknown) => {
      socket.destroy();
      onError(error);
    };
    const asked = (message: IncomingMessage, response: ServerResponse) => {
      // A disconnect needs no handling, but an error event without a listener would end the process.
      message.on("error", () => {});
      response.on("error", () => {});
      this.#answer(message, response, http, answer).catch(failed(message.socket));
    };
    server.on("request", asked);
    // Whatever it expects: it gets an answer.
    server.on("checkExpectation", asked);
    server.on("upgrade", (message: IncomingMessage, socket: Socket, head: Uint8Array) => {
      message.on("error", () => {});
      this.#upgrade({ message, socket, head }, http, answer).catch(failed(socket));
    });
    server.on("connect", (_: IncomingMessage, socket: Socket) => {
      writeRaw(socket, new Response("Method Not Allowed\n", { status: 405 })).catch(onError);
    });
    server.on("clientError", (_: Error, socket: Socket) => {
      if (socket.writable) writeRaw(socket, new Response(null, { status: 400 })).catch(onError);
      else socket.destroy();
    });
    try {
      await listening(server, hostname, port);
    } catch (error) {
      // Their timer would keep a program alive whose server does not listen.
      http.close();
      throw error;
    }
    this.#startPings();
    const { port: actual } = server.address() as { port: number };
    return { port: actual, close: () => this.#close(server, http) };
  }

  accept(request: Request, options: AcceptOptions, events: SocketEvents): Response {
    const upgrade = this.#upgrades.get(request);
    if (upgrade === undefined) return this.#foreign.accept(request, options, events);
    this.#accepting = options;
    this.#sockets.options.maxPayload = options.maxMessageBytes;
    let isOpen = false;
    try {
      const { message, socket, head } = upgrade;
      // The key has been checked already, and ws is stricter about it.
      message.headers.upgrade = "websocket";
      delete message.headers["sec-websocket-protocol"];
      const offers = message.headers["sec-websocket-extensions"];
      const offer = offers === undefined ? null : acceptableOffer(offers);
      if (offer === null) delete message.headers["sec-websocket-extensions"];
      else message.headers["sec-websocket-extensions"] = offer;
      this.#sockets.handleUpgrade(message, socket, head, (ws) => {
        isOpen = true;
        this.#opened(ws, socket, options.maxMessageBytes, events);
      });
    } finally {
      this.#accepting = null;
    }
    // The client has disconnected meanwhile.
    if (!isOpen) events.closed(1006, "");
    return ACCEPTED;
  }

  async allClosed(timeoutMs: number): Promise<boolean> {
    const all = await Promise.all([
      this.#open.zero(timeoutMs),
      this.#foreign.allClosed(timeoutMs),
    ]);
    return all.every((isClosed) => isClosed);
  }

  #startPings(): void {
    if (this.pingIntervalSec === 0) return;
    this.#pings = setInterval(() => {
      for (const connection of this.#connections.values()) connection.ping();
    }, this.pingIntervalSec * 1000);
  }

  #opened(ws: WebSocket, socket: Socket, maxMessageBytes: number, events: SocketEvents): void {
    socket.setNoDelay(true);
    // Both sides have sent a close frame: the server does not wait for a client that keeps the connection open.
    socket.on("finish", destroy);
    const inflater = DEFLATE in ws._extensions ? new Inflater(maxMessageBytes) : null;
    if (inflater !== null) ws._extensions[DEFLATE] = inflater;
    const turn = this.#deflates ? this.#deflatingTurn : this.#turn;
    const connection = new WsConnection(ws, socket, turn, events, inflater, this.waits.closeMs);
    this.#connections.set(ws, connection);
    this.#open.enter();
    ws.on("message", this.#onMessage);
    ws.on("pong", this.#onPong);
    ws.on("error", this.#onError);
    ws.on("close", this.#onClose);
    events.opened(connection);
  }

  #listener<Args extends unknown[]>(
    handle: (connection: WsConnection, ...args: Args) => void,
  ): (this: WebSocket, ...args: Args) => void {
    const connections = this.#connections;
    return function (...args) {
      const connection = connections.get(this);
      if (connection !== undefined) handle(connection, ...args);
    };
  }

  async #answer(
    message: IncomingMessage,
    response: ServerResponse,
    http: HttpConnections,
    answer: Answer,
  ): Promise<void> {
    const { socket } = message;
    http.asked(socket);
    response.on("finish", () => http.clientsTurn(socket));
    const request = requestOf(message, false);
    const reply = request === null
      ? new Response(null, { status: 400 })
      : await answer(request, remoteOf(socket));
    http.replied(socket);
    const isHead = message.method === "HEAD";
    await writeResponse(response, reply, isHead, () => http.clientsTurn(socket));
  }

  async #upgrade(upgrade: Upgrade, http: HttpConnections, answer: Answer): Promise<void> {
    const { message, socket } = upgrade;
    http.asked(socket);
    const request = requestOf(message, true);
    if (request === null || hasBody(message)) {
      http.replied(socket);
      return await writeRaw(socket, new Response(null, { status: 400 }));
    }
    this.#upgrades.set(request, upgrade);
    const reply = await answer(request, remoteOf(socket));
    if (reply === ACCEPTED) return http.left(socket);
    http.replied(socket);
    await writeRaw(socket, reply, message.method === "HEAD");
  }

  async #close(server: Server, http: HttpConnections): Promise<void> {
    clearInterval(this.#pings);
    const { promise, resolve } = Promise.withResolvers<void>();
    server.close(() => resolve());
    http.close();
    for (const connection of this.#connections.values()) connection.terminate();
    await promise;
  }
}

/** One socket. */
class WsConnection implements Connection, Writer {
  /** Whether anything has come since it was last pinged. */
  isAlive = true;
  #isPaused = false;
  /** Whether messages were sent, and something has waited since. */
  #isSending = false;
  #cutOff: ReturnType<typeof setTimeout> | undefined;

  constructor(
    readonly ws: WebSocket,
    private readonly socket: Socket,
    private readonly turn: Turn,
    private readonly events: SocketEvents,
    private readonly inflater: Inflater | null,
    private readonly closeMs: number,
  ) {}

  received(data: Uint8Array, isBinary: boolean): void {
    this.isAlive = true;
    if (this.inflater?.isBroken === true) return this.close(1007, "no deflate stream");
    // A copy, because the message may be part of a larger buffer, and is given away.
    this.events.message(isBinary ? new Uint8Array(data) : decoder.decode(data));
  }

  /** The input is not a websocket any more, or too large: the socket is being closed and drops further input. */
  failed({ code }: { code?: string }): void {
    // To end the connection with something unread would be a reset, and the client would not learn why.
    this.socket.off("finish", destroy);
    this.#cutOff ??= setTimeout(() => this.terminate(), this.closeMs);
    if (OVERSIZED.includes(code)) this.events.oversized();
  }

  send(message: string | Uint8Array<ArrayBuffer>): void {
    if (this.ws.readyState === this.ws.OPEN) this.turn.send(this, message);
  }

  write(chunks: readonly Uint8Array[]): void {
    const { socket } = this;
    if (!socket.writable) return;
    // Corked, many cost as much as one, and are not copied.
    if (chunks.length > 1) socket.cork();
    for (const chunk of chunks) socket.write(chunk);
    if (chunks.length > 1) socket.uncork();
    this.#isSending = true;
  }

  buffered(): number {
    return this.socket.writableLength + this.turn.waiting(this);
  }

  onceDrained(handle: () => void): void {
    // The messages of this turn may be written at once at its end, and then there is no event.
    queueMicrotask(() => {
      if (this.socket.writableNeedDrain) this.socket.once("drain", handle);
      else handle();
    });
  }

  pause(): void {
    if (this.#isPaused) return;
    this.ws.pause();
    this.inflater?.hold();
    this.#isPaused = true;
  }

  resume(): void {
    this.ws.resume();
    this.inflater?.release();
    this.#isPaused = false;
    // There was no listener for its answers.
    this.isAlive = true;
  }

  /** Ends it without a word. */
  terminate(): void {
    this.ws.terminate();
    this.inflater?.release();
  }

  close(code: number, reason: string): void {
    if (this.ws.readyState > this.ws.OPEN) return;
    // Its answer is to be heard.
    if (this.#isPaused) this.resume();
    // The close comes after everything that was sent before it.
    this.turn.flush(this);
    this.ws.close(code, reason);
    // Messages sent before should arrive, but a slow consumer has had its time already.
    const waits = code === SLOW_CONSUMER ? 0 : this.socket.writableLength;
    const untilSent = waits / LEAST_BYTES_PER_SEC * 1000;
    this.#cutOff ??= setTimeout(() => this.terminate(), this.closeMs + untilSent);
  }

  ping(): void {
    if (this.#isPaused) return;
    this.#isSending &&= this.socket.writableLength > 0;
    // A ping would come after the messages that wait; whether any of them are taken, the hub looks after.
    if (this.#isSending) return void (this.isAlive = true);
    if (!this.isAlive) return this.terminate();
    this.isAlive = false;
    if (this.ws.readyState === this.ws.OPEN) this.ws.ping();
  }

  /** It is closed. */
  ended(code: number, reason: Uint8Array): void {
    clearTimeout(this.#cutOff);
    if (this.inflater?.isBroken === true) this.events.closed(1007, "");
    else this.events.closed(code, decoder.decode(reason));
  }
}

/** A listener of sockets. */
function destroy(this: Socket): void {
  this.destroy();
}

const decoder = new TextDecoder();

function remoteOf(socket: Socket): { hostname: string; port: number } {
  return { hostname: socket.remoteAddress ?? "", port: socket.remotePort ?? 0 };
}

function listening(server: Server, hostname: string, port: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  server.listen(port, hostname, () => {
    server.off("error", reject);
    resolve();
  });
  return promise;
}
