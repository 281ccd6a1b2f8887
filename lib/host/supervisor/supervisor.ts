import type { Hub, Session, SessionOwner } from "../hub/mod.ts";
import { SwitchboardError } from "../../base/errors.ts";
import { PendingCounter } from "../../base/pending_counter.ts";
import { plural } from "../../base/plural.ts";
import type { ServiceDefinition } from "../service/mod.ts";
import type { BusEvent, NeutralReply, NeutralRequest } from "../../model/mod.ts";
import { Event } from "../../wire/mod.ts";
import { Audit } from "./audit.ts";
import { Backlog } from "./backlog.ts";
import { Backoff } from "./backoff.ts";
import { Isolate, type IsolateKeeper, type IsolateSettings } from "./isolate.ts";
import { Pending } from "./pending.ts";
import { Requests } from "./requests.ts";
import type { HandledEvent } from "./trace.ts";

/** The size of an event without a message: a session's data goes with its `open`. */
const EVENT_LENGTH = 256;
/** Longest line that a service may log, UTF-16 units. */
const MAX_LOG_LENGTH = 16384;

/** The parts of a server that a service's supervisor needs. */
export interface SupervisorOptions extends IsolateSettings {
  /** Whether a service that has been exchanged keeps an isolate ready for the next time. */
  keepWarm: boolean;
  /** Runs a start when the machine is not busy with too many others. */
  inTurn<T>(start: () => Promise<T>): Promise<T>;
  log(level: string, text: string, about?: LogAbout): void;
  /** A batch of events has been taken, this long after its first one came, ms. */
  onBatchLatency(milliseconds: number): void;
  /** Hands an event to all services. */
  emit(event: BusEvent): void;
}

/** The session or request that a log line is about. */
export interface LogAbout {
  session?: string;
  request?: string;
}

/** Where a service is in its life. */
export type ServiceState = "starting" | "running" | "restarting" | "failed" | "stopped";

/** Counters of a service. */
export interface ServiceCounts {
  /** Number of restarts of its isolate. */
  restarts: number;
  /** Events that an isolate had begun to handle when it ended. */
  lostEvents: number;
}

/** A swap of isolates that waits until the old one has finished its running handlers. */
interface Handover {
  /** Events begun and not through, by session. */
  begun: Map<number, number>;
  done(): void;
}

/**
 * Keeps one service running: its sessions, its queued events, and its current isolate. An isolate
 * that ends is replaced, and one whose code has changed is exchanged; sessions and groups stay.
 */
export class Supervisor implements SessionOwner, IsolateKeeper {
  readonly name: string;
  readonly hub: Hub;
  /** Sessions that the controllers know, by handle. */
  readonly sessions: Map<number, Session> = new Map();
  /** Where it is in its life. */
  state: ServiceState = "starting";
  /** Its counters. */
  readonly counts: ServiceCounts = { restarts: 0, lostEvents: 0 };
  memberships = 0;
  readonly #host: SupervisorOptions;
  readonly #backlog = new Backlog();
  readonly #pending = new Pending();
  readonly #backoff: Backoff;
  readonly #audit: Audit;
  readonly #present = new PendingCounter();
  readonly #requests: Requests;
  #definition: ServiceDefinition;
  #current: Isolate | null = null;
  /** The isolate that is being started, to take over when it is ready. */
  #next: Isolate | null = null;
  /** Exchanged, and still answering requests. */
  readonly #retired = new Set<Isolate>();
  /** Booted ahead, for the next version or the next start. */
  #spare: Isolate | null = null;
  #handover: Handover | null = null;
  #willFlush = false;
  #restartTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(definition: ServiceDefinition, host: SupervisorOptions) {
    this.#definition = definition;
    this.#host = host;
    this.hub = host.hub;
    this.name = definition.key;
    this.#backoff = new Backoff(host.waits);
    this.#requests = new Requests(definition.key);
    this.#audit = new Audit((text) => host.log("WARN", text));
  }

  /** Length of the events that wait to be handed over, bytes or UTF-16 units. */
  get waiting(): number {
    return this.#backlog.length;
  }

  /** Files that the running controllers were loaded from. */
  get files(): readonly string[] {
    return this.#current?.files ?? [];
  }

  /**
   * Starts the isolate and loads the controllers.
   *
   * @throws {SwitchboardError} `SB_LOAD`, if a controller throws; `SB_TIMEOUT`, if loading takes too long;
   * `SB_MEMORY`, if it takes too much; `SB_GRANT`, if the isolate cannot get its permissions.
   */
  async start(): Promise<void> {
    try {
      await this.#launch(this.#definition, () => {});
    } catch (error) {
      if (this.state === "starting") this.#giveUp();
      throw error;
    }
  }

  /** Revokes at once the grants that the definition lacks. */
  narrow(definition: ServiceDefinition): void {
    this.#current?.narrow(definition);
  }

  /**
   * Starts an isolate with the service as it is now, and hands over to it between two events. If it does not
   * start, the running one stays up; but grants that the new manifest removes are revoked at once.
   *
   * @param onTaken Called at the moment of the exchange.
   * @throws {SwitchboardError} As {@linkcode start}; `SB_ISOLATE_GONE`, if a newer version came meanwhile.
   */
  async swap(definition: ServiceDefinition, onTaken: () => void): Promise<void> {
    this.narrow(definition);
    const wasFailed = this.state === "failed";
    if (wasFailed) this.state = "starting";
    try {
      await this.#launch(definition, onTaken);
    } catch (error) {
      if (this.#next === null && wasFailed && this.state === "starting") this.#giveUp();
      else if (this.#next === null && this.state === "restarting") {
        this.#restartIn(this.#backoff.next());
      }
      throw error;
    }
    this.#audit.forget();
    // A service that was edited once will be edited again.
    if (this.#host.keepWarm) this.#spare ??= new Isolate(definition, this.#host, this);
  }

  /** Restarts the isolate at once, as the watchdog would. */
  restart(): void {
    const isolate = this.#current;
    if (isolate === null) return;
    isolate.stop();
    this.ended(
      isolate,
      new SwitchboardError("SB_ISOLATE_GONE", `Service "${this.name}" is being restarted`),
    );
  }

  /** Ends everything. Sessions that are left are removed without a `close` event. */
  async stop(): Promise<void> {
    if (this.state !== "failed") this.state = "stopped";
    const current = this.#current;
    this.#current = null;
    this.#release();
    await current?.end();
  }

  /**
   * Hands a request to the controller; while the service starts, it waits.
   *
   * @throws {SwitchboardError} `SB_TIMEOUT`, if there is no reply in time; `SB_ISOLATE_GONE`, if the service
   * does not run, or its isolate ends meanwhile.
   */
  request(request: NeutralRequest, timeoutMs: number): Promise<NeutralReply> {
    if (this.state === "failed" || this.state === "stopped") {
      return Promise.reject(this.#requests.gone(`is ${this.state}`));
    }
    const length = EVENT_LENGTH + (request.body?.length ?? 0);
    if (!this.#backlog.hasRoomFor(length)) {
      return Promise.reject(this.#requests.gone("is overloaded"));
    }
    const { id, reply } = this.#requests.add(request, timeoutMs, () => this.#dismiss());
    this.#backlog.push(length, Event.REQUEST, id, request);
    this.#flush();
    return reply;
  }

  opened(session: Session): void {
    const { data, params, memo } = session;
    const length = EVENT_LENGTH + data.length + params.length + memo.length;
    if (this.state === "failed" || this.state === "stopped") {
      session.close(1011, "service failed");
    } else if (!this.#backlog.hasRoomFor(length)) {
      this.#overloaded(session);
    } else {
      this.sessions.set(session.handle, session);
      this.#present.enter();
      session.pendingEvents++;
      this.#backlog.push(length, Event.OPEN, ...announcement(session));
      this.#flush();
    }
  }

  received(session: Session, message: string | Uint8Array<ArrayBuffer>): void {
    const length = message.length;
    if (!this.#pending.hasRoomFor(session, length) || !this.#backlog.hasRoomFor(length)) {
      this.#host.log(
        "WARN",
        "Session closed: its messages arrive faster than the service handles them",
        {
          session: session.id,
        },
      );
      this.#overloaded(session);
      return;
    }
    this.#pending.add(session, length);
    this.#backlog.push(length, Event.MESSAGE, session.handle, message);
    this.#flushSoon();
  }

  #overloaded(session: Session): void {
    this.hub.counts.overloaded++;
    session.close(1013, "overloaded");
  }

  failed(session: Session, error: string): void {
    session.pendingEvents++;
    this.#backlog.push(0, Event.ERROR, session.handle, error);
    this.#flush();
  }

  closed(session: Session, code: number, reason: string): void {
    if (!this.sessions.has(session.handle)) {
      this.hub.remove(session);
      return;
    }
    session.pendingEvents++;
    this.#backlog.push(0, Event.CLOSE, session.handle, code, reason);
    this.#flush();
  }

  forgotten(session: Session): boolean {
    // No isolate could have handled it yet.
    if (this.state !== "running") return false;
    this.#host.log("WARN", "Session removed: its close event was not handled in time", {
      session: session.id,
    });
    this.#drop(session);
    this.#backlog.push(0, Event.FORGET, session.handle);
    this.#flush();
    return true;
  }

  /** Hands an event of the bus to the controllers. */
  publish(event: BusEvent): void {
    const { type, data, timestamp, distributed, localOrigin } = event;
    const isUp = this.state === "running" || this.state === "restarting";
    if (!isUp || !this.#backlog.hasRoomFor(data.length)) return;
    this.#backlog.push(data.length, Event.BUS, type, data, timestamp, distributed, localOrigin);
    this.#flush();
  }

  /** Resolves when no session is left, or after a time, ms. */
  async drained(timeoutMs: number): Promise<void> {
    await this.#present.zero(timeoutMs);
  }

  idle(isolate: Isolate): void {
    if (isolate === this.#current) this.#flush();
  }

  handled(isolate: Isolate, handle: number, length: number): void {
    const session = this.sessions.get(handle);
    if (session === undefined || isolate !== this.#current || session.pendingEvents === 0) return;
    // Lengths that an isolate reports are not to be trusted.
    const known = length > 0 ? Math.min(length, session.pendingBytes) : 0;
    this.#pending.handled(session, known);
    this.#through(handle, 1);
  }

  closeHandled(isolate: Isolate, handle: number): void {
    const session = this.sessions.get(handle);
    if (session === undefined || isolate !== this.#current || session.isOpen) return;
    this.#through(handle, session.pendingEvents);
    this.#drop(session);
    this.hub.remove(session);
  }

  replied(id: number, reply: NeutralReply): void {
    this.#requests.replied(id, reply);
    this.#dismiss();
  }

  onBatchLatency(milliseconds: number): void {
    this.#host.onBatchLatency(milliseconds);
  }

  logged(level: string, text: string, about: string): void {
    const cut = text.length > MAX_LOG_LENGTH ? `${text.slice(0, MAX_LOG_LENGTH)} …` : text;
    this.#host.log(level, cut, aboutOf(about));
  }

  emitted(type: string, data: string, distributed: boolean): void {
    this.#host.emit({ type, data, distributed, timestamp: Date.now(), localOrigin: true });
  }

  denied(kind: string, target: string): void {
    this.#audit.denied(kind, target);
  }

  traced(handle: number, event: Omit<HandledEvent, "session">): void {
    const session = this.sessions.get(handle)?.id;
    if (session !== undefined) this.#host.trace?.handled({ session, ...event });
  }

  ended(isolate: Isolate, error: SwitchboardError): void {
    this.#retired.delete(isolate);
    if (isolate === this.#spare) this.#spare = null;
    if (isolate !== this.#current) {
      // An isolate that was still starting rejects its promise; a retired one has only requests to lose.
      this.#requests.lose(isolate, new Set());
      return;
    }
    this.#current = null;
    const lost = this.#writeOff(isolate);
    if (this.#handover !== null) {
      this.#host.log("ERROR", `${error.message}${lost}; the new version takes over`);
      this.#handover.done();
      return;
    }
    this.state = "restarting";
    const delay = this.#backoff.next();
    this.#host.log("ERROR", `${error.message}${lost}; it restarts in ${delay} ms`);
    this.#restartIn(delay);
  }

  #restartIn(delay: number): void {
    this.#restartTimer = setTimeout(async () => {
      if (this.#next !== null) return;
      try {
        await this.#launch(this.#definition, () => {});
        this.counts.restarts++;
        this.#host.log("INFO", `Service "${this.name}" runs again`);
      } catch (error) {
        if (this.state !== "restarting" || this.#next !== null) return;
        const { message } = error as Error;
        if (this.#backoff.isHopeless) {
          this.#host.log("ERROR", `${message}; it has failed too often and stays down`);
          this.#giveUp();
          return;
        }
        const delay = this.#backoff.next();
        this.#host.log("ERROR", `${message}; next attempt in ${delay} ms`);
        this.#restartIn(delay);
      }
    }, delay);
  }

  /** Starts an isolate and lets it take over. */
  async #launch(definition: ServiceDefinition, onTaken: () => void): Promise<void> {
    this.#next?.stop();
    let isolate: Isolate | null = null;
    const superseded = () =>
      new SwitchboardError("SB_ISOLATE_GONE", `Service "${this.name}" has changed meanwhile`);
    await this.#host.inTurn(() => {
      if (this.state === "stopped") throw this.#requests.gone("is stopped");
      this.#next?.stop();
      this.#next = isolate = this.#takeSpare(definition) ??
        new Isolate(definition, this.#host, this);
      return isolate.load();
    }).catch((error) => {
      if (this.#next !== isolate) throw superseded();
      this.#next = null;
      throw error;
    });
    if (this.#next !== isolate || isolate === null) throw superseded();
    clearTimeout(this.#restartTimer);
    await this.#letFinish(definition.manifest.eventTimeoutMs ?? this.#host.waits.eventMs);
    // The service may have been stopped meanwhile, or a newer version may have come.
    if (this.#next !== isolate) throw superseded();
    this.#next = null;
    this.#definition = definition;
    onTaken();
    this.#takeOver(isolate);
  }

  #takeSpare(definition: ServiceDefinition): Isolate | null {
    const spare = this.#spare;
    this.#spare = null;
    if (spare?.fits(definition) === true) return spare;
    spare?.stop();
    return null;
  }

  /** Waits, handing over nothing, until the isolate is through with the events that it has begun. */
  async #letFinish(timeoutMs: number): Promise<void> {
    const old = this.#current;
    if (old === null) return;
    const { sessions } = this.#backlog.waiting();
    const begun = new Map<number, number>();
    for (const [handle, { pendingEvents }] of this.sessions) {
      const count = pendingEvents - (sessions.get(handle)?.events ?? 0);
      if (count > 0) begun.set(handle, count);
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#handover?.done();
    const handover = this.#handover = { begun, done: resolve };
    const timer = setTimeout(resolve, timeoutMs);
    if (begun.size === 0) resolve();
    await promise;
    clearTimeout(timer);
    if (this.#handover !== handover) return;
    this.#handover = null;
    if (this.#current === null) return;
    this.#current = null;
    if (begun.size > 0) {
      old.stop();
      const lost = this.#writeOff(old);
      this.#host.log("WARN", `The old version of "${this.name}" took too long${lost}`);
    } else {
      this.#retired.add(old);
      this.#dismiss();
    }
  }

  #takeOver(isolate: Isolate): void {
    this.#current = isolate;
    this.state = "running";
    this.#backoff.started();
    const { sessions } = this.#backlog.waiting();
    const known: unknown[] = [];
    for (const [handle, session] of this.sessions) {
      if (sessions.get(handle)?.opens !== true) known.push(Event.ADOPT, ...announcement(session));
      // Only now its `close` event can be handled.
      session.closedAt = this.hub.now;
    }
    if (known.length > 0) this.#backlog.prepend(known);
    this.#flush();
  }

  #through(handle: number, events: number): void {
    const handover = this.#handover;
    if (handover === null) return;
    const left = (handover.begun.get(handle) ?? 0) - events;
    if (left > 0) handover.begun.set(handle, left);
    else handover.begun.delete(handle);
    if (handover.begun.size === 0) handover.done();
  }

  /**
   * Accounts for the events of an isolate that has ended: those that it had not begun wait again, the others are
   * lost, which the sessions are told.
   *
   * @returns The lost events, in words.
   */
  #writeOff(isolate: Isolate): string {
    this.#backlog.prepend(isolate.unbegun);
    const { sessions, requests } = this.#backlog.waiting();
    const errors: unknown[] = [];
    let events = 0;
    let concerned = 0;
    for (const session of [...this.sessions.values()]) {
      const waiting = sessions.get(session.handle);
      const lost = session.pendingEvents - (waiting?.events ?? 0);
      if (lost <= 0) continue;
      events += lost;
      concerned++;
      this.#pending.keep(session, waiting?.events ?? 0, waiting?.length ?? 0);
      if (!session.isOpen && waiting?.closes !== true) {
        this.#drop(session);
        this.hub.remove(session);
      } else {
        session.pendingEvents++;
        errors.push(
          Event.ERROR,
          session.handle,
          `${plural(lost, "event")} lost: the service ended while it handled ${
            lost === 1 ? "it" : "them"
          }`,
        );
      }
    }
    this.#backlog.prepend(errors);
    this.counts.lostEvents += events;
    const unanswered = this.#requests.lose(isolate, requests);
    const parts = [
      ...(events > 0 ? [`${plural(events, "event")} of ${plural(concerned, "session")}`] : []),
      ...(unanswered > 0 ? [plural(unanswered, "request")] : []),
    ];
    return parts.length === 0 ? "" : `, lost ${parts.join(" and ")}`;
  }

  /** Messages that have come with one read go out together: one by one, they would come back one by one. */
  #flushSoon(): void {
    if (this.#willFlush || this.#current?.isIdle !== true) return;
    this.#willFlush = true;
    queueMicrotask(() => {
      this.#willFlush = false;
      this.#flush();
    });
  }

  #flush(): void {
    const isolate = this.#current;
    if (isolate === null || !isolate.isIdle || this.#backlog.isEmpty) return;
    if (this.#handover !== null) return;
    this.#requests.handOver(isolate);
    const { arrivedAt } = this.#backlog;
    isolate.post(this.#backlog.take(), arrivedAt);
  }

  /** Stops the retired isolates that have answered their requests. */
  #dismiss(): void {
    for (const isolate of this.#retired) {
      if (this.#requests.isWaitingFor(isolate)) continue;
      this.#retired.delete(isolate);
      isolate.end();
    }
  }

  #giveUp(): void {
    this.state = "failed";
    this.#release();
  }

  #release(): void {
    clearTimeout(this.#restartTimer);
    const isolates = [this.#current, this.#next, this.#spare, ...this.#retired];
    this.#current = null;
    this.#spare = null;
    this.#next = null;
    this.#retired.clear();
    for (const isolate of isolates) isolate?.stop();
    this.#handover?.done();
    this.#backlog.take();
    this.#requests.loseAll(`is ${this.state}`);
    for (const session of [...this.sessions.values()]) {
      this.#drop(session);
      session.close(1011, "service failed");
      this.hub.remove(session);
    }
  }

  #drop(session: Session): void {
    if (!this.sessions.delete(session.handle)) return;
    this.#present.leave();
    this.#pending.drop(session);
  }
}

/** The description of a session for an isolate: the fields of `Event.OPEN`. */
function announcement(session: Session): unknown[] {
  const { handle, endpoint, id, path, origin, params, data, memo } = session;
  const identity = session.identity === null ? "" : JSON.stringify(session.identity);
  return [handle, endpoint, id, path, origin, params, data, identity, memo];
}

/** The session or request that a service names for a log line; none if the id is unknown. */
function aboutOf(text: string): LogAbout | undefined {
  const id = /^[sr]([\w.-]{1,64})$/.exec(text)?.[1];
  if (id === undefined) return undefined;
  return text.startsWith("s") ? { session: id } : { request: id };
}
