/** How long anything may take to come, ms. */
const DEADLINE_MS = 15_000;

/** How to connect. */
export interface ClientOptions {
  protocols?: string[];
  headers?: Record<string, string>;
}

/** How a socket ended. */
export interface Closed {
  code: number;
  reason: string;
}

/** A websocket client whose messages are awaited one by one. */
export class Client implements AsyncDisposable {
  readonly closed: Promise<Closed>;
  readonly #socket: WebSocket;
  readonly #messages: (string | Uint8Array)[] = [];
  #wake: () => void = () => {};

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.binaryType = "arraybuffer";
    this.closed = new Promise((resolve) => {
      socket.addEventListener("close", ({ code, reason }) => {
        resolve({ code, reason });
        this.#wake();
      });
    });
    socket.addEventListener("error", () => {});
    socket.addEventListener("message", ({ data }) => {
      this.#messages.push(typeof data === "string" ? data : new Uint8Array(data));
      this.#wake();
    });
  }

  /** Connects; rejects if the server does not upgrade. */
  static async open(url: string, options: ClientOptions = {}): Promise<Client> {
    const client = new Client(new WebSocket(url, options));
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    client.#socket.addEventListener("open", () => resolve());
    client.#socket.addEventListener("close", () => reject(new Error(`No websocket at ${url}`)));
    await promise;
    return client;
  }

  /** The sub-protocol that the server chose. */
  get protocol(): string {
    return this.#socket.protocol;
  }

  send(message: string | Uint8Array<ArrayBuffer>): void {
    this.#socket.send(message);
  }

  /** The next message. */
  async next(): Promise<string | Uint8Array> {
    const until = performance.now() + DEADLINE_MS;
    while (this.#messages.length === 0) {
      if (this.#socket.readyState === WebSocket.CLOSED) throw new Error("The socket is closed");
      const left = until - performance.now();
      if (left <= 0) throw new Error("No message came in time");
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      const timer = setTimeout(resolve, left);
      await promise;
      clearTimeout(timer);
    }
    return this.#messages.shift()!;
  }

  /** The next message, from JSON. */
  // deno-lint-ignore no-explicit-any
  async json(): Promise<any> {
    return JSON.parse(await this.next() as string);
  }

  /** Messages that have come and were not awaited. */
  get waiting(): number {
    return this.#messages.length;
  }

  /** Says goodbye and waits for the answer. */
  async close(code?: number, reason?: string): Promise<Closed> {
    if (this.#socket.readyState <= WebSocket.OPEN) this.#socket.close(code, reason);
    return await this.closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
