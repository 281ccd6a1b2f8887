import { join } from "@std/path";
import { Authentication } from "./authentication.ts";
import { messageOf, SwitchboardError } from "../base/errors.ts";
import {
  DenoTransport,
  Gateway,
  isLoopback,
  landingPage,
  type Origin,
  originAllowed,
  Quotas,
  type SocketEntry,
  type Transport,
} from "./gateway/mod.ts";
import { SHARED_PATHS, URLS } from "./service/systems.ts";
import { Hub, type HubStats } from "./hub/mod.ts";
import type { SupervisorOptions } from "./supervisor/mod.ts";
import { Listener } from "./listener.ts";
import {
  exceptArgument,
  groupArgument,
  messageArgument,
  textArgument,
} from "./message_arguments.ts";
import { type Figures, type Log, Metrics, openLog } from "./observe/mod.ts";
import {
  discover,
  discoverAll,
  readSettings,
  type ServiceDefinition,
  type Settings,
} from "./service/mod.ts";
import { nearest } from "../base/nearest.ts";
import { type CheckedOptions, checkOptions, type SwitchboardOptions } from "./options.ts";
import defer * as picture from "./picture/mod.ts";
import { RunningService } from "./running_service.ts";
import { readKeyPair } from "./tls.ts";
import { Semaphore } from "../base/semaphore.ts";
import { VERSION } from "../base/version.ts";
import type { Waits } from "../base/waits.ts";
import type { GroupSendOptions, Message } from "../model/mod.ts";

export type { SwitchboardOptions } from "./options.ts";
export type { Effects, HandledEvent, Trace } from "./supervisor/mod.ts";

/** The state of one service, for operators. */
export interface ServiceStatus {
  /** Unique name: `chat`, `api:chat`, `webapp`. */
  key: string;
  /** `starting`, `running`, `restarting`, `failed` or `stopped`. */
  state: string;
  /** Number of restarts of its isolate. */
  restarts: number;
  /** Events that an isolate had begun to handle when it ended. */
  lostEvents: number;
  /** Systems of its controllers, for example `xp`. */
  systems: string[];
  /** Its shortest URL. */
  url: string;
  /** URL of its page; null: it has none. */
  page: string | null;
  /** The reason why it, or its newest version, is not running. */
  error: SwitchboardError | null;
  /** Warnings for its author. */
  warnings: string[];
  /** Files that its running controllers were loaded from. */
  files: readonly string[];
  /** The service as found on disk. */
  definition: ServiceDefinition;
}

/** The address of a server. */
export interface ListenAddress {
  /** The hostname of the settings. */
  hostname: string;
  /** The port, also if the settings say 0. */
  port: number;
  /** `https` if there is a certificate. */
  scheme: "http" | "https";
  /** The URL, for example `http://127.0.0.1:8080`. */
  url: string;
}

/** Characters of an answer that are logged. */
const MAX_ANSWER = 300;

/**
 * A server for websocket services.
 *
 * @example On a port of its own
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Switchboard } from "@switchboard/switchboard";
 *
 * await using board = await Switchboard.open({ root: ".", services: ["chat"], port: 0 });
 * const { url } = await board.listen();
 * const { status } = await (await fetch(`${url}/healthz`)).json();
 * assertEquals(status, "ok");
 * ```
 *
 * @example Inside another server, next to its own routes
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Switchboard } from "@switchboard/switchboard";
 *
 * await using board = await Switchboard.open({ root: ".", services: ["chat"] });
 * await using server = Deno.serve({ port: 0 }, (request, info) => {
 *   const { pathname } = new URL(request.url);
 *   return pathname === "/mine" ? new Response("mine") : board.fetch(request, info);
 * });
 * const response = await fetch(`http://127.0.0.1:${server.addr.port}/mine`);
 * assertEquals(await response.text(), "mine");
 * ```
 */
export class Switchboard implements AsyncDisposable {
  /** The settings of all sources together. */
  readonly settings: Settings;
  /** The folder that is served, absolute. */
  readonly root: string;
  readonly #log: Log;
  readonly #options: CheckedOptions;
  readonly #hub: Hub;
  readonly #gateway: Gateway;
  readonly #services = new Map<string, RunningService>();
  // Most of a start is waiting; but all at once they would keep each other from being ready in time.
  readonly #starts = new Semaphore(Math.max(8, 8 * navigator.hardwareConcurrency));
  readonly #metrics: Metrics;
  readonly #refused = new Map<string, number>();
  /** Null: every client is anonymous. */
  #auth: Authentication | null = null;
  #listener: Listener | null = null;
  #isListening = false;
  #isClosed = false;
  #closing: Promise<void> | null = null;
  readonly #openedAt = performance.now();

  private constructor(
    settings: Settings,
    log: Log,
    options: CheckedOptions,
    transport: Transport,
  ) {
    const { limits } = settings;
    const { root, waits } = options;
    this.#options = options;
    this.root = root;
    this.settings = settings;
    this.#log = log;
    this.#hub = new Hub({
      groupsPerSession: limits.groupsPerSession,
      stallMs: waits.stallMs,
    });
    this.#metrics = new Metrics(() => this.#figures());
    this.#gateway = new Gateway({
      hub: this.#hub,
      app: settings.app,
      bodyBytes: limits.bodyBytes,
      headerBytes: limits.headerBytes,
      requestTimeoutMs: limits.requestTimeoutMs,
      trustProxy: settings.trustProxy,
      origins: settings.origins,
      quotas: new Quotas(limits, waits.placeMs),
      transport,
      services: this.#services,
      urls: URLS,
      shared: SHARED_PATHS,
      pages: {
        "/": (_, origin) => this.#landing(origin),
        "/healthz": () => Response.json({ status: "ok", ...this.#hub.stats() }),
        "/readyz": () => this.#readiness(),
        ...(settings.metrics !== "off" && {
          "/metrics": (_: Request, origin: Origin) => this.#figuresFor(origin),
        }),
      },
      log: (level, text, request) =>
        log(level, text, undefined, request === undefined ? undefined : { request }),
      onUpgradeRefused: options.devPage ? (...what) => this.#logNoSocket(...what) : undefined,
      refused: (cause) => this.#refused.set(cause, (this.#refused.get(cause) ?? 0) + 1),
    });
  }

  /**
   * Finds the services of a root and begins to start them. A broken service does not affect the
   * others: see {@linkcode services}.
   *
   * @param options The services to serve, and settings; none: the services of the current folder.
   * @throws {SwitchboardError} `SB_ROOT`, if there is no such folder; `SB_SETTINGS`, if an option or a setting is
   * wrong; `SB_SERVICE`, if `services` has a key that no service has; `SB_AUTH`, if authentication is
   * misconfigured.
   */
  static async open(options: SwitchboardOptions = {}): Promise<Switchboard> {
    const checked = checkOptions(options);
    const { root, services, settings } = checked;
    const log = checked.log ?? standardLog();
    const { services: found, strays } = discoverAll(root);
    const definitions = services === null ? found : chosen(found, services, root);
    const merged = readSettings(root, settings);
    const board = new Switchboard(merged, log, checked, await transportOf(merged, checked.waits));
    try {
      board.#auth = await Authentication.open(
        board.root,
        board.settings,
        (key) => board.#hostOf(key),
      );
      board.#gateway.authenticator = board.#auth?.authenticator ?? null;
    } catch (error) {
      board.#hub.stop();
      throw error;
    }
    for (const definition of definitions) board.#start(definition);
    if (services === null) {
      for (const { message } of strays) log("ERROR", message);
    }
    return board;
  }

  #start(
    definition: ServiceDefinition,
    onError: (error: SwitchboardError) => void = ({ message }) =>
      this.#log("ERROR", message, definition.key),
  ): RunningService {
    const { key } = definition;
    for (const { message } of definition.problems) this.#log("ERROR", message, key);
    for (const warning of definition.warnings) this.#log("WARN", warning, key);
    const service = new RunningService(definition, this.#hostOf(key), this.settings, onError);
    this.#services.set(key, service);
    return service;
  }

  /** The parts of this server that an isolate needs. */
  #hostOf(key: string): SupervisorOptions {
    return {
      hub: this.#hub,
      root: this.root,
      app: { name: this.settings.app, version: VERSION, config: this.settings.config },
      waits: this.#options.waits,
      keepWarm: this.#options.keepWarm,
      trace: this.#options.trace?.(key),
      inTurn: (start) => this.#starts.run(start),
      log: (level, text, about) => this.#log(level, text, key, about),
      onBatchLatency: (milliseconds) => this.#metrics.took(key, milliseconds),
      emit: (event) => {
        for (const service of this.#services.values()) service.publish(event);
      },
    };
  }

  /** Resolves when every service has started, or failed to. */
  async settled(): Promise<void> {
    await Promise.all(this.#services.values().map((service) => service.settled));
  }

  /** The services, in the order in which they were found. */
  get services(): ServiceStatus[] {
    return [...this.#services.values()].map((service) => {
      const { definition } = service;
      const own = URLS.urlOf(definition.kind, definition.name, this.settings.app);
      const mounted = definition.endpoints[0]?.paths.at(-1) ?? SHARED_PATHS[0]?.path ?? "";
      const url = service.ownEndpoint === null && definition.error === null ? mounted : own;
      return {
        key: definition.key,
        state: service.state,
        ...service.counts,
        files: service.owner.files,
        systems: definition.systems,
        url,
        page: hasIndex(definition.assets) ? `${own.replace(/\/$/, "")}/assets/` : null,
        error: service.error,
        warnings: definition.warnings,
        definition,
      };
    });
  }

  /** Counts of sessions and groups. */
  get stats(): HubStats {
    return this.#hub.stats();
  }

  /**
   * Answers one request, for use in another server's handler. Websockets are upgraded by Deno there, whatever the
   * transport of the settings.
   *
   * @param request The request, not yet read.
   * @param info The second argument of a handler of `Deno.serve`, for limits and logs by address.
   * @throws {TypeError} If `info` was not passed on.
   */
  fetch = (request: Request, info: Deno.ServeHandlerInfo): Promise<Response> => {
    const remoteAddr = info?.remoteAddr;
    if (remoteAddr === undefined) {
      return Promise.reject(
        new TypeError(
          "Cannot answer the request: fetch(request, info) needs both arguments of Deno.serve's handler",
        ),
      );
    }
    const address = "hostname" in remoteAddr ? remoteAddr.hostname : "";
    return this.#gateway.handle(request, { address });
  };

  /**
   * Listens on the hostname and port of the settings.
   *
   * @returns The address of the server.
   * @throws {SwitchboardError} `SB_LISTEN`, if the port is in use or not permitted, or the server listens already;
   * `SB_TLS`, if certificate or key cannot be used; `SB_CLOSED`, if the server has been closed.
   */
  async listen(): Promise<ListenAddress> {
    const { hostname, port: wanted, tls } = this.settings;
    if (this.#isListening) {
      throw new SwitchboardError("SB_LISTEN", "Cannot listen: the server listens already");
    }
    this.#isListening = true;
    try {
      this.#checkOpen("listen", this.#closing !== null);
      const pair = tls === null ? null : readKeyPair(this.root, tls);
      const listener = await Listener.open(
        this.#gateway,
        hostname,
        wanted,
        pair,
        (error) => this.#log("ERROR", `A request failed: ${messageOf(error)}`),
        this.#options.waits.helloMs,
      );
      this.#listener = listener;
      if (this.#closing !== null) {
        await listener.close();
        this.#checkOpen("listen", true);
      }
      const { port } = listener;
      const scheme = pair === null ? "http" : "https";
      const isBare = hostname.includes(":") && !hostname.startsWith("[");
      const host = isBare ? `[${hostname}]` : hostname;
      return { hostname, port, scheme, url: `${scheme}://${host}:${port}` };
    } catch (error) {
      this.#isListening = false;
      throw error;
    }
  }

  /**
   * Sends to one session. An unknown or closed one is ignored.
   *
   * @param id The session's id.
   * @param message Text or bytes; bytes are copied at once.
   * @throws {TypeError} If the id is not text, or the message neither text nor bytes.
   * @throws {SwitchboardError} `SB_CLOSED`, if the server has been closed.
   */
  send(id: string, message: Message): void {
    const session = textArgument(id, "send", "id");
    const payload = messageArgument(message, "send");
    this.#checkOpen("send", this.#isClosed);
    this.#hub.send(session, payload);
  }

  /**
   * Sends to all members of a group, of whatever service they are. A group without members is ignored. While the
   * server closes, connected clients still get it.
   *
   * @example
   * ```ts
   * import { Switchboard } from "@switchboard/switchboard";
   *
   * await using board = await Switchboard.open({ root: ".", services: ["ticker"] });
   * board.sendToGroup("ticker", JSON.stringify({ headlines: [] }));
   * ```
   *
   * @param group Name of the group.
   * @param message Text or bytes; bytes are copied at once.
   * @param options Sessions that do not receive it.
   * @throws {TypeError} If the group is not text, or the message neither text nor bytes.
   * @throws {RangeError} If the group's name is longer than 1,024 characters.
   * @throws {SwitchboardError} `SB_CLOSED`, if the server has been closed.
   */
  sendToGroup(group: string, message: Message, options: GroupSendOptions = {}): void {
    const name = groupArgument(group, "sendToGroup");
    const payload = messageArgument(message, "sendToGroup");
    const except = exceptArgument(options?.except, "sendToGroup");
    this.#checkOpen("sendToGroup", this.#isClosed);
    this.#hub.sendToGroup(name, payload, except);
  }

  /**
   * Number of sessions in a group; an unknown one has no members.
   *
   * @param group Name of the group.
   * @throws {TypeError} If it is not text.
   * @throws {RangeError} If it is longer than 1,024 characters.
   */
  getGroupSize(group: string): number {
    return this.#hub.groupSize(groupArgument(group, "getGroupSize"));
  }

  /**
   * Ids of the sessions in a group, in the order in which they joined.
   *
   * @param group Name of the group; an unknown one has no members.
   * @throws {TypeError} If it is not text.
   * @throws {RangeError} If it is longer than 1,024 characters.
   */
  getGroupMembers(group: string): string[] {
    return this.#hub.groupMembers(groupArgument(group, "getGroupMembers"));
  }

  #checkOpen(call: string, isClosed: boolean): void {
    if (isClosed) {
      throw new SwitchboardError("SB_CLOSED", `Cannot call ${call}: the server has been closed`);
    }
  }

  /**
   * Reloads certificate and key, for new connections; without TLS it does nothing.
   *
   * @returns Whether TLS is configured.
   * @throws {SwitchboardError} `SB_TLS`, if they cannot be used; then the previous ones stay in use;
   * `SB_LISTEN`, if another program took the port meanwhile.
   */
  async reloadTls(): Promise<boolean> {
    const { tls } = this.settings;
    if (tls === null || this.#listener === null || this.#closing !== null) return false;
    await this.#listener.exchange(readKeyPair(this.root, tls));
    return true;
  }

  /**
   * Swaps in a service's files on disk, with its sockets open: the new version starts and takes over
   * between two events, and the old version stops. A version that does not start replaces nothing. A new
   * service is started, a removed one is stopped.
   *
   * @param key The service's key.
   * @throws {SwitchboardError} Why the new version does not start; `SB_SERVICE`, if there is no service with this key.
   */
  async reload(key: string): Promise<void> {
    const [definition] = this.#serves(key) ? discover(this.root, key) : [];
    const service = this.#services.get(key);
    if (this.#closing !== null) return;
    if (definition === undefined) return await this.remove(key);
    if (service !== undefined) {
      for (const warning of definition.warnings) this.#log("WARN", warning, key);
      return await service.reload(definition);
    }
    const started = this.#start(definition, () => {});
    await started.settled;
    if (started.error !== null) throw started.error;
  }

  /**
   * Reloads authentication: keys, users, and the module. Sessions stay as they are. Requests that
   * the old module has begun get its answer.
   *
   * @returns Whether authentication is configured.
   * @throws {SwitchboardError} As {@linkcode open}; then the previous ones stay in use.
   */
  async reloadAuth(): Promise<boolean> {
    const auth = this.#auth;
    if (auth === null || this.#closing !== null) return false;
    try {
      await auth.reload();
    } catch (error) {
      if (this.#closing !== null) return false;
      throw error;
    }
    this.#gateway.authenticator = auth.authenticator;
    return this.#closing === null;
  }

  /** Keys of the current services, and of those on disk. */
  get keys(): string[] {
    const found = discover(this.root).map(({ key }) => key).filter((key) => this.#serves(key));
    return [...new Set([...this.#services.keys(), ...found])];
  }

  /**
   * Restarts a service's isolate at once, whatever it does. Its sockets stay open; events that it had
   * begun to handle are lost, and their sessions get an `error` event.
   *
   * @throws {SwitchboardError} `SB_SERVICE`, if there is no service with this key.
   */
  restart(key: string): void {
    this.#find(key).restart();
  }

  #serves(key: string): boolean {
    const { services } = this.#options;
    return services === null || services.includes(key);
  }

  #find(key: string): RunningService {
    const service = this.#services.get(key);
    if (service === undefined) {
      throw new SwitchboardError("SB_SERVICE", `There is no service "${key}"`);
    }
    return service;
  }

  /**
   * Removes a service: its sockets are closed with 1001, and its URLs answer 404.
   *
   * @throws {SwitchboardError} `SB_SERVICE`, if there is no service with this key.
   */
  async remove(key: string): Promise<void> {
    const service = this.#find(key);
    this.#services.delete(key);
    await service.settled;
    this.#hub.closeAll(1001, "service removed", service.owner);
    await service.owner.drained(this.settings.drain.deadlineSec * 1000);
    await service.stop();
    this.#metrics.forget(key);
  }

  /**
   * Stops: refuses new websockets, closes the open ones with 1001, lets the controllers handle their `close`
   * events up to the deadline of the settings, and ends.
   */
  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  async #close(): Promise<void> {
    this.#gateway.draining = true;
    const deadlineMs = this.settings.drain.deadlineSec * 1000;
    const until = performance.now() + deadlineMs;
    const spreadMs = Math.min(this.settings.drain.spreadSec * 1000, deadlineMs);
    await this.#hub.closeInTurns(1001, "server stopping", spreadMs);
    if (!await this.#hub.empty(until - performance.now())) {
      this.#log("WARN", `${this.#hub.stats().sessions} close events were not handled in time`);
    }
    const goodbyeMs = Math.min(this.#options.waits.goodbyeMs, deadlineMs);
    const leftMs = Math.max(until - performance.now(), goodbyeMs);
    await this.#gateway.idle(leftMs, goodbyeMs);
    await Promise.all(this.#services.values().map((service) => service.stop()));
    await this.#auth?.stop();
    await this.settled();
    this.#hub.stop();
    await this.#listener?.close();
    this.#isClosed = true;
  }

  /** Like {@linkcode close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #logNoSocket(path: string, status: number, text: string): void {
    const shown = text.length > MAX_ANSWER ? `${text.slice(0, MAX_ANSWER)} …` : text.trim();
    this.#log("WARN", `No websocket at ${path}: ${status} ${shown}`.trimEnd());
  }

  #landing({ scheme, host }: Origin): Response {
    return landingPage(
      this.settings.app,
      this.services.map(({ key, state, systems, url, page, definition }) => ({
        flows: definition.endpoints.flatMap(({ flow }) =>
          flow === undefined ? [] : [{ name: flow.name, drawing: picture.drawingOf(flow) }]
        ),
        name: key,
        system: systems.join(", ") || "unknown",
        state,
        url,
        link: page ?? (this.#find(key).ownEndpoint === null ? null : url),
      })),
      this.#options.devPage ? { sockets: this.#sockets(`${scheme}://${host}`), host } : null,
    );
  }

  /** The websocket endpoints, for a page of this origin. */
  #sockets(own: string): SocketEntry[] {
    return [...this.#services].flatMap(([service, host]) => {
      const { definition: { kind, name }, ownEndpoint, sharedEndpoint, mounts, origins } = host;
      const note = originAllowed(own, own, origins, null)
        ? ""
        : `The manifest of "${service}" does not list ${own} in "origins": it refuses this page`;
      const params = (names: readonly string[]) =>
        names.map((param) => param === "0" ? "*" : `:${param}`);
      return [
        ...ownEndpoint === null
          ? []
          : [{ path: URLS.urlOf(kind, name, this.settings.app), params: [] }],
        ...mounts.map(({ pattern }) => ({ path: pattern.path, params: params(pattern.names) })),
        ...sharedEndpoint === null ? [] : SHARED_PATHS.map(({ path }) => ({ path, params: [] })),
      ].map((socket) => ({ service, note, ...socket }));
    });
  }

  /** `/metrics`: names of services are confidential, unless the settings say otherwise. */
  async #figuresFor({ addresses }: Origin): Promise<Response> {
    if (this.settings.metrics === "local" && !isLoopback(addresses[0])) {
      return new Response(
        'Metrics are available on this machine only, see "metrics" in switchboard.json\n',
        {
          status: 403,
        },
      );
    }
    const { text, contentType } = await this.#metrics.text();
    const headers = { "content-type": contentType, "cache-control": "no-store" };
    return new Response(text, { headers });
  }

  #figures(): Figures {
    return {
      uptimeSec: (performance.now() - this.#openedAt) / 1000,
      groups: this.#hub.stats().groups,
      counts: this.#hub.counts,
      refused: this.#refused,
      buffered: this.#hub.buffered(),
      services: [...this.#services].map(([key, service]) => ({
        service: key,
        isUp: service.state === "running",
        sessions: service.owner.sessions.size,
        ...service.counts,
        waiting: service.owner.waiting,
      })),
    };
  }

  #readiness(): Response {
    const services = Object.fromEntries(
      this.services.map(({ key, state, restarts, lostEvents }) => [
        key,
        { state, restarts, lostEvents },
      ]),
    );
    const ready = Object.values(services).every(({ state }) => state === "running");
    const status = this.#gateway.draining ? "draining" : ready ? "ready" : "not ready";
    return Response.json({ status, services }, { status: status === "ready" ? 200 : 503 });
  }
}

/** The transport of the settings. npm `ws` is loaded only if it is used. */
async function transportOf(settings: Settings, waits: Waits): Promise<Transport> {
  const { transport, pingIntervalSec, compression } = settings;
  if (transport === "deno") return new DenoTransport(2 * pingIntervalSec);
  const { WsTransport } = await import("./gateway/ws_transport.ts");
  return new WsTransport(pingIntervalSec, compression, waits);
}

/** The services with these keys. */
function chosen(
  found: readonly ServiceDefinition[],
  keys: readonly string[],
  root: string,
): ServiceDefinition[] {
  const known = found.map(({ key }) => key);
  for (const key of keys) {
    if (known.includes(key)) continue;
    const near = nearest(key, known);
    throw new SwitchboardError(
      "SB_SERVICE",
      `There is no service "${key}" in "${root}", ` +
        (near !== null
          ? `did you mean "${near}"?`
          : known.length === 0
          ? "and no other"
          : `expected one of ${known.join(", ")}`),
    );
  }
  return found.filter(({ key }) => keys.includes(key));
}

function standardLog(): Log {
  const encoder = new TextEncoder();
  return openLog({
    format: "json",
    color: false,
    write: (line) => Deno.stderr.writeSync(encoder.encode(`${line}\n`)),
  });
}

function hasIndex(assets: string | null): boolean {
  if (assets === null) return false;
  try {
    return Deno.statSync(join(assets, "index.html")).isFile;
  } catch {
    return false;
  }
}
