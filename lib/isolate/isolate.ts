import type { Hub, Session, SessionOwner } from "../hub/mod.ts";
import { messageOf, SwitchboardError } from "../errors.ts";
import { Latch } from "../latch.ts";
import type { Grants, ServiceDefinition } from "../service/mod.ts";
import {
  AnswerWord,
  type Boot,
  type BusEvent,
  Event,
  GroupGrant,
  type LoadFailure,
  type NeutralReply,
  type NeutralRequest,
  Op,
} from "../wire/mod.ts";
import { applyBatch, type OperationsTarget } from "./operations.ts";

/** Events of one session that may wait to be handled. */
const MAX_PENDING_EVENTS = 16384;
/** Their length, bytes or UTF-16 units. */
const MAX_PENDING_LENGTH = 16 * 1024 * 1024;
/** The same for all sessions of a service together. */
const MAX_SERVICE_LENGTH = 128 * 1024 * 1024;

/** What an isolate needs from its server. */
export interface IsolateHost {
  hub: Hub;
  app: Boot["app"];
  root: string;
  /** How long loading may take, ms. */
  startTimeoutMs: number;
  log(level: string, text: string): void;
  /** Hands an event to all services. */
  emit(event: BusEvent): void;
}

/** Where an isolate is in its life. */
export type IsolateState = "starting" | "running" | "failed" | "stopped";

interface Waiting {
  resolve(reply: NeutralReply): void;
  reject(error: SwitchboardError): void;
  timer: ReturnType<typeof setTimeout>;
}

/**
 * The host side of one service: starts its worker with the service's permissions, hands it events in batches
 * and applies the operations that come back.
 *
 * One batch is under way at a time; events that come meanwhile form the next one. So batches grow with load
 * by themselves, and an idle service gets its event at once.
 */
export class Isolate implements SessionOwner, OperationsTarget {
  readonly name: string;
  readonly hub: Hub;
  readonly joinGrant: GroupGrant;
  readonly sendGrant: GroupGrant;
  /** Sessions that the inside knows, by handle. */
  readonly sessions: Map<number, Session> = new Map();
  /** Where it is in its life. */
  state: IsolateState = "starting";
  #worker: Worker | null = null;
  #port: MessagePort | null = null;
  #answers: MessagePort | null = null;
  #answer: Int32Array = new Int32Array(0);
  #queue: unknown[] = [];
  #transfer: Transferable[] = [];
  #underWay = false;
  #underWaySince = 0;
  #watchdog: ReturnType<typeof setInterval> | undefined;
  #pendingLength = 0;
  readonly #present = new Latch();
  readonly #started = Promise.withResolvers<void>();
  #requests = 0;
  readonly #waiting = new Map<number, Waiting>();
  readonly #eventTimeoutMs: number;
  readonly #host: IsolateHost;
  readonly #definition: ServiceDefinition;

  constructor(definition: ServiceDefinition, host: IsolateHost) {
    this.#definition = definition;
    this.#host = host;
    this.hub = host.hub;
    this.#eventTimeoutMs = definition.manifest.eventTimeoutMs ?? 5000;
    this.joinGrant = new GroupGrant("join", definition.manifest.groups?.join ?? null);
    this.sendGrant = new GroupGrant("send", definition.manifest.groups?.send ?? null);
    this.name = definition.key;
  }

  /**
   * Starts the worker and loads the controllers.
   *
   * @throws {SwitchboardError} `SB_LOAD`, if a controller throws; `SB_TIMEOUT`, if loading takes too long;
   * `SB_GRANT`, if the worker cannot get its permissions.
   */
  async start(): Promise<void> {
    const { startTimeoutMs } = this.#host;
    const timer = setTimeout(() => {
      const message = `Service "${this.name}" did not load within ${startTimeoutMs} ms`;
      this.#fail(new SwitchboardError("SB_TIMEOUT", message));
    }, startTimeoutMs);
    try {
      this.#boot();
      await this.#started.promise;
      // One timer that looks now and then: a timer for every batch would be dear.
      this.#watchdog = setInterval(() => this.#watch(), Math.ceil(this.#eventTimeoutMs / 4));
      this.#flush();
    } finally {
      clearTimeout(timer);
    }
  }

  #boot(): void {
    const inward = new MessageChannel();
    const answers = new MessageChannel();
    const answer = new SharedArrayBuffer(3 * Int32Array.BYTES_PER_ELEMENT);
    this.#answer = new Int32Array(answer);
    this.#port = inward.port1;
    this.#answers = answers.port1;
    inward.port1.onmessage = ({ data }) => {
      if (Array.isArray(data)) this.#received(data);
      else if (data !== null) this.#fail(loadError(this.name, data));
      else if (this.state === "starting") {
        this.state = "running";
        this.#started.resolve();
      }
    };
    try {
      this.#worker = this.#spawn();
    } catch (cause) {
      const message = `Cannot start service "${this.name}": ${messageOf(cause)}`;
      this.#fail(new SwitchboardError("SB_GRANT", message, { cause }));
      return;
    }
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#fail(new SwitchboardError("SB_LOAD", `Service "${this.name}": ${event.message}`));
    };
    const { manifest, dir, endpoints } = this.#definition;
    const boot: Boot = {
      service: this.name,
      root: this.#host.root,
      dir,
      endpoints,
      app: this.#host.app,
      groups: { join: manifest.groups?.join ?? null, send: manifest.groups?.send ?? null },
      answerTimeoutMs: this.#eventTimeoutMs,
      answer,
    };
    const ports = [inward.port2, answers.port2];
    this.#worker.postMessage({ boot, port: inward.port2, answers: answers.port2 }, ports);
  }

  #spawn(): Worker {
    return new Worker(new URL("./runner.ts", import.meta.url), {
      type: "module",
      name: this.name,
      deno: { permissions: permissionsOf(this.#definition.grants) },
    });
  }

  /**
   * Hands a request to the controller.
   *
   * @throws {SwitchboardError} `SB_TIMEOUT`, if there is no reply in time; `SB_ISOLATE_GONE`, if the isolate
   * is not running or ends meanwhile.
   */
  request(request: NeutralRequest, timeoutMs: number): Promise<NeutralReply> {
    if (this.state !== "running") return Promise.reject(this.#gone());
    const { promise, resolve, reject } = Promise.withResolvers<NeutralReply>();
    const id = ++this.#requests;
    const timer = setTimeout(() => {
      this.#waiting.delete(id);
      reject(
        new SwitchboardError(
          "SB_TIMEOUT",
          `Service "${this.name}" did not answer ${request.method} ${request.path} within ${timeoutMs} ms`,
        ),
      );
    }, timeoutMs);
    this.#waiting.set(id, { resolve, reject, timer });
    this.#queue.push(Event.REQUEST, id, request);
    this.#flush();
    return promise;
  }

  opened(session: Session): void {
    if (this.state !== "running") {
      session.close(1011, "service failed");
      return;
    }
    this.sessions.set(session.handle, session);
    this.#present.enter();
    session.pendingEvents++;
    this.#queue.push(
      Event.OPEN,
      session.handle,
      session.endpoint,
      session.id,
      session.path,
      session.origin,
      session.params,
      session.data,
      session.user === null ? "" : JSON.stringify(session.user),
    );
    this.#flush();
  }

  received(session: Session, message: string | Uint8Array<ArrayBuffer>): void {
    const length = message.length;
    if (
      session.pendingEvents >= MAX_PENDING_EVENTS ||
      session.pendingBytes + length > MAX_PENDING_LENGTH ||
      this.#pendingLength + length > MAX_SERVICE_LENGTH
    ) {
      this.#host.log("WARN", `Session ${session.id} closed: its messages come faster than handled`);
      session.close(1013, "overloaded");
      return;
    }
    session.pendingEvents++;
    session.pendingBytes += length;
    this.#pendingLength += length;
    this.#queue.push(Event.MESSAGE, session.handle, message);
    if (typeof message !== "string") this.#transfer.push(message.buffer);
    this.#flush();
  }

  failed(session: Session, error: string): void {
    session.pendingEvents++;
    this.#queue.push(Event.ERROR, session.handle, error);
    this.#flush();
  }

  closed(session: Session, code: number): void {
    if (this.state !== "running") {
      this.#drop(session);
      this.hub.remove(session);
      return;
    }
    this.#queue.push(Event.CLOSE, session.handle, code);
    this.#flush();
  }

  forgotten(session: Session): void {
    this.#host.log(
      "WARN",
      `Session ${session.id} removed: its close event was not handled in time`,
    );
    this.#drop(session);
    this.#queue.push(Event.FORGET, session.handle);
    this.#flush();
  }

  handled(handle: number, length: number): void {
    const session = this.sessions.get(handle);
    if (session === undefined) return;
    session.pendingEvents--;
    session.pendingBytes -= length;
    this.#pendingLength -= length;
  }

  ended(handle: number): void {
    const session = this.sessions.get(handle);
    if (session === undefined || session.isOpen) return;
    this.#drop(session);
    this.hub.remove(session);
  }

  replied(id: number, reply: NeutralReply): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    this.#waiting.delete(id);
    clearTimeout(waiting.timer);
    waiting.resolve(reply);
  }

  logged(level: string, text: string): void {
    this.#host.log(level, text);
  }

  emitted(type: string, data: string, distributed: boolean): void {
    this.#host.emit({ type, data, distributed, timestamp: Date.now(), localOrigin: true });
  }

  answer(asked: number, value: unknown): void {
    if (typeof value === "number") Atomics.store(this.#answer, AnswerWord.NUMBER, value);
    else if (value !== undefined) this.#answers?.postMessage([asked, value]);
    Atomics.store(this.#answer, AnswerWord.ASKED, asked);
    Atomics.notify(this.#answer, AnswerWord.ASKED);
  }

  /** Hands an event of the bus to the controllers. */
  publish(event: BusEvent): void {
    if (this.state !== "running") return;
    const { type, data, timestamp, distributed, localOrigin } = event;
    this.#queue.push(Event.BUS, type, data, timestamp, distributed, localOrigin);
    this.#flush();
  }

  /** Resolves when no session is left, or after a time, ms. */
  async drained(timeoutMs: number): Promise<void> {
    await this.#present.zero(timeoutMs);
  }

  /** Ends the worker. Sessions that are left are removed without a `close` event. */
  stop(): void {
    if (this.state !== "failed") this.state = "stopped";
    this.#started.reject(this.#gone());
    this.#release();
  }

  #received(batch: unknown[]): void {
    Atomics.add(this.#answer, AnswerWord.TAKEN, 1);
    if (batch[0] === Op.ACK) {
      // The next batch goes out before this one is applied, so that both sides work at the same time.
      this.#underWay = false;
      this.#flush();
    }
    try {
      applyBatch(this, batch);
    } catch (error) {
      this.#host.log(
        "ERROR",
        `Service "${this.name}" sent a batch that is not understood: ${messageOf(error)}`,
      );
    }
  }

  #flush(): void {
    if (this.#underWay || this.#queue.length === 0 || this.state !== "running") return;
    const queue = this.#queue;
    const transfer = this.#transfer;
    this.#queue = [];
    this.#underWay = true;
    if (transfer.length > 0) this.#transfer = [];
    this.#port!.postMessage(queue, transfer);
    this.#underWaySince = performance.now();
  }

  #watch(): void {
    const limit = this.#eventTimeoutMs;
    if (!this.#underWay || performance.now() - this.#underWaySince < limit) return;
    this.#fail(
      new SwitchboardError("SB_TIMEOUT", `Service "${this.name}" has not answered for ${limit} ms`),
    );
  }

  #fail(error: SwitchboardError): void {
    if (this.state === "failed" || this.state === "stopped") return;
    const wasRunning = this.state === "running";
    this.state = "failed";
    if (wasRunning) this.#host.log("ERROR", `Service "${this.name}" has ended: ${error.message}`);
    this.#started.reject(error);
    this.#release();
  }

  #release(): void {
    clearInterval(this.#watchdog);
    this.#worker?.terminate();
    this.#worker = null;
    this.#port?.close();
    this.#answers?.close();
    this.#queue = [];
    this.#transfer = [];
    for (const { reject, timer } of this.#waiting.values()) {
      clearTimeout(timer);
      reject(this.#gone());
    }
    this.#waiting.clear();
    for (const session of [...this.sessions.values()]) {
      session.close(1011, "service failed");
      this.#drop(session);
      this.hub.remove(session);
    }
  }

  #drop(session: Session): void {
    if (!this.sessions.delete(session.handle)) return;
    this.#present.leave();
    this.#pendingLength -= session.pendingBytes;
  }

  #gone(): SwitchboardError {
    return new SwitchboardError("SB_ISOLATE_GONE", `Service "${this.name}" is ${this.state}`);
  }
}

function loadError(service: string, data: unknown): SwitchboardError {
  const { message, stack } = data as LoadFailure;
  return new SwitchboardError(
    "SB_LOAD",
    `Cannot load service "${service}": ${message}\n${stack}`.trimEnd(),
  );
}

/** A list grants what it names; an empty one must become `false`, for Deno would take it for "all". */
function permissionsOf(grants: Grants): Deno.PermissionOptionsObject {
  return Object.fromEntries(
    Object.entries(grants).map(([kind, granted]) => [
      kind,
      granted !== true && granted.length === 0 ? false : granted,
    ]),
  );
}
