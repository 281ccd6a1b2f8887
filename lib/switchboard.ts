import { join, resolve } from "@std/path";
import { messagePath } from "./dirigible/shared_path.ts";
import { messageOf, SwitchboardError } from "./errors.ts";
import { Gateway, landingPage, urlOf } from "./gateway/mod.ts";
import { Hub, type HubStats } from "./hub/mod.ts";
import type { IsolateHost } from "./isolate/mod.ts";
import { type Log, openLog } from "./observe/mod.ts";
import {
  discover,
  type PartialSettings,
  readSettings,
  type ServiceDefinition,
  type Settings,
  strays,
} from "./service/mod.ts";
import { drawingOf } from "./picture/mod.ts";
import { ServiceHost } from "./service_host.ts";
import { Turnstile } from "./turnstile.ts";
import { VERSION } from "./version.ts";

/** How a server is opened; settings that are not given come from the environment and `switchboard.json`. */
export interface SwitchboardOptions extends PartialSettings {
  /** Folder with `services/`, `apis/` or `webapp/`. Default: the current one. */
  root?: string;
  /**
   * Whether a service that was reloaded keeps an isolate booted for the next time, as `dev` does: it is live
   * half a second earlier, and costs its memory twice. Default: false.
   */
  keepSpares?: boolean;
  /** Where log lines go. Default: standard error, as JSON. */
  log?: Log;
}

/** One service, as operators see it. */
export interface ServiceStatus {
  /** Unique name: `chat`, `api:chat`, `webapp`. */
  key: string;
  /** `starting`, `running`, `restarting`, `failed` or `stopped`. */
  state: string;
  /** How often its isolate ended and was started anew. */
  restarts: number;
  /** Events that an isolate had begun to handle when it ended. */
  lostEvents: number;
  /** Systems that its controllers are written for, for example `xp`. */
  systems: string[];
  /** Its shortest URL. */
  url: string;
  /** URL of the page that it ships, if it does. */
  page: string | null;
  /** Why it is not running, or why its newest version is not. */
  error: SwitchboardError | null;
  /** What its author should know. */
  warnings: string[];
  /** Files that its running controllers were loaded from. */
  files: readonly string[];
  /** What was found on disk. */
  definition: ServiceDefinition;
}

/** How long a service may take to load, ms. */
const START_TIMEOUT_MS = 10_000;
/** How long sockets may take to say goodbye when the server stops, ms. */
const GOODBYE_MS = 2_000;

/**
 * A server for websocket services.
 *
 * @example
 * ```ts
 * import { Switchboard } from "@switchboard/switchboard";
 *
 * await using board = await Switchboard.open({ root: ".", port: 0 });
 * const { port } = board.listen();
 * console.log((await fetch(`http://127.0.0.1:${port}/healthz`)).status);
 * ```
 */
export class Switchboard implements AsyncDisposable {
  /** Its settings, all sources taken together. */
  readonly settings: Settings;
  /** The folder that is served, absolute. */
  readonly root: string;
  readonly #log: Log;
  readonly #keepSpares: boolean;
  readonly #hub: Hub;
  readonly #gateway: Gateway;
  readonly #services = new Map<string, ServiceHost>();
  // Most of a start is waiting; but all at once they would keep each other from being ready in time.
  readonly #turnstile = new Turnstile(Math.max(8, 8 * navigator.hardwareConcurrency));
  #server: Deno.HttpServer<Deno.NetAddr> | null = null;
  #abort = new AbortController();
  #closing: Promise<void> | null = null;

  private constructor(root: string, settings: Settings, log: Log, keepSpares: boolean) {
    this.#keepSpares = keepSpares;
    this.root = root;
    this.settings = settings;
    this.#log = log;
    this.#hub = new Hub();
    this.#gateway = new Gateway({
      hub: this.#hub,
      app: settings.app,
      bodyBytes: settings.limits.bodyBytes,
      requestTimeoutMs: settings.limits.requestTimeoutMs,
      trustProxy: settings.trustProxy,
      services: this.#services,
      shared: [messagePath],
      pages: {
        "/": () => this.#landing(),
        "/healthz": () => Response.json({ status: "ok", ...this.#hub.stats() }),
        "/readyz": () => this.#readiness(),
      },
      log,
    });
  }

  /**
   * Finds the services of a root and begins to start them. One that is broken does not keep the others from
   * running: see {@linkcode services}.
   *
   * @throws {SwitchboardError} `SB_ROOT`, if there is no such folder; `SB_SETTINGS`, if a setting is wrong.
   */
  static open(options: SwitchboardOptions = {}): Promise<Switchboard> {
    return Promise.try(() => {
      const { root: given = ".", log = standardLog(), keepSpares = false, ...settings } = options;
      const root = resolve(given);
      const definitions = discover(root);
      const board = new Switchboard(root, readSettings(root, settings), log, keepSpares);
      for (const definition of definitions) board.#start(definition);
      const names = new Set(definitions.map(({ key }) => key));
      for (const { message } of strays(root, names)) log("ERROR", message);
      return board;
    });
  }

  #start(
    definition: ServiceDefinition,
    onError: (error: SwitchboardError) => void = ({ message }) =>
      this.#log("ERROR", message, definition.key),
  ): ServiceHost {
    const { key } = definition;
    for (const { message } of definition.problems) this.#log("ERROR", message, key);
    for (const warning of definition.warnings) this.#log("WARN", warning, key);
    const host: IsolateHost = {
      hub: this.#hub,
      root: this.root,
      app: { name: this.settings.app, version: VERSION, config: this.settings.config },
      startTimeoutMs: START_TIMEOUT_MS,
      keepsSpares: this.#keepSpares,
      inTurn: (start) => this.#turnstile.pass(start),
      log: (level, text) => this.#log(level, text, key),
      emit: (event) => {
        for (const service of this.#services.values()) service.publish(event);
      },
    };
    const service = new ServiceHost(definition, host, onError);
    this.#services.set(key, service);
    return service;
  }

  /** Resolves when every service has started, or failed to. */
  async settled(): Promise<void> {
    await Promise.all(this.#services.values().map((service) => service.settled));
  }

  /** The services, in the order in which they were found. */
  get services(): ServiceStatus[] {
    return [...this.#services.values()].map((service) => {
      const { definition } = service;
      const own = urlOf(definition.kind, definition.name, this.settings.app);
      const mounted = definition.endpoints[0]?.paths.at(-1) ?? messagePath.path;
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
   * Answers one request, for use in another server's handler.
   *
   * @param request The request, not yet read.
   * @param info As `Deno.serve` gives it.
   */
  fetch = (request: Request, info: Deno.ServeHandlerInfo): Promise<Response> => {
    const { remoteAddr } = info;
    const address = "hostname" in remoteAddr ? remoteAddr.hostname : "";
    return this.#gateway.handle(request, { address });
  };

  /**
   * Starts to listen on the hostname and port of the settings.
   *
   * @returns Where it listens.
   * @throws {SwitchboardError} `SB_LISTEN`, if the port is taken or must not be used.
   */
  listen(): { hostname: string; port: number } {
    const { hostname, port } = this.settings;
    try {
      this.#server = Deno.serve({
        hostname,
        port,
        signal: this.#abort.signal,
        onListen: () => {},
        onError: (error) => {
          this.#log("ERROR", `A request failed: ${messageOf(error)}`);
          return new Response("Internal Server Error\n", { status: 500 });
        },
      }, this.fetch);
    } catch (error) {
      throw new SwitchboardError(
        "SB_LISTEN",
        `Cannot listen on ${hostname}:${port}: ${listenProblem(error)}`,
        { cause: error },
      );
    }
    return { hostname, port: this.#server.addr.port };
  }

  /**
   * Exchanges a service for what lies on disk now, with its sockets open: the new code is started, takes over
   * between two events, and the old code is stopped. A version that does not start replaces nothing. A service
   * that is new is started, one that is no more is removed.
   *
   * @param key The service's key.
   * @throws {SwitchboardError} Why the new version does not start; `SB_SERVICE`, if there is none of this key.
   */
  async reload(key: string): Promise<void> {
    const [definition] = discover(this.root, key);
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

  /** Keys of the services that there are, and of those that lie on disk now. */
  get keys(): string[] {
    const found = discover(this.root).map((definition) => definition.key);
    return [...new Set([...this.#services.keys(), ...found])];
  }

  /**
   * Ends a service's isolate at once, whatever it does, and starts it anew. Its sockets stay open; what it had
   * begun to handle is lost, and its sessions get an `error` event for it.
   *
   * @throws {SwitchboardError} `SB_SERVICE`, if there is none of this key.
   */
  restart(key: string): void {
    this.#find(key).restart();
  }

  #find(key: string): ServiceHost {
    const service = this.#services.get(key);
    if (service === undefined) {
      throw new SwitchboardError("SB_SERVICE", `There is no service "${key}"`);
    }
    return service;
  }

  /**
   * Removes a service: its sockets are closed with 1001 and its URLs are no more.
   *
   * @throws {SwitchboardError} `SB_SERVICE`, if there is none of this key.
   */
  async remove(key: string): Promise<void> {
    const service = this.#find(key);
    this.#services.delete(key);
    await service.settled;
    this.#hub.closeAll(1001, "service removed", service.owner);
    await service.owner.drained(this.settings.drain.deadlineSec * 1000);
    await service.stop();
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
    this.#hub.closeAll(1001, "server stopping");
    if (!await this.#hub.empty(deadlineMs)) {
      this.#log("WARN", `${this.#hub.stats().sessions} close events were not handled in time`);
    }
    await this.#gateway.idle(Math.min(GOODBYE_MS, deadlineMs));
    await Promise.all(this.#services.values().map((service) => service.stop()));
    await this.settled();
    this.#hub.stop();
    this.#abort.abort();
    await this.#server?.finished;
  }

  /** Like {@linkcode close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #landing(): Response {
    return landingPage(
      this.settings.app,
      this.services.map(({ key, state, systems, url, page, definition }) => ({
        flows: definition.endpoints.flatMap(({ flow }) =>
          flow === undefined ? [] : [{ name: flow.name, drawing: drawingOf(flow) }]
        ),
        name: key,
        system: systems.join(", ") || "unknown",
        state,
        url,
        link: page ?? (this.#find(key).ownEndpoint === null ? null : url),
      })),
    );
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
