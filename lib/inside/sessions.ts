import { InternedTexts } from "../base/interned_texts.ts";
import { described } from "./event_summary.ts";
import { AnswerWord, type Boot, Event, EVENT_FIELDS } from "../wire/mod.ts";
import type { Endpoint, InnerSession, SessionEvent } from "./endpoint.ts";
import type { Identity, NeutralRequest } from "../model/mod.ts";
import type { Link } from "./link.ts";

// Held on to before a controller can put something else in their place.
const { store } = Atomics;
const parse = JSON.parse;
const now = performance.now.bind(performance);
const { call } = Function.prototype;
const get = call.bind(Map.prototype.get) as <V>(
  map: ReadonlyMap<unknown, V>,
  key: unknown,
) => V | undefined;
const set = call.bind(Map.prototype.set) as <V>(
  map: Map<unknown, V>,
  key: unknown,
  value: V,
) => void;
const remove = call.bind(Map.prototype.delete) as (
  map: Map<unknown, unknown>,
  key: unknown,
) => void;

/** Handled events that a busy session's queue keeps before it is trimmed. */
const TRIM_AT = 1024;

/** Stands for a controller that is no more. */
const GONE: Endpoint = {
  request: () =>
    Promise.resolve({ status: 404, headers: [], cookies: [], body: null, accept: null }),
  event: () => {},
};

/** A session inside the isolate; while one of its handlers is busy, its events wait here. */
class LocalSession implements InnerSession {
  refused = false;
  waiting: SessionEvent[] | null = null;
  /** When its handler was called, where that is traced. */
  begunAt = 0;

  constructor(
    private readonly link: Link,
    readonly handle: number,
    readonly endpoint: Endpoint,
    readonly id: string,
    readonly path: string,
    readonly origin: string,
    readonly params: string,
    readonly data: string,
    readonly identity: Identity | null,
    readonly memo: string,
  ) {}

  refuse(code: number, reason: string): void {
    this.refused = true;
    this.link.close(this.id, code, reason);
  }
}

/**
 * Takes batches from the host and calls the controllers: one event of a session at a time, in order; sessions
 * side by side.
 */
export class Sessions {
  readonly #sessions = new Map<number, LocalSession>();
  readonly #words: Int32Array;
  #isTaking = false;
  /** Whether a handler of the batch that is being taken has returned a promise. */
  #isBusy = false;
  readonly #trace: Boot["trace"];
  readonly #texts = new InternedTexts();

  /** @param answer Shared with the host: words as in `AnswerWord`. */
  constructor(
    private readonly link: Link,
    private readonly endpoints: ReadonlyMap<string, Endpoint>,
    answer: SharedArrayBuffer,
  ) {
    this.#words = new Int32Array(answer);
    this.#trace = link.boot.trace;
  }

  /**
   * Whether a batch is being handled. Where nothing else can run meanwhile, the engine has cut it off, and
   * left out the `finally` blocks.
   */
  get isTaking(): boolean {
    return this.#isTaking;
  }

  /** Handles one batch and sends its operations back as one batch. An empty batch asks for a sign of life. */
  take(batch: unknown[]): void {
    this.#isTaking = true;
    this.#isBusy = false;
    this.link.beginBatch();
    try {
      for (let at = 1; at < batch.length; at += 1 + EVENT_FIELDS[batch[at] as number]!) {
        store(this.#words, AnswerWord.BEGUN, at);
        this.#takeOne(batch, at);
      }
    } finally {
      this.link.endBatch(batch[0] as number, this.#isBusy);
      this.#isTaking = false;
    }
  }

  #takeOne(batch: unknown[], at: number): void {
    switch (batch[at]) {
      case Event.MESSAGE:
        this.#dispatch(batch[at + 1], {
          type: "message",
          message: batch[at + 2] as string | Uint8Array,
        });
        break;
      case Event.OPEN:
        this.#open(batch, at);
        this.#dispatch(batch[at + 1], { type: "open" });
        break;
      case Event.ADOPT: {
        const session = this.#open(batch, at);
        session.endpoint.adopt?.(session);
        break;
      }
      case Event.CLOSE:
        this.#dispatch(batch[at + 1], {
          type: "close",
          code: batch[at + 2] as number,
          reason: batch[at + 3] as string,
        });
        break;
      case Event.ERROR:
        this.#dispatch(batch[at + 1], { type: "error", error: batch[at + 2] as string });
        break;
      case Event.REQUEST:
        this.#request(batch[at + 1] as number, batch[at + 2] as NeutralRequest);
        break;
      case Event.FORGET:
        remove(this.#sessions, batch[at + 1]);
        break;
      case Event.BUS: {
        const [type, data, timestamp, distributed, localOrigin] = batch.slice(at + 1, at + 6) as [
          string,
          string,
          number,
          boolean,
          boolean,
        ];
        this.link.dispatch({ type, data, timestamp, distributed, localOrigin });
        break;
      }
    }
  }

  #open(batch: unknown[], at: number): LocalSession {
    const [handle, endpoint, id, path, origin, params, data, identity, memo] = batch.slice(
      at + 1,
      at + 10,
    ) as [
      number,
      string,
      string,
      string,
      string,
      string,
      string,
      string,
      string,
    ];
    const session = new LocalSession(
      this.link,
      handle,
      this.#endpoint(endpoint),
      id,
      this.#texts.intern(path),
      this.#texts.intern(origin),
      this.#texts.intern(params),
      this.#texts.intern(data),
      identity === "" ? null : parse(identity),
      this.#texts.intern(memo),
    );
    set(this.#sessions, handle, session);
    // The version that knew it has been exchanged for one that does not.
    if (session.endpoint === GONE) session.refuse(1001, "no longer served");
    return session;
  }

  #endpoint(id: string): Endpoint {
    return get(this.endpoints, id) ?? GONE;
  }

  #request(id: number, request: NeutralRequest): void {
    this.#endpoint(request.endpoint).request(request).then((reply) => this.link.reply(id, reply));
  }

  #dispatch(handle: unknown, event: SessionEvent): void {
    const session = get(this.#sessions, handle);
    if (session === undefined) return;
    if (session.waiting !== null) {
      session.waiting.push(event);
      return;
    }
    const busy = this.#handle(session, event);
    if (busy === undefined) {
      this.#handled(session, event);
    } else {
      this.#isBusy = true;
      session.waiting = [];
      this.#drain(session, session.waiting, event, busy);
    }
  }

  #handle(session: LocalSession, event: SessionEvent): Promise<void> | void {
    if (this.#trace !== null) {
      this.link.begun(session.handle, ...described(event, this.#trace.bodies));
      session.begunAt = now();
    }
    if (session.refused && event.type === "message") return;
    return session.endpoint.event(session, event);
  }

  #handled(session: LocalSession, event: SessionEvent): void {
    if (this.#trace !== null) this.link.took(session.handle, now() - session.begunAt);
    if (event.type === "close") {
      remove(this.#sessions, session.handle);
      this.link.ended(session.handle);
    } else {
      this.link.done(session.handle, event.type === "message" ? event.message.length : 0);
    }
  }

  /** Waits for the busy handler, then handles the events that came meanwhile. */
  async #drain(
    session: LocalSession,
    waiting: SessionEvent[],
    event: SessionEvent,
    busy: Promise<void>,
  ): Promise<void> {
    await busy;
    this.#handled(session, event);
    for (let next = 0; next < waiting.length; next++) {
      if (next === TRIM_AT) {
        waiting.splice(0, next);
        next = 0;
      }
      await this.#handle(session, waiting[next]!);
      this.#handled(session, waiting[next]!);
    }
    session.waiting = null;
  }
}
