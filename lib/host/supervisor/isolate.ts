import type { Hub } from "../hub/mod.ts";
import { type ErrorCode, messageOf, SwitchboardError } from "../../base/errors.ts";
import { DEFAULT_MANIFEST, type Grants, narrowed, type ServiceDefinition } from "../service/mod.ts";
import {
  ANSWER_WORDS,
  AnswerWord,
  type Boot,
  type CellBoot,
  type CellReport,
  EVENT_FIELDS,
  Op,
  type Report,
  type Revocation,
} from "../../wire/mod.ts";
import { GroupGrant } from "../../base/group_grant.ts";
import type { NeutralReply } from "../../model/mod.ts";
import { preparePackages } from "./packages.ts";
import { applyBatch, type OperationsTarget } from "./operations.ts";
import { loadError } from "./load_error.ts";
import { cellPermissions, loanFor, RUNTIME } from "./cell_permissions.ts";
import { type HandledEvent, type Trace, Tracer } from "./trace.ts";
import type { Waits } from "../../base/waits.ts";

/** How long an isolate may take to say goodbye, ms. */
const GOODBYE_MS = 500;

/** Answers to synchronous questions that may lie unread: those that were given up. */
const MAX_UNREAD_ANSWERS = 16;

/** Settings of an isolate that are the same for every service. */
export interface IsolateSettings {
  hub: Hub;
  app: Boot["app"];
  root: string;
  waits: Waits;
  /** Called for each handled event. Default: none. */
  trace?: Trace | undefined;
}

/** The supervisor of an isolate. Untrusted code may cause every call but {@linkcode ended}. */
export interface IsolateKeeper {
  /** The last batch has been taken: the next may come. */
  idle(isolate: Isolate): void;
  /** A batch of events has been taken, this long after its first one came, ms. */
  onBatchLatency(milliseconds: number): void;
  /** It has ended by itself, or was stopped because it had to be. Called once. */
  ended(isolate: Isolate, error: SwitchboardError): void;
  /** One event of the session is through. */
  handled(isolate: Isolate, handle: number, length: number): void;
  /** The session's `close` event is through. */
  closeHandled(isolate: Isolate, handle: number): void;
  /** The reply to a request; one that comes too late is dropped. */
  replied(id: number, reply: NeutralReply): void;
  logged(level: string, text: string, about: string): void;
  emitted(type: string, data: string, distributed: boolean): void;
  denied(kind: string, target: string): void;
  /** An event of a session was handled; only where that is traced. */
  traced(handle: number, event: Omit<HandledEvent, "session">): void;
}

/**
 * The host side of one running isolate: starts its cell with the service's permissions, hands it batches of
 * events, applies the operations that come back, and stops it when it does not answer.
 *
 * One batch is under way at a time; events that come meanwhile form the next one. So batches grow with load
 * by themselves, and an idle service gets its event at once.
 */
export class Isolate implements OperationsTarget {
  readonly hub: Hub;
  readonly service: string;
  /** The service's files that it was loaded from; known once it has started. */
  files: readonly string[] = [];
  /** Resolves when the controllers are loaded; rejects if it ends before. */
  readonly started: Promise<void>;
  readonly #done = Promise.withResolvers<void>();
  readonly #start = Promise.withResolvers<void>();
  readonly #definition: ServiceDefinition;
  readonly #settings: IsolateSettings;
  readonly #keeper: IsolateKeeper;
  readonly #eventTimeoutMs: number;
  readonly #words: Int32Array;
  readonly #ports = [new MessageChannel(), new MessageChannel()] as const;
  #cell: Worker | null = null;
  #state: "booting" | "waiting" | "loading" | "running" | "ended" = "booting";
  #shallLoad = false;
  #joinGrants: GroupGrant[];
  #sendGrants: GroupGrant[];
  #grants: Grants;
  /** Number of the batch under way; 0: none is. */
  #number = 0;
  #batch: unknown[] = [];
  #since = 0;
  #arrivedAt = 0;
  #startTimer: ReturnType<typeof setTimeout> | undefined;
  #watchdog: ReturnType<typeof setInterval> | undefined;
  #lastLook = 0;
  #answersSent = 0;
  readonly #tracer: Tracer | null;

  /** Boots it; {@linkcode load} loads its controllers. */
  constructor(definition: ServiceDefinition, settings: IsolateSettings, keeper: IsolateKeeper) {
    const { manifest, key, grants } = definition;
    this.#definition = definition;
    this.#settings = settings;
    this.#keeper = keeper;
    this.hub = settings.hub;
    this.service = key;
    this.#eventTimeoutMs = manifest.eventTimeoutMs ?? settings.waits.eventMs;
    this.#tracer = settings.trace === undefined
      ? null
      : new Tracer((handle, event) => keeper.traced(handle, event));
    this.#grants = grants;
    this.#joinGrants = [new GroupGrant("join", manifest.groups?.join ?? null)];
    this.#sendGrants = [new GroupGrant("send", manifest.groups?.send ?? null)];
    this.#words = new Int32Array(
      new SharedArrayBuffer(ANSWER_WORDS * Int32Array.BYTES_PER_ELEMENT),
    );
    this.started = this.#start.promise;
    // A waiting caller gets the error; without one, this is not an unhandled rejection.
    this.started.catch(() => {});
    this.#boot();
  }

  /** Loads the controllers. Until then it waits, booted, and has read nothing of the service. */
  load(): Promise<void> {
    const { startMs } = this.#settings.waits;
    preparePackages(this.#definition).then(() => {
      this.#shallLoad = true;
      this.#beginToLoad();
    });
    this.#startTimer = setTimeout(() => {
      this.#fail("SB_TIMEOUT", `did not load within ${startMs} ms`);
    }, startMs);
    return this.started;
  }

  /** Whether it was booted for just this: the same grants and limits, imports and controllers. */
  fits(definition: ServiceDefinition): boolean {
    const { manifest, grants, endpoints, imports } = this.#definition;
    return this.#state !== "ended" && JSON.stringify([manifest, grants, endpoints, imports]) ===
        JSON.stringify([
          definition.manifest,
          definition.grants,
          definition.endpoints,
          definition.imports,
        ]);
  }

  /** Whether a batch may be handed over. */
  get isIdle(): boolean {
    return this.#number === 0 && this.#state === "running";
  }

  /**
   * Hands over a batch of events, see `Event` of the wire. Only when {@linkcode isIdle}.
   *
   * @param batch Its first place is left for the batch's number; an empty one asks for a sign of life.
   * @param arrivedAt When its first event came; 0: it has none.
   */
  post(batch: unknown[], arrivedAt: number): void {
    // Unguessable, so that an isolate cannot acknowledge an unread batch; and not 0.
    this.#number = batch[0] = 1 + Math.floor(Math.random() * 0x7ffffffe);
    this.#batch = batch;
    Atomics.store(this.#words, AnswerWord.BEGUN, 0);
    this.#since = performance.now();
    this.#arrivedAt = arrivedAt;
    this.#ports[0].port1.postMessage(batch);
  }

  /** After its end: the events that were handed over and that it had not begun to handle. */
  get unbegun(): unknown[] {
    const begun = Atomics.load(this.#words, AnswerWord.BEGUN);
    if (this.#number === 0) return [];
    for (let at = 1; at < this.#batch.length; at += 1 + EVENT_FIELDS[this.#batch[at] as number]!) {
      if (at > begun) return this.#batch.slice(at);
    }
    return [];
  }

  /** Revokes at once the grants that the new definition lacks; additional grants need a new isolate. */
  narrow(definition: ServiceDefinition): void {
    const { groups } = definition.manifest;
    this.#joinGrants.push(new GroupGrant("join", groups?.join ?? null));
    this.#sendGrants.push(new GroupGrant("send", groups?.send ?? null));
    const lost: Revocation = narrowed(this.#grants, definition.grants);
    if (lost.length > 0) this.#cell?.postMessage(lost);
  }

  /** Ends it once it has closed its outbound connections, or after a moment. */
  async end(): Promise<void> {
    if (this.#state === "running") {
      const timer = setTimeout(() => this.#done.resolve(), GOODBYE_MS);
      this.#ports[0].port1.postMessage("end");
      await this.#done.promise;
      clearTimeout(timer);
    }
    this.stop();
  }

  /** Terminates it. */
  stop(): void {
    if (this.#state === "ended") return;
    this.#state = "ended";
    this.#done.resolve();
    clearTimeout(this.#startTimer);
    clearInterval(this.#watchdog);
    this.#cell?.terminate();
    for (const { port1 } of this.#ports) port1.close();
    this.#start.reject(
      new SwitchboardError("SB_ISOLATE_GONE", `Service "${this.service}" was stopped`),
    );
  }

  mayJoin(group: string): boolean {
    return this.#joinGrants.every((grant) => grant.allows(group));
  }

  maySend(group: string): boolean {
    return this.#sendGrants.every((grant) => grant.allows(group));
  }

  get mayUseAllGroups(): boolean {
    return [...this.#joinGrants, ...this.#sendGrants].every((grant) => grant.isAll);
  }

  handled(handle: number, length: number): void {
    this.#keeper.handled(this, handle, length);
  }

  ended(handle: number): void {
    this.#keeper.closeHandled(this, handle);
  }

  replied(id: number, reply: NeutralReply): void {
    this.#keeper.replied(id, reply);
  }

  logged(level: string, text: string, about: string): void {
    this.#keeper.logged(level, text, about);
  }

  emitted(type: string, data: string, distributed: boolean): void {
    this.#keeper.emitted(type, data, distributed);
  }

  denied(kind: string, target: string): void {
    this.#keeper.denied(kind, target);
  }

  answer(asked: number, value: unknown): void {
    if (typeof value === "number") {
      Atomics.store(this.#words, AnswerWord.NUMBER, value);
    } else if (value !== undefined) {
      // An isolate that never reads its answers must not fill the memory with them.
      const unread = this.#answersSent - Atomics.load(this.#words, AnswerWord.READ) | 0;
      if (unread > MAX_UNREAD_ANSWERS) return;
      this.#answersSent = this.#answersSent + 1 | 0;
      this.#ports[1].port1.postMessage([asked, value]);
    }
    Atomics.store(this.#words, AnswerWord.ASKED, asked);
    Atomics.notify(this.#words, AnswerWord.ASKED);
  }

  #boot(): void {
    const { manifest, dir, endpoints, imports } = this.#definition;
    const { root, app, waits } = this.#settings;
    const loan = loanFor(this.#grants);
    const boot: Boot = {
      service: this.service,
      root,
      dir,
      endpoints,
      imports,
      app,
      groups: { join: manifest.groups?.join ?? null, send: manifest.groups?.send ?? null },
      answerTimeoutMs: this.#eventTimeoutMs,
      dialTimeoutMs: waits.dialMs,
      answer: this.#words.buffer as SharedArrayBuffer,
      memoryMb: manifest.memoryMb ?? DEFAULT_MANIFEST.memoryMb,
      env: this.#grants.env,
      trusted: manifest.trusted === true,
      trace: this.#settings.trace === undefined ? null : { bodies: this.#settings.trace.bodies },
    };
    const [inward, answers] = this.#ports;
    inward.port1.onmessage = ({ data }) => {
      if (this.#state === "ended") return;
      if (Array.isArray(data)) this.#received(data);
      else this.#reported(data as Report);
    };
    try {
      this.#cell = new Worker(new URL("../../inside/cell.ts", import.meta.url), {
        type: "module",
        name: this.service,
        deno: { permissions: cellPermissions(this.#grants) },
      });
    } catch (cause) {
      // The caller is not yet ready to be told.
      queueMicrotask(() =>
        this.#fail(
          "SB_GRANT",
          `cannot get its permissions (its own, and ${RUNTIME.name} of "${RUNTIME.item}"): ${
            messageOf(cause)
          }`,
        )
      );
      return;
    }
    this.#cell.onmessage = ({ data }) => this.#cellEnded(data as CellReport);
    this.#cell.onerror = (event) => {
      event.preventDefault();
      this.#fail("SB_LOAD", `could not be started: ${event.message}`);
    };
    const message: CellBoot = { boot, port: inward.port2, answers: answers.port2, loan };
    this.#cell.postMessage(message, [inward.port2, answers.port2]);
  }

  #cellEnded({ code, message }: CellReport): void {
    if (code === "ERR_WORKER_OUT_OF_MEMORY") this.#failFull();
    else this.#fail("SB_ISOLATE_GONE", `ended: ${message}`);
  }

  #reported(report: Report): void {
    if (report?.is === "done") {
      this.#done.resolve();
    } else if (report?.is === "full") {
      this.#failFull();
    } else if (report?.is === "up" && this.#state === "booting") {
      this.#state = "waiting";
      this.#beginToLoad();
      this.#lastLook = performance.now();
      // One timer that looks now and then: a timer for every batch would be dear.
      this.#watchdog = setInterval(() => this.#look(), Math.ceil(this.#eventTimeoutMs / 4));
    } else if (report?.is === "ready" && this.#state === "loading") {
      if (Array.isArray(report.files)) this.files = report.files.map(String);
      clearTimeout(this.#startTimer);
      this.#state = "running";
      this.#start.resolve();
    } else if (report?.is === "unloadable" && this.#state === "loading") {
      this.#failTo(loadError(this.#definition, this.#settings.root, report.failure));
    }
  }

  #beginToLoad(): void {
    if (!this.#shallLoad || this.#state !== "waiting") return;
    this.#state = "loading";
    this.#ports[0].port1.postMessage(null);
  }

  #received(batch: unknown[]): void {
    Atomics.add(this.#words, AnswerWord.TAKEN, 1);
    if (batch[0] === Op.ACK && batch[1] === this.#number) {
      // The next batch goes out before this one is applied, so that both sides work at the same time.
      this.#number = 0;
      this.#batch = [];
      if (this.#arrivedAt > 0) this.#keeper.onBatchLatency(performance.now() - this.#arrivedAt);
      if (this.#state === "running") this.#keeper.idle(this);
    }
    try {
      this.#tracer?.read(batch);
      applyBatch(this, batch);
    } catch (error) {
      this.#keeper.logged("ERROR", `Sent a malformed batch: ${messageOf(error)}`, "");
    }
  }

  /** Stops it if it has not answered for too long; asks it for a sign of life if there was no reason to. */
  #look(): void {
    const now = performance.now();
    const isLate = now - this.#lastLook > this.#eventTimeoutMs / 2;
    this.#lastLook = now;
    // When this thread was held up itself, the answer may wait behind this very call.
    if (isLate) return;
    if (this.#number === 0) {
      this.post([0], 0);
    } else if (now - this.#since >= this.#eventTimeoutMs) {
      this.#fail("SB_TIMEOUT", `has not answered for ${this.#eventTimeoutMs} ms`);
    }
  }

  #failFull(): void {
    const megabytes = this.#definition.manifest.memoryMb ?? DEFAULT_MANIFEST.memoryMb;
    this.#fail("SB_MEMORY", `has exceeded its memory of ${megabytes} MiB ("memoryMb")`);
  }

  #fail(code: ErrorCode, what: string): void {
    this.#failTo(new SwitchboardError(code, `Service "${this.service}" ${what}`));
  }

  #failTo(error: SwitchboardError): void {
    if (this.#state === "ended") return;
    this.#start.reject(error);
    this.stop();
    this.#keeper.ended(this, error);
  }
}
