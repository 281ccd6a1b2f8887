import { type ErrorCode, messageOf, SwitchboardError } from "../errors.ts";
import type { Connection, Hub, Session, SessionLimits } from "../hub/mod.ts";
import { Latch } from "../latch.ts";
import { type NeutralReply, queryParams } from "../wire/mod.ts";
import { serveAsset, toFolder } from "./assets.ts";
import { readBody } from "./body.ts";
import { DenoTransport } from "./deno_transport.ts";
import { chooseProtocol, handshakeProblem, wantsWebSocket } from "./handshake.ts";
import { admits } from "./admission.ts";
import { Lobby, type SharedPath } from "./lobby.ts";
import { neutralRequest, type Origin, originOf, plainResponse, replyHeaders } from "./neutral.ts";
import { originAllowed } from "./origin.ts";
import { findMount } from "./mount.ts";
import { findRoute, OtherApplication, type Route } from "./route.ts";
import type { GatewayService } from "./service.ts";
import type { SocketEvents, Transport } from "./transport.ts";

/** Seconds after which a client may try a service again that is not running. */
const RETRY_AFTER_SEC = 5;

/** Settings of a gateway. */
export interface GatewayOptions {
  hub: Hub;
  app: string;
  bodyBytes: number;
  requestTimeoutMs: number;
  trustProxy: readonly string[];
  transport?: Transport;
  /** The services, by keys such as `chat`, `api:chat` or `webapp`. */
  services: ReadonlyMap<string, GatewayService>;
  /** The server's own pages, by path. */
  pages: Record<string, (request: Request) => Response>;
  /** Paths that several services share. */
  shared: readonly SharedPath[];
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
  readonly #lobbies: ReadonlyMap<string, Lobby>;

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.#transport = options.transport ?? new DenoTransport();
    this.#lobbies = new Map(options.shared.map((path) => [path.path, new Lobby(path, options)]));
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
    const lobby = this.#lobbies.get(url.pathname);
    if (lobby !== undefined) return this.#enterLobby(request, peer, lobby, upgrade);
    const page = Object.hasOwn(this.#options.pages, url.pathname)
      ? this.#options.pages[url.pathname]
      : undefined;
    if (page !== undefined && !upgrade) {
      if (request.method === "GET" || request.method === "HEAD") return page(request);
      return refusal(405, "Method Not Allowed", { allow: "GET, HEAD" });
    }
    let route: Route | null;
    try {
      route = findRoute(url.pathname, this.#options.app) ??
        findMount(url.pathname, this.#options.services);
    } catch (error) {
      if (error instanceof OtherApplication) return refusal(404, error.message);
      return refusal(400, "The path has a broken percent-encoding");
    }
    const service = route === null ? undefined : this.#options.services.get(route.key);
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
    if (!upgrade && service.assets !== null && /^assets(\/|$)/.test(route.rest)) {
      if (route.rest === "assets") return toFolder(url);
      return await serveAsset(request, service.assets, route.rest.slice("assets/".length));
    }
    const endpoint = route.endpoint ?? service.ownEndpoint;
    if (endpoint === null) return refusal(404, `There is nothing at ${url.pathname}`);
    const place: Place = { ...route, endpoint, origin };
    if (upgrade) return await this.#upgrade(request, service, place);
    const { bodyBytes, requestTimeoutMs } = this.#options;
    const body = await readBody(request, bodyBytes, requestTimeoutMs);
    if (body === "too large") {
      return refusal(413, `The body is larger than ${bodyBytes} bytes`, CLOSE);
    }
    if (body === "too slow") return refusal(408, "The body did not come in time", CLOSE);
    const reply = await this.#ask(service, request, place, {
      body: request.body === null ? null : body,
      upgrade: false,
    });
    return plainResponse(reply, request.method);
  }

  #enterLobby(request: Request, peer: PeerInfo, lobby: Lobby, upgrade: boolean): Response {
    const sharing = [...this.#options.services.values()].filter((service) =>
      service.sharedEndpoint !== null
    );
    const { pathname } = new URL(request.url);
    if (sharing.length === 0) return refusal(404, `There is nothing at ${pathname}`);
    if (!upgrade) return refusal(426, "Connect a websocket here", { upgrade: "websocket" });
    const problem = handshakeProblem(request);
    if (problem !== null) return refusal(problem.status, problem.message, problem.headers);
    if (this.draining) return refusal(503, "The server is stopping", RETRY);
    if (lobby.isFull(sharing)) {
      return refusal(503, `${pathname} has as many sessions as its services may have`, RETRY);
    }
    const { scheme, host } = originOf(request, peer.address, this.#options.trustProxy);
    if (!URL.canParse(`${scheme}://${host}`)) return refusal(400, "The Host header is broken");
    const own = `${scheme}://${host}`;
    const sent = request.headers.get("origin");
    if (!sharing.some(({ origins }) => originAllowed(sent, own, origins, null))) {
      return refusal(403, `Origin ${sent ?? "(none)"} may not connect to ${own}`);
    }
    const events = new SessionEvents(this.#options, (connection) =>
      this.#options.hub.open({
        owner: lobby,
        connection,
        limits: lobbyLimits(sharing),
        endpoint: "",
        path: pathname,
        origin: new URL(own).origin,
        params: JSON.stringify(queryParams(request.url)),
        data: JSON.stringify({ sent, own }),
        user: null,
        memo: "",
      }));
    return this.#transport.accept(request, { protocol: null, headers: new Headers() }, events);
  }

  async #upgrade(request: Request, service: GatewayService, place: Place): Promise<Response> {
    const { origin, endpoint } = place;
    const problem = handshakeProblem(request);
    if (problem !== null) return refusal(problem.status, problem.message, problem.headers);
    if (this.draining) return refusal(503, "The server is stopping", RETRY);
    if (service.isFull) return full(place);
    const reply = await this.#ask(service, request, place, { body: null, upgrade: true });
    const { accept } = reply;
    if (accept === null) return plainResponse(reply, request.method);
    const own = `${origin.scheme}://${origin.host}`;
    const sent = request.headers.get("origin");
    if (!originAllowed(sent, own, service.origins, accept.origin)) {
      return refusal(403, `Origin ${sent ?? "(none)"} may not connect to ${own}`);
    }
    // While the controller was asked, the server may have begun to stop, and others may have come in.
    if (this.draining || !service.isUp) return refusal(503, "The server is stopping", RETRY);
    if (service.isFull) return full(place);
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
        endpoint,
        path: decodeURIComponent(new URL(request.url).pathname),
        origin: new URL(own).origin,
        params: accept.params,
        data: accept.data,
        user: null,
        memo: accept.memo,
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
    place: Place,
    { body, upgrade }: { body: Uint8Array | null; upgrade: boolean },
  ): Promise<NeutralReply> {
    const rawPath = new URL(request.url).pathname;
    return service.request(
      neutralRequest(request, { ...place, rawPath, body, upgrade, user: null }),
      this.#options.requestTimeoutMs,
    );
  }
}

/** The widest of the services that share a path: of one that a client talks to, its own hold as well. */
function lobbyLimits(services: readonly GatewayService[]): SessionLimits {
  const widest = (key: keyof SessionLimits) => {
    const limits = services.map((service) => service.limits[key]);
    return limits.includes(0) ? 0 : Math.max(...limits);
  };
  return {
    maxMessageBytes: widest("maxMessageBytes"),
    idleTimeoutMs: widest("idleTimeoutMs"),
    sendBufferBytes: widest("sendBufferBytes"),
    closeTimeoutMs: widest("closeTimeoutMs"),
  };
}

/** Which controller a request is for, and how the client called it. */
interface Place extends Route {
  endpoint: string;
  origin: Origin;
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

  closed(code: number, reason: string): void {
    this.#guard(() => this.#session?.ended(code, reason));
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

function admission(allow: readonly string[] | null): Response | null {
  if (admits(allow)) return null;
  return refusal(401, "This service is for users who are logged in", {
    "www-authenticate": 'Bearer realm="switchboard"',
  });
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
