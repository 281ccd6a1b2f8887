import { messageOf, SwitchboardError } from "./errors.ts";
import type { KeyPair } from "./tls.ts";

type Handler = (request: Request, info: Deno.ServeHandlerInfo<Deno.NetAddr>) => Promise<Response>;

/** The port that a server listens on; with TLS its certificate can be exchanged while sockets are open. */
export class Listener {
  #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #abort = new AbortController();
  /** Those that accept no more, and whose connections go on. */
  readonly #retired: Deno.HttpServer[] = [];

  /**
   * Starts to listen.
   *
   * @param port 0: any free one.
   * @param pair Null: no TLS.
   * @throws {SwitchboardError} `SB_LISTEN`, if the port is taken or must not be used; `SB_TLS`, if the
   * certificate and the key are none, or not of each other.
   */
  constructor(
    private readonly hostname: string,
    port: number,
    pair: KeyPair | null,
    private readonly handler: Handler,
    private readonly onError: (error: unknown) => void,
  ) {
    try {
      // Where ports may be shared, nobody would notice that one is taken.
      if (pair !== null) Deno.listen({ hostname, port }).close();
      this.#server = this.#serve(port, pair);
    } catch (error) {
      if (error instanceof SwitchboardError) throw error;
      throw new SwitchboardError(
        "SB_LISTEN",
        `Cannot listen on ${hostname}:${port}: ${listenProblem(error)}`,
        { cause: error },
      );
    }
  }

  /** Where it listens. */
  get port(): number {
    return this.#server.addr.port;
  }

  /**
   * Uses another certificate for those that connect from now on.
   *
   * @throws {SwitchboardError} `SB_TLS`, if it is none; then the one before it stays.
   */
  exchange(pair: KeyPair): void {
    const server = this.#serve(this.port, pair);
    this.#retired.push(this.#server);
    // It accepts no more; that its connections come to an end is not waited for.
    this.#server.shutdown().catch(this.onError);
    this.#server = server;
  }

  /** Ends all connections. */
  async close(): Promise<void> {
    this.#abort.abort();
    await Promise.allSettled([this.#server, ...this.#retired].map(({ finished }) => finished));
  }

  #serve(port: number, pair: KeyPair | null): Deno.HttpServer<Deno.NetAddr> {
    const options = {
      hostname: this.hostname,
      port,
      signal: this.#abort.signal,
      onListen: () => {},
      onError: (error: unknown) => {
        this.onError(error);
        return new Response("Internal Server Error\n", { status: 500 });
      },
    };
    if (pair === null) return Deno.serve(options, this.handler);
    try {
      return Deno.serve({ ...options, ...pair, reusePort: true }, this.handler);
    } catch (error) {
      if (isAboutPort(error)) throw error;
      throw new SwitchboardError(
        "SB_TLS",
        `Cannot use the certificate and the key: ${messageOf(error)}`,
        { cause: error },
      );
    }
  }
}

function isAboutPort(error: unknown): boolean {
  return error instanceof Deno.errors.AddrInUse || error instanceof Deno.errors.AddrNotAvailable ||
    error instanceof Deno.errors.PermissionDenied;
}

function listenProblem(error: unknown): string {
  if (error instanceof Deno.errors.AddrInUse) {
    return "another program listens there; stop it, or choose another port with --port (0: any free one)";
  }
  if (error instanceof Deno.errors.PermissionDenied) {
    return "ports below 1024 need more rights; choose another with --port";
  }
  if (error instanceof Deno.errors.AddrNotAvailable) {
    return "this machine has no such address; choose another with --hostname";
  }
  return messageOf(error);
}
