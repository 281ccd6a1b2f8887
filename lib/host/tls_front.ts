import { messageOf, SwitchboardError } from "../base/errors.ts";
import type { KeyPair } from "./tls.ts";

/** How long the own port may be missing while it is taken again, ms. */
const RETAKE_MS = 5_000;
/** Where the server listens for it, and where it connects from. */
export const LOCAL = "127.0.0.1";

/**
 * Speaks TLS with clients and plain HTTP with the server, on a port of this machine that answers no other
 * program. Deno's own HTTPS takes one certificate for good, and stopping it closes all websockets; here the certificate
 * is replaced while all clients stay connected.
 */
export class TlsFront {
  /** Null while it is exchanged, and once it is closed. */
  #listener: Deno.TlsListener | null = null;
  #isClosed = false;
  #exchanged: Promise<void> = Promise.resolve();
  /** Where it listens. */
  readonly port: number;
  readonly #open = new Set<Deno.Conn>();
  /** Addresses of clients, by the port that the server sees them at. */
  readonly #clients = new Map<number, string>();

  /**
   * @param inner Port of the server, on this machine.
   * @param helloMs How long a client may take to say anything, its part of the TLS handshake included.
   * @throws {SwitchboardError} `SB_TLS`, if the certificate and the key are none, or not of each other.
   */
  constructor(
    private readonly hostname: string,
    port: number,
    pair: KeyPair,
    private readonly inner: number,
    private readonly helloMs: number,
    private readonly onError: (error: unknown) => void,
  ) {
    check(hostname, pair);
    this.port = this.#listen(port, pair);
  }

  #listen(port: number, pair: KeyPair): number {
    const listener = Deno.listenTls({ hostname: this.hostname, port, ...pair });
    this.#listener = listener;
    this.#accept(listener);
    return (listener.addr as Deno.NetAddr).port;
  }

  #unlisten(): void {
    const listener = this.#listener;
    // First, so that waiting callers know that the end was intended.
    this.#listener = null;
    listener?.close();
  }

  /** The client behind an address and port that the server sees; undefined: not opened by this front end. */
  clientAt({ hostname, port }: { hostname: string; port: number }): string | undefined {
    // The same port of another address of this machine is another program's.
    return hostname === LOCAL ? this.#clients.get(port) : undefined;
  }

  /**
   * Uses another certificate for those that connect from now on. Of several at once, the last one counts.
   *
   * @throws {SwitchboardError} `SB_TLS`, if it is none, or not of its key: then the one before it stays;
   * `SB_LISTEN`, if another program has taken the port meanwhile.
   */
  async exchange(pair: KeyPair): Promise<void> {
    check(this.hostname, pair);
    // Two that take the port at the same time would keep it from each other.
    const exchanged = this.#exchanged.then(() => this.#exchange(pair));
    this.#exchanged = exchanged.catch(() => {});
    await exchanged;
  }

  async #exchange(pair: KeyPair): Promise<void> {
    this.#unlisten();
    for (const until = performance.now() + RETAKE_MS;;) {
      try {
        if (!this.#isClosed) this.#listen(this.port, pair);
        return;
      } catch (error) {
        if (performance.now() > until) {
          throw new SwitchboardError(
            "SB_LISTEN",
            `Cannot listen on ${this.hostname}:${this.port} again: ${messageOf(error)}`,
            { cause: error },
          );
        }
      }
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  /** Ends all connections. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#unlisten();
    for (const connection of this.#open) end(connection);
  }

  async #accept(listener: Deno.TlsListener): Promise<void> {
    while (true) {
      let client: Deno.TlsConn;
      try {
        client = await listener.accept();
      } catch (error) {
        // Closed, to be exchanged or for good.
        if (listener !== this.#listener) return;
        this.onError(error);
        // Out of descriptors, for example: they come back.
        await new Promise((resolve) => setTimeout(resolve, 100));
        continue;
      }
      this.#serve(client).catch(() => {});
    }
  }

  async #serve(client: Deno.TlsConn): Promise<void> {
    this.#open.add(client);
    const deadline = setTimeout(() => end(client), this.helloMs);
    let server: Deno.TcpConn | null = null;
    try {
      const chunk = new Uint8Array(16 * 1024);
      const count = await client.read(chunk);
      clearTimeout(deadline);
      if (count === null || this.#isClosed) return;
      server = await Deno.connect({ hostname: LOCAL, port: this.inner });
      this.#open.add(server);
      server.setNoDelay();
      this.#clients.set(server.localAddr.port, client.remoteAddr.hostname);
      await writeAll(server, chunk.subarray(0, count));
      // Where one side ends, so does the other.
      await Promise.race([
        client.readable.pipeTo(server.writable),
        server.readable.pipeTo(client.writable),
      ]);
    } finally {
      clearTimeout(deadline);
      this.#open.delete(client);
      end(client);
      if (server !== null) {
        this.#open.delete(server);
        this.#clients.delete(server.localAddr.port);
        end(server);
      }
    }
  }
}

async function writeAll(connection: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
}

function end(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch {
    // It has ended by itself.
  }
}

/** Makes sure that they are a certificate and its key. */
function check(hostname: string, { cert, key }: KeyPair): void {
  try {
    Deno.listenTls({ hostname, port: 0, cert, key }).close();
  } catch (error) {
    if (error instanceof Deno.errors.AddrNotAvailable) return;
    throw new SwitchboardError(
      "SB_TLS",
      `Cannot use the certificate and the key: ${messageOf(error)}`,
      { cause: error },
    );
  }
}
