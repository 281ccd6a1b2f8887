import { SwitchboardError } from "../../base/errors.ts";
import { closeCodeProblem } from "../../base/close_code.ts";
import { callSite, placed } from "./call_site.ts";
import { Changes } from "./changes.ts";
import { openSocket } from "./socket.ts";
import type { WebSocket } from "../../base/ws.d.ts";

/** A received message: text, or the bytes of a binary message. */
export type ReceivedMessage = string | Uint8Array<ArrayBuffer>;

/** How to connect. */
export interface ConnectOptions {
  /** Headers of the handshake, such as `authorization`, `cookie` or `origin`. */
  headers?: Record<string, string>;
  /** Subprotocols to request. */
  protocols?: readonly string[];
  /** Query parameters. */
  params?: Record<string, string>;
  /** Time limit of each wait, ms. Default: 5,000, or that of the board. */
  deadlineMs?: number;
}

/** How to connect to any server. */
export interface ClientOptions extends ConnectOptions {
  /** Additional text for errors: a {@linkcode TestBoard} adds the warnings of its log. */
  explain?: () => string;
}

/** How a socket ended. */
export interface Closed {
  /** Close code; 1006: without a close frame. */
  code: number;
  /** Close reason. */
  reason: string;
}

/** Limits of the messages that an error shows, and of the length of each. */
const SHOWN = 10;
const SHOWN_CHARS = 80;

/** Time limit of each wait, ms. */
export const DEADLINE_MS = 5_000;

/**
 * A websocket client whose messages a test awaits one by one, in order. `Received` and `Sent`
 * are the types of its JSON messages.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { TestBoard, type TestClient } from "@switchboard/switchboard/testing";
 *
 * type News = { type: "joined"; name: string } | { type: "said"; text: string } | { type: "welcome" };
 *
 * await using board = await TestBoard.start({ root: ".", service: "chat" });
 * const join = (name: string): Promise<TestClient<News>> => board.connect("chat", { params: { name } });
 * const ann = await join("Ann");
 * const ben = await join("Ben");
 * ben.send("hi");
 * const { text } = await ann.nextJson((news) => news.type === "said");
 * assertEquals(text, "hi");
 * ```
 */
// deno-lint-ignore no-explicit-any
export class TestClient<Received = any, Sent = unknown> implements AsyncDisposable {
  /** Where it is connected to. */
  readonly url: string;
  readonly #deadlineMs: number;
  readonly #explain: () => string;
  readonly #changes = new Changes();
  readonly #received: ReceivedMessage[] = [];
  readonly #waiting: ReceivedMessage[] = [];
  #socket: WebSocket | null = null;
  #closed: Closed | null = null;

  private constructor(url: string, deadlineMs: number, explain: () => string) {
    this.url = url;
    this.#deadlineMs = deadlineMs;
    this.#explain = explain;
  }

  /**
   * Connects to any server; {@linkcode TestBoard.connect} connects to its own.
   *
   * @param url Its `ws:` or `wss:` URL.
   * @param options How to connect.
   * @throws {HandshakeError} If the server refuses, with status and body.
   * @throws {SwitchboardError} `SB_HANDSHAKE`, if it cannot be reached.
   */
  // deno-lint-ignore no-explicit-any
  static async open<Received = any, Sent = unknown>(
    url: string,
    options: ClientOptions = {},
  ): Promise<TestClient<Received, Sent>> {
    const { headers = {}, protocols = [], params = {}, deadlineMs = DEADLINE_MS } = options;
    const target = new URL(url);
    for (const [name, value] of Object.entries(params)) target.searchParams.append(name, value);
    const client = new TestClient<Received, Sent>(
      target.href,
      deadlineMs,
      options.explain ?? (() => ""),
    );
    client.#socket = await openSocket({ url: target.href, protocols, headers, deadlineMs }, {
      message: (message) => {
        client.#received.push(message);
        client.#waiting.push(message);
        client.#changes.tell();
      },
      closed: (code, reason) => {
        client.#closed = { code, reason };
        client.#changes.tell();
      },
    });
    return client;
  }

  /** The sub-protocol that the server chose; empty: none. */
  get protocol(): string {
    return this.#socket!.protocol;
  }

  /** All received messages, the oldest first. */
  get received(): readonly ReceivedMessage[] {
    return this.#received;
  }

  /** Messages that were received and not awaited yet. */
  get waiting(): readonly ReceivedMessage[] {
    return this.#waiting;
  }

  /**
   * Sends text, or bytes as a binary message.
   *
   * @param message The message to send.
   * @throws {TypeError} If it is neither: {@linkcode sendJson} sends other values.
   * @throws {SwitchboardError} `SB_CLOSED`, if the socket is closed.
   */
  send(message: string | Uint8Array): void {
    if (typeof message !== "string" && !(message instanceof Uint8Array)) {
      throw new TypeError(`Cannot send ${Deno.inspect(message)}: expected text or bytes`);
    }
    if (this.#closed !== null) throw this.#gone("Cannot send");
    this.#socket!.send(message);
  }

  /**
   * Sends a value as JSON text.
   *
   * @param value The value to send.
   * @throws {TypeError} If JSON cannot hold it.
   * @throws {SwitchboardError} `SB_CLOSED`, if the socket is closed.
   */
  sendJson(value: Sent): void {
    this.send(JSON.stringify(value));
  }

  /**
   * The next text.
   *
   * @param isWanted Skips messages for which it is false, and bytes. Default: takes the next message.
   * @throws {SwitchboardError} `SB_TIMEOUT`, if it does not come in time; `SB_CLOSED`, if the socket is closed.
   * @throws {TypeError} If the message is bytes.
   */
  next(isWanted?: (text: string) => boolean): Promise<string> {
    return this.#next("text", textOf, isWanted);
  }

  /**
   * The bytes of the next binary message.
   *
   * @param isWanted Skips messages for which it is false, and texts. Default: takes the next message.
   * @throws {SwitchboardError} `SB_TIMEOUT`, if it does not come in time; `SB_CLOSED`, if the socket is closed.
   * @throws {TypeError} If the message is text.
   */
  nextBytes(
    isWanted?: (bytes: Uint8Array<ArrayBuffer>) => boolean,
  ): Promise<Uint8Array<ArrayBuffer>> {
    return this.#next("bytes", bytesOf, isWanted);
  }

  /**
   * The next message that a condition holds for, from JSON.
   *
   * @param isWanted Skips messages for which it is false, and those that are not JSON.
   * @throws {SwitchboardError} `SB_TIMEOUT`, if it does not come in time; `SB_CLOSED`, if the socket is closed.
   */
  nextJson<T extends Received>(isWanted: (value: Received) => value is T): Promise<T>;
  /**
   * The next message, from JSON.
   *
   * @param isWanted Skips messages for which it is false, and those that are not JSON. Default: takes the next message.
   * @throws {SwitchboardError} `SB_TIMEOUT`, if it does not come in time; `SB_CLOSED`, if the socket is closed.
   * @throws {TypeError} If the message is not JSON.
   */
  nextJson<T extends Received = Received>(isWanted?: (value: T) => boolean): Promise<T>;
  nextJson<T extends Received>(isWanted?: (value: T) => boolean): Promise<T> {
    return this.#next("JSON", jsonOf<T>, isWanted);
  }

  /**
   * How the socket ended.
   *
   * @throws {SwitchboardError} `SB_TIMEOUT`, if it does not end in time.
   */
  untilClosed(): Promise<Closed> {
    const site = callSite();
    return this.#changes.wait({
      look: () => this.#closed ?? undefined,
      deadlineMs: this.#deadlineMs,
      failure: () => placed(this.#late("The socket", "was not closed"), site),
    });
  }

  /**
   * Closes the socket and waits for the server's close frame, up to the time limit.
   *
   * @param code Close code. Default: 1000.
   * @param reason Text for the server, at most 123 bytes.
   * @returns How the socket ended.
   * @throws {RangeError} If the code must not be sent, or the reason is too long.
   */
  async close(code = 1000, reason = ""): Promise<Closed> {
    if (this.#closed !== null) return this.#closed;
    const problem = closeCodeProblem(code);
    if (problem !== null) throw new RangeError(problem);
    this.#socket!.close(code, reason);
    return await this.untilClosed().catch(() => this.drop());
  }

  /**
   * Drops the connection without a close frame, as a failing network does.
   *
   * @returns How the socket ended.
   */
  drop(): Promise<Closed> {
    this.#socket!.terminate();
    return this.untilClosed();
  }

  /** Says goodbye. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #next<T>(
    kind: string,
    read: (message: ReceivedMessage) => { value: T } | null,
    isWanted?: (value: T) => boolean,
  ): Promise<T> {
    const site = callSite();
    return this.#changes.wait({
      look: () => {
        while (this.#waiting.length > 0) {
          const message = this.#waiting.shift()!;
          const found = read(message);
          if (found !== null && (isWanted === undefined || isWanted(found.value))) return found;
          if (isWanted === undefined) {
            const problem = `Expected ${kind} from ${this.url}, got ${show(message)}`;
            throw placed(new TypeError(problem), site);
          }
        }
        if (this.#closed !== null) {
          throw placed(this.#gone(`No ${kind} can arrive any more`), site);
        }
      },
      deadlineMs: this.#deadlineMs,
      failure: () => {
        const what = isWanted === undefined ? kind : `expected ${kind}`;
        return placed(this.#late(what, "did not come"), site);
      },
    }).then(({ value }) => value);
  }

  #gone(what: string): SwitchboardError {
    const { code, reason } = this.#closed!;
    return new SwitchboardError(
      "SB_CLOSED",
      `${what}: the socket at ${this.url} was closed with ${code}` +
        `${reason === "" ? "" : ` "${reason}"`}; ${this.#story()}${this.#explain()}`,
    );
  }

  #late(what: string, didNot: string): SwitchboardError {
    const subject = what.charAt(0).toUpperCase() + what.slice(1);
    return new SwitchboardError(
      "SB_TIMEOUT",
      `${subject} ${didNot} within ${this.#deadlineMs / 1000} s at ${this.url}; ` +
        `${this.#story()}${this.#explain()}`,
    );
  }

  /** The messages received so far, for the text of an error. */
  #story(): string {
    const all = this.#received;
    if (all.length === 0) return "nothing has come so far";
    const shown = all.slice(-SHOWN).map(show).join(", ");
    const left = all.length > SHOWN ? `, the last ${SHOWN} of them` : "";
    return `${all.length} ${all.length === 1 ? "message has" : "messages have"} come so far` +
      `${left}: ${shown}`;
  }
}

function textOf(message: ReceivedMessage): { value: string } | null {
  return typeof message === "string" ? { value: message } : null;
}

function bytesOf(message: ReceivedMessage): { value: Uint8Array<ArrayBuffer> } | null {
  return typeof message === "string" ? null : { value: message };
}

function jsonOf<T>(message: ReceivedMessage): { value: T } | null {
  if (typeof message !== "string") return null;
  try {
    return { value: JSON.parse(message) };
  } catch {
    return null;
  }
}

function show(message: ReceivedMessage): string {
  if (typeof message !== "string") {
    return `${message.length} ${message.length === 1 ? "byte" : "bytes"}`;
  }
  const isObject = /^[{[]/.test(message) && jsonOf(message) !== null;
  const text = isObject ? message : JSON.stringify(message);
  return text.length > SHOWN_CHARS ? `${text.slice(0, SHOWN_CHARS - 4)}..."` : text;
}
