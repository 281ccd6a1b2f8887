import type { Socket } from "node:net";

/** Interval of the checks for slow clients, ms. */
const SWEEP_MS = 1_000;

interface Exchange {
  /** Requests that the server has not replied to. */
  asked: number;
  /** When it is cut off. */
  until: number;
}

/**
 * Connections while they speak HTTP. A client that keeps the server waiting is closed, also one that sends a byte now
 * and then: a head must be complete in time. While the server keeps the client waiting, no time passes.
 */
export class HttpConnections {
  readonly #all = new Map<Socket, Exchange>();
  // One clock for all: a timer for each connection is memory that idle clients would keep using.
  readonly #sweeps: ReturnType<typeof setInterval>;

  /** @param patienceMs How long a client may take for the head of a request, and for each part of an answer. */
  constructor(private readonly patienceMs: number) {
    this.#sweeps = setInterval(() => this.#sweep(), Math.min(SWEEP_MS, patienceMs));
  }

  /** A client has connected. */
  opened(socket: Socket): void {
    this.#all.set(socket, { asked: 0, until: performance.now() + this.patienceMs });
  }

  /** A request's head is complete. */
  asked(socket: Socket): void {
    const exchange = this.#all.get(socket);
    if (exchange === undefined) return;
    exchange.asked++;
    exchange.until = Infinity;
  }

  /** There is a reply to a request. */
  replied(socket: Socket): void {
    const exchange = this.#all.get(socket);
    if (exchange === undefined) return;
    exchange.asked--;
    this.clientsTurn(socket);
  }

  /** The client is to take a part of an answer now, or to ask again; unless it waits for another reply. */
  clientsTurn(socket: Socket): void {
    const exchange = this.#all.get(socket);
    if (exchange === undefined || exchange.asked > 0) return;
    exchange.until = performance.now() + this.patienceMs;
  }

  /** It has ended, or speaks HTTP no more. */
  left(socket: Socket): void {
    this.#all.delete(socket);
  }

  /** Ends all of them. */
  close(): void {
    clearInterval(this.#sweeps);
    for (const socket of this.#all.keys()) socket.destroy();
  }

  #sweep(): void {
    const now = performance.now();
    for (const [socket, { until }] of this.#all) {
      if (until <= now) socket.destroy();
    }
  }
}
