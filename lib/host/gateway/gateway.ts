import { type ErrorCode, messageOf, SwitchboardError } from "../../base/errors.ts";
import type { Connection, Hub, Session, SessionLimits, SessionOwner } from "../hub/mod.ts";
import { PendingCounter } from "../../base/pending_counter.ts";
import { Networks } from "../../base/networks.ts";
import {
  type AuthOutcome,
  type AuthRequest,
  type Identity,
  type NeutralReply,
  OtherApplication,
  type Route,
  type SharedPath,
  type UrlRules,
} from "../../model/mod.ts";
import { queryParams } from "../../base/query_params.ts";
import { serveAsset, toFolder } from "./assets.ts";
import { readBody } from "./body.ts";
import { requestCookies } from "./cookies.ts";
import { DenoTransport } from "./deno_transport.ts";
import { chooseProtocol, handshakeProblem, wantsWebSocket } from "./handshake.ts";
import { admission } from "./admission.ts";
import { Lobby } from "./lobby.ts";
import { neutralRequest, type Origin, originOf, plainResponse, replyHeaders } from "./neutral.ts";
import { originAllowed } from "./origin.ts";
import { findMount } from "./mount.ts";
import { isFull, type Place as SessionPlace, type Quotas } from "./quotas.ts";
import { refusal, type RefusalCause, RETRY } from "./refusal.ts";
import type { GatewayService } from "./service.ts";
import type { AcceptOptions, Answer, Listening, SocketEvents, Transport } from "./transport.ts";

/** Settings of a gateway. */
export interface GatewayOptions {
  hub: Hub;
  app: string;
  bodyBytes: number;
  requestTimeoutMs: number;
  /** Addresses, and ranges of them. */
  trustProxy: readonly string[];
  /** Origins that may connect beside the server's own, for services that list none. */
  origins: readonly string[];
  /** Headers of a request, bytes; 0: no limit. */
  headerBytes: number;
  quotas: Quotas;
  transport?: Transport;
  /** The services, by keys such as `chat`, `api:chat` or `webapp`. */
  services: ReadonlyMap<string, GatewayService>;
  /** The server's own pages, by path. */
  pages: Record<string, (request: Request, origin: Origin) => Response | Promise<Response>>;
  /** How services are reached by their names. */
  urls: Pick<UrlRules, "findRoute">;
  /** Paths that several services share. */
  shared: readonly SharedPath[];
  /** @param request Id of the request that it is about. */
  log(level: string, text: string, request?: string): void;
  /** Counts a request that was refused. */
  refused(cause: RefusalCause): void;
  /** Called for each refused upgrade, with the response. Default: none. */
  onUpgradeRefused?: ((path: string, status: number, text: string) => void) | undefined;
}

/** Authenticates clients. */
export interface GatewayAuthenticator {
  /** The challenges of a 401. */
  challenges(isWrong: boolean): string[];
  /** Whether it could be one of many guesses, as a password can. */
  isGuess(asking: AuthRequest): boolean;
  identify(asking: AuthRequest): Promise<AuthOutcome>;
}

/** The remote end of a connection. */
export interface PeerInfo {
  /** IP address. */
  address: string;
  /** How they speak. Default: as the request's URL says. */
  scheme?: "http" | "https";
}

/** The front door: finds the service that a request is for, and lets it in or not. */
export class Gateway {
  /** Refuses new websockets while the server stops. */
  draining = false;
  /** Authenticates clients; null: every client is anonymous. */
  authenticator: GatewayAuthenticator | null = null;
  readonly #options: GatewayOptions;
  readonly #transport: Transport;
  readonly #requests = new PendingCounter();
  readonly #lobbies: ReadonlyMap<string, Lobby>;
  readonly #proxies: Networks;

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.#transport = options.transport ?? new DenoTransport();
    this.#proxies = new Networks(options.trustProxy);
    this.#lobbies = new Map(options.shared.map((path) => [path.path, new Lobby(path, options)]));
  }

  /** Answers a request. Never rejects. */
  async handle(request: Request, peer: PeerInfo): Promise<Response> {
    this.#requests.enter();
    const id = crypto.getRandomValues(new Uint8Array(9)).toBase64({ alphabet: "base64url" });
    try {
      const response = await this.#route(request, peer, id);
      // A user who reports an error can name the request.
      if (response.status >= 400) response.headers.set("x-request-id", id);
      this.#explain(request, response);
      return response;
    } catch (error) {
      // The query may hold secrets: it is not logged.
      const path = URL.parse(request.url)?.pathname;
      const what = `${request.method} ${path}: ${messageOf(error)}`;
      const isOurs = error instanceof SwitchboardError;
      const status = isOurs ? STATUS_OF[error.code] ?? 500 : 500;
      this.#options.log(isOurs ? "WARN" : "ERROR", what, id);
      if (status === 504) this.#options.refused("timeout");
      const response = refusal(status, REASONS[status]!, status === 503 ? RETRY : {});
      response.headers.set("x-request-id", id);
      return response;
    } finally {
      this.#requests.leave();
    }
  }

  /**
   * Starts to listen.
   *
   * @param answer The handler that is tried first; {@linkcode handle} does the work.
   * @throws {Error} If the port is taken or must not be used.
   */
  listen(
    hostname: string,
    port: number,
    answer: Answer,
    onError: (error: unknown) => void,
  ): Promise<Listening> {
    return this.#transport.listen(hostname, port, answer, onError);
  }

  /**
   * Resolves to true when no request and no socket is left, or to false.
   *
   * @param requestsMs How long requests may take.
   * @param socketsMs How long sockets may take then.
   */
  async idle(requestsMs: number, socketsMs: number): Promise<boolean> {
    return await this.#requests.zero(requestsMs) && await this.#transport.allClosed(socketsMs);
  }

  async #route(request: Request, peer: PeerInfo, id: string): Promise<Response> {
    const { app, bodyBytes, requestTimeoutMs, headerBytes, services, pages, urls } = this.#options;
    if (headerBytes > 0 && sizeOf(request.headers) > headerBytes) {
      return this.#refuse(
        "headers",
        431,
        `The headers are larger than ${headerBytes} bytes`,
        CLOSE,
      );
    }
    if (headerBytes > 0 && request.url.length > headerBytes) {
      return this.#refuse(
        "headers",
        414,
        `The URL is longer than ${headerBytes} characters`,
        CLOSE,
      );
    }
    const url = URL.parse(request.url);
    const host = request.headers.get("host");
    if (url === null || host !== null && /[@/\\?#\s]/.test(host)) {
      return refusal(400, "The Host header or the path is malformed");
    }
    const origin = originOf(request, peer.address, this.#proxies, peer.scheme);
    const upgrade = wantsWebSocket(request.headers);
    if (upgrade && !this.#options.quotas.mayShakeHands(origin.addresses[0])) {
      return this.#refuse("rate", 429, "Too many handshakes from this address", SOON);
    }
    const lobby = this.#lobbies.get(url.pathname);
    if (lobby !== undefined) return await this.#enterLobby(request, origin, lobby, upgrade, id);
    const page = Object.hasOwn(pages, url.pathname) ? pages[url.pathname] : undefined;
    if (page !== undefined && !upgrade) {
      if (request.method === "GET" || request.method === "HEAD") return await page(request, origin);
      return refusal(405, "Method Not Allowed", { allow: "GET, HEAD" });
    }
    let route: Route | null;
    try {
      route = urls.findRoute(url.pathname, app) ?? findMount(url.pathname, services);
    } catch (error) {
      if (error instanceof OtherApplication) return refusal(404, error.message);
      return refusal(400, "The path has a malformed percent-encoding");
    }
    const service = route === null ? undefined : services.get(route.key);
    if (route === null || service === undefined) {
      return refusal(404, `There is nothing at ${url.pathname}`);
    }
    if (!URL.canParse(`${origin.scheme}://${origin.host}`)) {
      return refusal(400, "The Host header is malformed");
    }
    const identity = await this.#identify(request, origin, id);
    if (identity instanceof Response) return identity;
    const denied = this.#admission(service.allow, identity);
    if (denied !== null) return denied;
    await service.settled;
    // Its static files too: the manifest that says who may see them is broken.
    if (!service.isUp) return refusal(503, `Service "${route.key}" is not running`, RETRY);
    if (!upgrade && service.assets !== null && /^assets(\/|$)/.test(route.rest)) {
      if (route.rest === "assets") return toFolder(url);
      return await serveAsset(request, service.assets, route.rest.slice("assets/".length));
    }
    const endpoint = route.endpoint ?? service.ownEndpoint;
    if (endpoint === null) return refusal(404, `There is nothing at ${url.pathname}`);
    const place: Place = { ...route, endpoint, origin, identity, id };
    if (upgrade) return await this.#upgrade(request, service, place);
    const body = await readBody(request, bodyBytes, requestTimeoutMs);
    if (body === "too large") {
      return this.#refuse("body", 413, `The body is larger than ${bodyBytes} bytes`, CLOSE);
    }
    if (body === "cut off") return refusal(400, "The body is incomplete", CLOSE);
    if (body === "too slow") {
      return this.#refuse("timeout", 408, "The body did not arrive in time", CLOSE);
    }
    const reply = await this.#ask(service, request, place, {
      body: request.body === null ? null : body,
      upgrade: false,
    });
    return plainResponse(reply, request.method);
  }

  /** A browser does not tell a page why it got no websocket. */
  #explain(request: Request, response: Response): void {
    const { onUpgradeRefused } = this.#options;
    // The headers of an upgraded request cannot be read any more.
    if (
      onUpgradeRefused === undefined || response.status < 200 || !wantsWebSocket(request.headers)
    ) return;
    const path = URL.parse(request.url)?.pathname ?? "";
    response.clone().text().then((text) => onUpgradeRefused(path, response.status, text)).catch(
      () => {},
    );
  }

  /** The client's identity; or the response, if the client cannot be authenticated. */
  async #identify(
    request: Request,
    origin: Origin,
    id: string,
  ): Promise<Identity | null | Response> {
    const { quotas } = this.#options;
    const { authenticator } = this;
    if (authenticator === null) return null;
    const [address] = origin.addresses;
    const { headers, url, method } = request;
    const asking = { id, headers, url, method, cookies: requestCookies(headers), address };
    const isGuess = authenticator.isGuess(asking);
    if (isGuess ? !quotas.mayGuess(address) : !quotas.mayTry(address)) {
      return this.#refuse("rate", 429, "Too many failed logins from this address", SOON);
    }
    const outcome = await authenticator.identify(asking);
    if (isGuess && !("wrong" in outcome)) quotas.wasRight(address);
    if ("identity" in outcome) return outcome.identity;
    if ("unavailable" in outcome) {
      this.#options.log("WARN", outcome.unavailable, id);
      return this.#refuse("unavailable", 503, "Authentication is unavailable at the moment", RETRY);
    }
    // A browser whose session has expired sends it with each file of a page: that must not lock out its network.
    if (!isGuess && outcome.isGenuine !== true) quotas.wasWrong(address);
    return this.#refuse("credential", 401, outcome.wrong, this.#challenges(true));
  }

  /** The response to a client that may not enter; null: it may. */
  #admission(allow: readonly string[] | null, identity: Identity | null): Response | null {
    switch (admission(allow, identity)) {
      case "admitted":
        return null;
      case "unknown":
        return this.#refuse(
          "credential",
          401,
          "This service requires authentication",
          this.#challenges(false),
        );
      case "forbidden":
        return this.#refuse("role", 403, "You are not allowed to use this service");
    }
  }

  #challenges(isWrong: boolean): [string, string][] {
    const challenges = this.authenticator?.challenges(isWrong) ??
      ['Bearer realm="switchboard"'];
    return challenges.map((challenge) => ["www-authenticate", challenge]);
  }

  /** The answer where there is no room for one more session; null: there is. */
  #noRoom(origin: Origin, identity: Identity | null): Response | null {
    const shortage = this.#options.quotas.shortage(origin.addresses[0], identity?.user.key ?? null);
    if (shortage === null) return null;
    if (shortage === "server") {
      return this.#refuse("server", 503, "The server has reached its limit of sessions", RETRY);
    }
    const whose = shortage === "user" ? "This user" : "This address";
    return this.#refuse(shortage, 429, `${whose} has reached its limit of sessions`, RETRY);
  }

  async #enterLobby(
    request: Request,
    origin: Origin,
    lobby: Lobby,
    upgrade: boolean,
    id: string,
  ): Promise<Response> {
    const sharing = [...this.#options.services.values()].filter((service) =>
      service.sharedEndpoint !== null
    );
    const { pathname } = new URL(request.url);
    if (sharing.length === 0) return refusal(404, `There is nothing at ${pathname}`);
    if (!upgrade) return refusal(426, "Connect a websocket here", { upgrade: "websocket" });
    const problem = handshakeProblem(request);
    if (problem !== null) {
      return this.#refuse("handshake", problem.status, problem.message, problem.headers);
    }
    if (this.draining) return this.#refuse("draining", 503, "The server is stopping", RETRY);
    const identity = await this.#identify(request, origin, id);
    if (identity instanceof Response) return identity;
    const { scheme, host } = origin;
    if (!URL.canParse(`${scheme}://${host}`)) return refusal(400, "The Host header is malformed");
    const own = `${scheme}://${host}`;
    const sent = request.headers.get("origin");
    if (!sharing.some(({ origins }) => this.#originAllowed(sent, own, origins, null))) {
      return this.#refuse("origin", 403, `Origin ${sent ?? "(none)"} may not connect to ${own}`);
    }
    // During the authentication the server may have begun to stop, and other clients may have entered.
    if (this.draining) return this.#refuse("draining", 503, "The server is stopping", RETRY);
    if (lobby.isFull(sharing)) {
      return this.#refuse(
        "service",
        503,
        `${pathname} has reached the limit of sessions of its services`,
        RETRY,
      );
    }
    const noRoom = this.#noRoom(origin, identity);
    if (noRoom !== null) return noRoom;
    const events = this.#events(origin, identity, lobby, (connection) =>
      this.#options.hub.open({
        owner: lobby,
        connection,
        limits: lobbyLimits(sharing),
        endpoint: "",
        path: pathname,
        origin: new URL(own).origin,
        params: JSON.stringify(queryParams(request.url)),
        data: JSON.stringify({ sent, own }),
        memo: "",
        ...whoseOf(identity),
      }));
    const protocol = chooseProtocol(request.headers, []);
    const { maxMessageBytes } = lobbyLimits(sharing);
    return this.#accept(request, { protocol, headers: new Headers(), maxMessageBytes }, events);
  }

  async #upgrade(request: Request, service: GatewayService, place: Place): Promise<Response> {
    const { origin, endpoint, identity } = place;
    const problem = handshakeProblem(request);
    if (problem !== null) {
      return this.#refuse("handshake", problem.status, problem.message, problem.headers);
    }
    if (this.draining) return this.#refuse("draining", 503, "The server is stopping", RETRY);
    if (isFull(service, this.#options.quotas)) return this.#full(place);
    const reply = await this.#ask(service, request, place, { body: null, upgrade: true });
    const { accept } = reply;
    if (accept === null) return plainResponse(reply, request.method);
    const own = `${origin.scheme}://${origin.host}`;
    const sent = request.headers.get("origin");
    if (!this.#originAllowed(sent, own, service.origins, accept.origin)) {
      return this.#refuse("origin", 403, `Origin ${sent ?? "(none)"} may not connect to ${own}`);
    }
    // While the controller was asked, the server may have begun to stop, and others may have come in.
    if (this.draining || !service.isUp) {
      return this.#refuse("draining", 503, "The server is stopping", RETRY);
    }
    if (isFull(service, this.#options.quotas)) return this.#full(place);
    const noRoom = this.#noRoom(origin, identity);
    if (noRoom !== null) return noRoom;
    const events = this.#events(
      origin,
      identity,
      service.owner,
      (connection) =>
        this.#options.hub.open({
          owner: service.owner,
          connection,
          limits: service.limits,
          endpoint,
          path: decodeURIComponent(new URL(request.url).pathname),
          origin: new URL(own).origin,
          params: accept.params,
          data: accept.data,
          memo: accept.memo,
          ...whoseOf(identity),
        }),
    );
    const protocol = chooseProtocol(request.headers, accept.protocols);
    // Everything that can fail comes before this: an error after the upgrade would end the server.
    const headers = replyHeaders(reply);
    const { maxMessageBytes } = service.limits;
    return this.#accept(request, { protocol, headers, maxMessageBytes }, events);
  }

  /** Handlers for a socket, which also release its place in the quotas. */
  #events(
    origin: Origin,
    identity: Identity | null,
    owner: SessionOwner,
    open: (connection: Connection) => Session,
  ): SocketEvents {
    const user = identity?.user.key ?? null;
    const place = this.#options.quotas.reserve(origin.addresses[0], user, owner.name);
    return new SessionEvents(this.#options, place, (connection) => {
      // The last moment: the server's goodbye would miss a client that enters now.
      if (!this.draining) return open(connection);
      connection.close(1001, "server stopping");
      return null;
    });
  }

  #accept(request: Request, options: AcceptOptions, events: SocketEvents): Response {
    try {
      return this.#transport.accept(request, options, events);
    } catch (error) {
      // It has never been there; but its place had been taken.
      events.closed(1006, "");
      throw error;
    }
  }

  #originAllowed(
    sent: string | null,
    own: string,
    listed: readonly string[] | undefined,
    verdict: boolean | null,
  ): boolean {
    if (originAllowed(sent, own, listed, verdict)) return true;
    const { origins } = this.#options;
    return listed === undefined && origins.length > 0 && originAllowed(sent, own, origins, verdict);
  }

  #full(route: Route): Response {
    const text = `Service "${route.key}" has reached its limit of sessions`;
    return this.#refuse("service", 503, text, RETRY);
  }

  #refuse(
    cause: RefusalCause,
    status: number,
    text: string,
    headers?: Record<string, string> | [string, string][],
  ): Response {
    this.#options.refused(cause);
    return refusal(status, text, headers);
  }

  #ask(
    service: GatewayService,
    request: Request,
    place: Place,
    { body, upgrade }: { body: Uint8Array | null; upgrade: boolean },
  ): Promise<NeutralReply> {
    const rawPath = new URL(request.url).pathname;
    return service.request(
      neutralRequest(request, { ...place, rawPath, body, upgrade }),
      this.#options.requestTimeoutMs,
    );
  }
}

/** The widest of the services that share a path: of one that a client talks to, its own hold as well. */
function lobbyLimits(services: readonly GatewayService[]): SessionLimits {
  const widest = (
    key: "maxMessageBytes" | "idleTimeoutMs" | "sendBufferBytes" | "messagesPerSec" | "bytesPerSec",
  ) => {
    const limits = services.map((service) => service.limits[key]);
    return limits.includes(0) ? 0 : Math.max(...limits);
  };
  return {
    maxMessageBytes: widest("maxMessageBytes"),
    idleTimeoutMs: widest("idleTimeoutMs"),
    sendBufferBytes: widest("sendBufferBytes"),
    messagesPerSec: widest("messagesPerSec"),
    bytesPerSec: widest("bytesPerSec"),
    dropsOverRate: services.every(({ limits }) => limits.dropsOverRate),
    dropsWhenSlow: services.every(({ limits }) => limits.dropsWhenSlow),
    closeTimeoutMs: Math.max(...services.map(({ limits }) => limits.closeTimeoutMs)),
  };
}

/** The identity data of a session. */
function whoseOf(identity: Identity | null): { identity: Identity | null; expiresAt: number } {
  return { identity, expiresAt: identity?.expiresAt ?? Infinity };
}

/** The size of the headers in the request, bytes. */
function sizeOf(headers: Headers): number {
  let size = 0;
  for (const [name, value] of headers) size += name.length + value.length + 4;
  return size;
}

/** Which controller a request is for, and how the client called it. */
interface Place extends Route {
  endpoint: string;
  origin: Origin;
  identity: Identity | null;
  /** Of the request. */
  id: string;
}

/** Hands a socket's events to its session. Throws nothing: Deno ends the process for that. */
class SessionEvents implements SocketEvents {
  #session: Session | null = null;

  constructor(
    private readonly options: GatewayOptions,
    private readonly place: SessionPlace,
    private open: ((connection: Connection) => Session | null) | null,
  ) {}

  opened(connection: Connection): void {
    const { open } = this;
    this.place.opened();
    // Called once, and holds the whole reply of the controller.
    this.open = null;
    this.#guard(() => this.#session = open?.(connection) ?? null);
  }

  message(data: string | Uint8Array<ArrayBuffer>): void {
    try {
      this.#session?.receive(data);
    } catch (error) {
      this.options.log("ERROR", `Cannot deliver a message: ${messageOf(error)}`);
    }
  }

  oversized(): void {
    this.#guard(() => this.#session?.oversized());
  }

  closed(code: number, reason: string): void {
    this.#guard(() => {
      this.place.ended();
      this.#session?.ended(code, reason);
    });
  }

  #guard(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.options.log("ERROR", `Cannot handle a socket event: ${messageOf(error)}`);
    }
  }
}

const CLOSE = { connection: "close" };

/** Headers of a response to a client that comes too often. */
const SOON = { "retry-after": "1" };

const STATUS_OF: Partial<Record<ErrorCode, number>> = { SB_TIMEOUT: 504, SB_ISOLATE_GONE: 503 };

const REASONS: Record<number, string> = {
  500: "Internal Server Error",
  503: "The service is not running",
  504: "The service did not answer in time",
};
