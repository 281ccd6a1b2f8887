import { messageOf, SwitchboardError } from "../base/errors.ts";
import { portHolder } from "./observe/mod.ts";
import type { KeyPair } from "./tls.ts";
import { LOCAL, TlsFront } from "./tls_front.ts";
import { WAITS } from "../base/waits.ts";

/** The remote end of a connection, and its scheme. */
export interface Caller {
  /** IP address. */
  address: string;
  scheme: "http" | "https";
}

/** The handler of requests. */
export interface Server {
  listen(
    hostname: string,
    port: number,
    answer: (
      request: Request,
      remote: { hostname: string; port: number },
    ) => Response | Promise<Response>,
    onError: (error: unknown) => void,
  ): Promise<{ readonly port: number; close(): Promise<void> }>;
  handle(request: Request, caller: Caller): Promise<Response>;
}

/** The port that a server listens on. */
export class Listener {
  #inner: { readonly port: number; close(): Promise<void> } | null = null;
  #front: TlsFront | null = null;

  private constructor(private readonly server: Server) {}

  /**
   * Starts to listen.
   *
   * @param port 0: any free one.
   * @param pair Null: no TLS.
   * @param helloMs How long a client may take to say anything over TLS.
   * @throws {SwitchboardError} `SB_LISTEN`, if the port is taken or must not be used; `SB_TLS`, if the
   * certificate and the key are none, or not of each other.
   */
  static async open(
    server: Server,
    hostname: string,
    port: number,
    pair: KeyPair | null,
    onError: (error: unknown) => void,
    helloMs: number = WAITS.helloMs,
  ): Promise<Listener> {
    const listener = new Listener(server);
    const answer = (request: Request, remote: { hostname: string; port: number }) =>
      listener.#answer(request, remote);
    try {
      if (pair === null) {
        listener.#inner = await server.listen(hostname, port, answer, onError);
      } else {
        listener.#inner = await server.listen(LOCAL, 0, answer, onError);
        const inner = listener.#inner.port;
        listener.#front = new TlsFront(hostname, port, pair, inner, helloMs, onError);
      }
      return listener;
    } catch (error) {
      await listener.close();
      if (error instanceof SwitchboardError) throw error;
      throw new SwitchboardError(
        "SB_LISTEN",
        `Cannot listen on ${hostname}:${port}: ${listenProblem(error, port)}`,
        { cause: error },
      );
    }
  }

  /** Where it listens. */
  get port(): number {
    return this.#front?.port ?? this.#inner!.port;
  }

  /**
   * Uses another certificate for those that connect from now on.
   *
   * @throws {SwitchboardError} `SB_TLS`, if the certificate or its key is not valid: the previous pair stays in use.
   * `SB_LISTEN`, if another program has taken the port meanwhile.
   */
  async exchange(pair: KeyPair): Promise<void> {
    await this.#front?.exchange(pair);
  }

  /** Ends all connections. */
  async close(): Promise<void> {
    this.#front?.close();
    await this.#inner?.close();
  }

  #answer(
    request: Request,
    remote: { hostname: string; port: number },
  ): Response | Promise<Response> {
    if (this.#front === null) {
      return this.server.handle(request, { address: remote.hostname, scheme: "http" });
    }
    const address = this.#front.clientAt(remote);
    if (address !== undefined) return this.server.handle(request, { address, scheme: "https" });
    return new Response("This port is internal: connect to the port of the server\n", {
      status: 403,
    });
  }
}

function listenProblem(error: unknown, port: number): string {
  const code = (error as { code?: string } | null)?.code;
  if (error instanceof Deno.errors.AddrInUse || code === "EADDRINUSE") {
    const holder = portHolder(port);
    const who = holder === null
      ? "another program listens on it"
      : `${holder.program} (process ${holder.pid}) listens on it`;
    return `${who}; stop it, or choose another port with --port (0: any free one)`;
  }
  if (error instanceof Deno.errors.PermissionDenied || code === "EACCES") {
    return "ports below 1024 need more rights; choose another with --port";
  }
  if (error instanceof Deno.errors.AddrNotAvailable || code === "EADDRNOTAVAIL") {
    return "this machine has no such address; choose another with --hostname";
  }
  const message = messageOf(error);
  return /^(invalid host|failed to lookup|getaddrinfo)/.test(message)
    ? `${message}; choose another with --hostname, for example 127.0.0.1, 0.0.0.0 or ::1`
    : message;
}
