import { messageText } from "../../../base/message_text.ts";
import type { DirigibleEvent } from "./event.ts";
import type { Handler } from "./handler.ts";

/** Limit of messages queued until the connection is open, bytes or UTF-16 units. */
const MAX_WAITING = 16 * 1024 * 1024;

/** The description of a client. */
export interface ClientInfo {
  /** Its id. */
  id: string;
  /** Where it is connected to. */
  uri: string;
  /** Module id of its handler. */
  handler: string;
  /** Name of the runtime that it was asked for. */
  engine: string;
}

/**
 * An outbound connection, whose events go to a handler module.
 *
 * @example
 * ```ts
 * import { createWebsocket, type WebsocketClient } from "net/websockets";
 *
 * export function ask(question: string): WebsocketClient {
 *   const client = createWebsocket("wss://answers.example.com/", "answers/handler");
 *   client.send(question);
 *   return client;
 * }
 * ```
 */
export class WebsocketClient {
  /** Its id. */
  readonly id: string = crypto.randomUUID();
  readonly #info: ClientInfo;
  readonly #socket: WebSocket;
  readonly #handler: Handler;
  readonly #onGone: () => void;
  #state: "connecting" | "open" | "closing" | "closed" = "connecting";
  #waiting: string[] = [];
  #waitingLength = 0;
  /** The handler's last call: the next one waits for it. */
  #busy: Promise<unknown> = Promise.resolve();

  /**
   * Connects.
   *
   * @param dialTimeoutMs How long the peer may take to answer the handshake, ms.
   * @param onGone Called when it is of no use any more.
   * @throws {Deno.errors.NotCapable} If the service must not connect there.
   */
  constructor(
    uri: string,
    handler: Handler,
    engine: string,
    dialTimeoutMs: number,
    onGone: () => void,
  ) {
    this.#info = { id: this.id, uri, handler: handler.id, engine };
    this.#handler = handler;
    this.#onGone = onGone;
    this.#socket = new WebSocket(uri);
    this.#socket.binaryType = "arraybuffer";
    const timer = setTimeout(
      () => this.#failed(`${uri} did not answer within ${dialTimeoutMs} ms`),
      dialTimeoutMs,
    );
    this.#socket.onopen = () => {
      clearTimeout(timer);
      this.#opened();
    };
    this.#socket.onmessage = ({ data }) => {
      const message = typeof data === "string" ? data : new Uint8Array(data);
      if (this.#state !== "closed") {
        this.#tell({ method: "onmessage", message, error: null }, message);
      }
    };
    this.#socket.onerror = (event) => {
      event.preventDefault();
      clearTimeout(timer);
      const { message } = event as ErrorEvent;
      if (this.#state === "connecting" || this.#waiting.length > 0) {
        this.#failed(`Cannot connect to ${uri}: ${message}`);
      } else if (this.#state === "open") this.#error(message);
    };
    this.#socket.onclose = ({ code }) => {
      clearTimeout(timer);
      this.#ended(code);
    };
  }

  /** Its description. */
  get info(): ClientInfo {
    return { ...this.#info };
  }

  /**
   * Sends a text; before the connection is open it is kept, and goes out first.
   *
   * @throws {Error} If it is closed, or too much waits to be sent.
   */
  send(text: unknown): void {
    const message = messageText(text);
    if (this.#state === "closing" || this.#state === "closed") {
      throw new Error(`Cannot send to ${this.#info.uri}: the client is closed`);
    }
    const waiting = this.#waitingLength + this.#socket.bufferedAmount;
    if (waiting + message.length > MAX_WAITING) {
      throw new Error(`Cannot send to ${this.#info.uri}: ${waiting} bytes wait for it already`);
    }
    if (this.#state === "open") {
      this.#socket.send(message);
    } else {
      this.#waiting.push(message);
      this.#waitingLength += message.length;
    }
  }

  /** Closes with 1000, after the messages sent before; a second call does nothing. */
  close(): void {
    if (this.#state === "closing" || this.#state === "closed") return;
    const wasOpen = this.#state === "open";
    this.#state = "closing";
    this.#onGone();
    // A client that is not open yet still has to deliver its messages.
    if (wasOpen) this.#socket.close(1000);
  }

  /** Closes with 1000, the one code that fits of those a client may send; resolves when the peer has answered. */
  end(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#socket.addEventListener("close", () => resolve());
    this.#state = "closed";
    if (this.#socket.readyState === WebSocket.CLOSED) resolve();
    else this.#socket.close(1000, "service stopping");
    return promise;
  }

  #opened(): void {
    for (const message of this.#waiting.splice(0)) this.#socket.send(message);
    this.#waitingLength = 0;
    const isClosing = this.#state === "closing";
    if (!isClosing) this.#state = "open";
    this.#tell({ method: "onopen", message: null, error: null });
    if (isClosing) this.#socket.close(1000);
  }

  /** It has never been open: there is nothing to close. */
  #failed(error: string): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#waiting = [];
    this.#onGone();
    this.#error(error);
    this.#socket.close();
  }

  #ended(code: number): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#onGone();
    // Deno says 0 where a connection was lost without a close frame (RFC 6455, section 7.1.5).
    this.#tell({ method: "onclose", message: null, error: null }, code === 0 ? 1006 : code);
  }

  #error(error: string): void {
    this.#tell({ method: "onerror", message: null, error }, error);
  }

  #tell(event: DirigibleEvent, ...args: unknown[]): void {
    this.#busy = this.#busy.then(() => this.#handler.call(event, "", ...args));
  }
}
