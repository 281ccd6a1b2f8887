import { messageOf, SwitchboardError } from "./errors.ts";
import type { KeyPair } from "./tls.ts";
import { TlsFront } from "./tls_front.ts";

/** Who is at the other end, and how they speak. */
export interface Caller {
  /** IP address. */
  address: string;
  scheme: "http" | "https";
}

type Handler = (request: Request, caller: Caller) => Promise<Response>;

/** The port that a server listens on. */
export class Listener {
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #front: TlsFront | null = null;
  readonly #abort = new AbortController();

  /**
   * Starts to listen.
   *
   * @param port 0: any free one.
   * @param pair Null: no TLS.
   * @throws {SwitchboardError} `SB_LISTEN`, if the port is taken or must not be used; `SB_TLS`, if the
   * certificate and the key are none, or not of each other.
   */
  constructor(
    hostname: string,
    port: number,
    pair: KeyPair | null,
    private readonly handler: Handler,
    private readonly onError: (error: unknown) => void,
  ) {
    try {
      if (pair === null) {
        this.#server = this.#serve(hostname, port);
      } else {
        this.#server = this.#serve("127.0.0.1", 0);
        this.#front = new TlsFront(hostname, port, pair, this.#server.addr.port, onError);
      }
    } catch (error) {
      this.#abort.abort();
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
    return this.#front?.port ?? this.#server.addr.port;
  }

  /**
   * Uses another certificate for those that connect from now on.
   *
   * @throws {SwitchboardError} `SB_TLS`, if it is none, then the one before it stays; `SB_LISTEN`, if somebody
   * else has taken the port meanwhile.
   */
  async exchange(pair: KeyPair): Promise<void> {
    await this.#front?.exchange(pair);
  }

  /** Ends all connections. */
  async close(): Promise<void> {
    this.#front?.close();
    this.#abort.abort();
    await this.#server.finished;
  }

  #serve(hostname: string, port: number): Deno.HttpServer<Deno.NetAddr> {
    return Deno.serve({
      hostname,
      port,
      signal: this.#abort.signal,
      onListen: () => {},
      onError: (error) => {
        this.onError(error);
        return new Response("Internal Server Error\n", { status: 500 });
      },
    }, (request, { remoteAddr }) => this.#answer(request, remoteAddr));
  }

  #answer(request: Request, { hostname, port }: Deno.NetAddr): Response | Promise<Response> {
    if (this.#front === null) return this.handler(request, { address: hostname, scheme: "http" });
    const address = this.#front.clientAt(port);
    if (address !== undefined) return this.handler(request, { address, scheme: "https" });
    return new Response("This port is the server's own\n", { status: 403 });
  }
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
