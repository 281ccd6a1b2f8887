import { type ErrorCode, messageOf, SwitchboardError } from "../errors.ts";
import type { Connection, Hub, Session, SessionLimits, SessionOwner } from "../hub/mod.ts";
import { Latch } from "../latch.ts";
import type { NeutralReply, NeutralRequest } from "../wire/mod.ts";
import { serveAsset, toFolder } from "./assets.ts";
import { readBody } from "./body.ts";
import { DenoTransport } from "./deno_transport.ts";
import { chooseProtocol, handshakeProblem, wantsWebSocket } from "./handshake.ts";
import { neutralRequest, type Origin, originOf, plainResponse, replyHeaders } from "./neutral.ts";
import { originAllowed } from "./origin.ts";
import { findRoute, OtherApplication, type Route } from "./route.ts";
import type { SocketEvents, Transport } from "./transport.ts";

/** Seconds after which a client may try a service again that is not running. */
const RETRY_AFTER_SEC = 5;

/** What the gateway must know of a service. */
export interface GatewayService {
  /** Whether it takes requests: it runs, or will in a moment. */
  readonly isUp: boolean;
  /** Resolves when it has started, or failed to. */
  readonly settled: Promise<void>;
  /** Absolute folder of its static files. */
  readonly assets: string | null;
  /** Principals that may enter; null: everybody. */
  readonly allow: readonly string[] | null;
  /** Origins that may connect; undefined: the server's own. */
  readonly origins: readonly string[] | undefined;
  /** Sessions at a time; 0: no limit. */
  readonly maxSessions: number;
  readonly sessionCount: number;
  readonly limits: SessionLimits;
  /** Whoever handles the events of its sessions. */
  readonly owner: SessionOwner;
  /** @throws {SwitchboardError} `SB_TIMEOUT` or `SB_ISOLATE_GONE`. */
  request(request: NeutralRequest, timeoutMs: number): Promise<NeutralReply>;
}

/** Settings of a gateway. */
export interface GatewayOptions {
  hub: Hub;
  app: string;
  bodyBytes: number;
  requestTimeoutMs: number;
  trustProxy: readonly string[];
  transport?: Transport;
  /** The service of a key such as `chat`, `api:chat` or `webapp`. */
  service(key: string): GatewayService | undefined;
  /** The server's own pages, by path. */
  pages: Record<string, (request: Request) => Response>;
  log(level: string, text: string): void;
}

/** Who is at the other end. */
export interface PeerInfo {
  /** IP address. */
  address: string;
}

/** The front door: finds the service that a request is for, and lets it in or not. */
export class Gateway {
  /** Refuses new websockets while the server stops. */
  draining = false;
  readonly #options: GatewayOptions;
  readonly #transport: Transport;
  readonly #requests = new Latch();

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.#transport = options.transport ?? new DenoTransport();
  }

  /** Answers a request. Never rejects. */
  async handle(request: Request, peer: PeerInfo): Promise<Response> {
    this.#requests.enter();
    try {
      return await this.#route(request, peer);
    } catch (error) {
      if (error instanceof SwitchboardError) {
        this.#options.log("WARN", error.message);
        const status = STATUS_OF[error.code] ?? 500;
        return refusal(status, REASONS[status]!, status === 503 ? RETRY : {});
      }
      // The query may hold secrets: it is not logged.
      const path = URL.parse(request.url)?.pathname;
      this.#options.log("ERROR", `${request.method} ${path}: ${messageOf(error)}`);
      return refusal(500, "Internal Server Error");
    } finally {
      this.#requests.leave();
    }
  }

  /** Resolves to true when no request and no socket is left, or to false after a time, ms. */
  async idle(timeoutMs: number): Promise<boolean> {
    const until = performance.now() + timeoutMs;
    return await this.#requests.zero(timeoutMs) &&
      await this.#transport.allClosed(until - performance.now());
  }

  async #route(request: Request, peer: PeerInfo): Promise<Response> {
    const url = URL.parse(request.url);
    const host = request.headers.get("host");
    if (url === null || host !== null && /[@/\\?#\s]/.test(host)) {
      return refusal(400, "The Host header or the path is broken");
    }
    const upgrade = wantsWebSocket(request.headers);
    const page = Object.hasOwn(this.#options.pages, url.pathname)
      ? this.#options.pages[url.pathname]
      : undefined;
    if (page !== undefined && !upgrade) {
      if (request.method === "GET" || request.method === "HEAD") return page(request);
      return refusal(405, "Method Not Allowed", { allow: "GET, HEAD" });
    }
    let route: Route | null;
    try {
      route = findRoute(url.pathname, this.#options.app);
    } catch (error) {
      if (error instanceof OtherApplication) return refusal(404, error.message);
      return refusal(400, "The path has a broken percent-encoding");
    }
    const service = route === null ? undefined : this.#options.service(route.key);
    if (route === null || service === undefined) {
      return refusal(404, `There is nothing at ${url.pathname}`);
    }
    const origin = originOf(request, peer.address, this.#options.trustProxy);
    if (!URL.canParse(`${origin.scheme}://${origin.host}`)) {
      return refusal(400, "The Host header is broken");
    }
    const denied = admission(service.allow);
    if (denied !== null) return denied;
    await service.settled;
    // Its static files too: who may see them is not known of a service whose manifest is broken.
    if (!service.isUp) return refusal(503, `Service "${route.key}" is not running`, RETRY);
    if (upgrade) return await this.#upgrade(request, service, route, origin, url.pathname);
    if (service.assets !== null && /^assets(\/|$)/.test(route.rest)) {
      if (route.rest === "assets") return toFolder(url);
      return await serveAsset(request, service.assets, route.rest.slice("assets/".length));
    }
    const { bodyBytes, requestTimeoutMs } = this.#options;
    const body = await readBody(request, bodyBytes, requestTimeoutMs);
    if (body === "too large") {
      return refusal(413, `The body is larger than ${bodyBytes} bytes`, CLOSE);
    }
    if (body === "too slow") return refusal(408, "The body did not come in time", CLOSE);
    const reply = await this.#ask(service, request, route, origin, {
      body: request.body === null ? null : body,
      upgrade: false,
    });
    return plainResponse(reply, request.method);
  }

  async #upgrade(
    request: Request,
    service: GatewayService,
    route: Route,
    origin: Origin,
    pathname: string,
  ): Promise<Response> {
    const problem = handshakeProblem(request);
    if (problem !== null) return refusal(problem.status, problem.message, problem.headers);
    if (this.draining) return refusal(503, "The server is stopping", RETRY);
    if (isFull(service)) return full(route);
    const reply = await this.#ask(service, request, route, origin, { body: null, upgrade: true });
    const { accept } = reply;
    if (accept === null) return plainResponse(reply, request.method);
    const own = `${origin.scheme}://${origin.host}`;
    const sent = request.headers.get("origin");
    if (!originAllowed(sent, own, service.origins, accept.origin)) {
      return refusal(403, `Origin ${sent ?? "(none)"} may not connect to ${own}`);
    }
    // While the controller was asked, the server may have begun to stop, and others may have come in.
    if (this.draining || !service.isUp) return refusal(503, "The server is stopping", RETRY);
    if (isFull(service)) return full(route);
    const events = new SessionEvents(this.#options, (connection) => {
      // The last moment: whoever gets in now would be missed by the server's goodbye.
      if (this.draining) {
        connection.close(1001, "server stopping");
        return null;
      }
      return this.#options.hub.open({
        owner: service.owner,
        connection,
        limits: service.limits,
        endpoint: 0,
        path: decodeURIComponent(pathname),
        origin: new URL(own).origin,
        params: accept.params,
        data: accept.data,
        user: null,
      });
    });
    const protocol = chooseProtocol(request.headers, accept.protocols);
    // Everything that can fail comes before this: an error after the upgrade would end the server.
    const headers = replyHeaders(reply);
    return this.#transport.accept(request, { protocol, headers }, events);
  }

  #ask(
    service: GatewayService,
    request: Request,
    route: Route,
    origin: Origin,
    { body, upgrade }: { body: Uint8Array | null; upgrade: boolean },
  ): Promise<NeutralReply> {
    const rawPath = new URL(request.url).pathname;
    const { contextPath } = route;
    return service.request(
      neutralRequest(request, { origin, rawPath, contextPath, body, upgrade, user: null }),
      this.#options.requestTimeoutMs,
    );
  }
}

/** Hands a socket's events to its session. Throws nothing: Deno ends the process for that. */
class SessionEvents implements SocketEvents {
  #session: Session | null = null;

  constructor(
    private readonly options: GatewayOptions,
    private open: ((connection: Connection) => Session | null) | null,
  ) {}

  opened(connection: Connection): void {
    const { open } = this;
    // Called once, and holds the whole reply of the controller.
    this.open = null;
    this.#guard(() => this.#session = open?.(connection) ?? null);
  }

  message(data: string | Uint8Array<ArrayBuffer>): void {
    try {
      this.#session?.receive(data);
    } catch (error) {
      this.options.log("ERROR", `A message could not be handed over: ${messageOf(error)}`);
    }
  }

  closed(code: number): void {
    this.#guard(() => this.#session?.ended(code));
  }

  #guard(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.options.log("ERROR", `A socket event could not be handled: ${messageOf(error)}`);
    }
  }
}

const CLOSE = { connection: "close" };

const RETRY = { "retry-after": String(RETRY_AFTER_SEC) };

const STATUS_OF: Partial<Record<ErrorCode, number>> = { SB_TIMEOUT: 504, SB_ISOLATE_GONE: 503 };

const REASONS: Record<number, string> = {
  500: "Internal Server Error",
  503: "The service is not running",
  504: "The service did not answer in time",
};

/** Nobody can log in yet, so whoever asks is anonymous. */
function admission(allow: readonly string[] | null): Response | null {
  if (
    allow === null || allow.includes("role:system.everyone") ||
    allow.includes("user:system:anonymous")
  ) {
    return null;
  }
  return refusal(401, "This service is for users who are logged in", {
    "www-authenticate": 'Bearer realm="switchboard"',
  });
}

function isFull(service: GatewayService): boolean {
  return service.maxSessions > 0 && service.sessionCount >= service.maxSessions;
}

function full(route: Route): Response {
  return refusal(503, `Service "${route.key}" has as many sessions as it may have`, RETRY);
}

function refusal(status: number, text: string, headers: Record<string, string> = {}): Response {
  return new Response(`${text}\n`, {
    status,
    headers: { "content-type": "text/plain; charset=utf-8", ...headers },
  });
}
