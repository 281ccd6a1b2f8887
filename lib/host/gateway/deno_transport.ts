import type { Connection } from "../hub/mod.ts";
import { PendingCounter } from "../../base/pending_counter.ts";
import type { AcceptOptions, Answer, Listening, SocketEvents, Transport } from "./transport.ts";

/** Deno's reason for a dead peer. It reports 1001, although neither side has closed. */
const NO_PONG = "No response from ping frame.";

/** Sockets by `Deno.upgradeWebSocket`. */
export class DenoTransport implements Transport {
  readonly name = "deno";
  readonly #open = new PendingCounter();

  /** @param deadAfterSec Seconds without a pong after which a peer counts as dead; pings go out at half of it. */
  constructor(private readonly deadAfterSec: number = 60) {}

  listen(
    hostname: string,
    port: number,
    answer: Answer,
    onError: (error: unknown) => void,
  ): Promise<Listening> {
    const abort = new AbortController();
    return Promise.try(() => {
      const server = Deno.serve({
        hostname,
        port,
        signal: abort.signal,
        onListen: () => {},
        onError: (error) => {
          onError(error);
          return new Response("Internal Server Error\n", { status: 500 });
        },
      }, (request, { remoteAddr }) => answer(request, remoteAddr));
      const close = () => {
        abort.abort();
        return server.finished;
      };
      return { port: server.addr.port, close };
    });
  }

  accept(request: Request, options: AcceptOptions, events: SocketEvents): Response {
    // Deno would raise on a protocol list without blanks, after the upgrade: the header is set by hand.
    const { socket, response } = Deno.upgradeWebSocket(request, { idleTimeout: this.deadAfterSec });
    for (const [name, value] of options.headers) response.headers.append(name, value);
    if (options.protocol !== null) response.headers.set("sec-websocket-protocol", options.protocol);
    socket.binaryType = "arraybuffer";
    new DenoConnection(socket, events, this.#open);
    return response;
  }

  allClosed(timeoutMs: number): Promise<boolean> {
    return this.#open.zero(timeoutMs);
  }
}

/** One socket: turns Deno's reports at its end into one `closed`. */
class DenoConnection implements Connection {
  readonly #socket: WebSocket;
  #isOpen = false;
  #isClosed = false;

  constructor(socket: WebSocket, events: SocketEvents, open: PendingCounter) {
    this.#socket = socket;
    // Of one whose client has broken off before, Deno says nothing any more.
    socket.onopen = () => {
      this.#isOpen = true;
      open.enter();
      events.opened(this);
    };
    socket.onmessage = ({ data }) => {
      events.message(typeof data === "string" ? data : new Uint8Array(data as ArrayBuffer));
    };
    // No error listener: close tells all that is needed, and each listener costs 0.6 KB a socket.
    socket.onclose = ({ code, reason, wasClean }) => {
      if (this.#isClosed) return;
      this.#isClosed = true;
      if (this.#isOpen) open.leave();
      // Deno reports a connection that broke as code 0.
      const isLost = code === 0 || !wasClean && reason === NO_PONG;
      if (isLost) events.closed(1006, "");
      else events.closed(code, reason);
    };
  }

  send(message: string | Uint8Array<ArrayBuffer>): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(message);
  }

  buffered(): number {
    return this.#socket.bufferedAmount;
  }

  close(code: number, reason: string): void {
    if (this.#socket.readyState <= WebSocket.OPEN) this.#socket.close(code, reason);
  }
}
