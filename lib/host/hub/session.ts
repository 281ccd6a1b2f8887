import type { Identity } from "../../model/mod.ts";
import { TokenBucket } from "../../base/token_bucket.ts";
import { type Connection, LEAST_BYTES_PER_SEC, SLOW_CONSUMER } from "./connection.ts";
import type { HubCounts } from "./counts.ts";
import { HIGH_WATER, Outbox } from "./outbox.ts";

/** The handler of a session's events, in the order in which they come. */
export interface SessionOwner {
  /** Name of the service. */
  readonly name: string;
  opened(session: Session): void;
  received(session: Session, message: string | Uint8Array<ArrayBuffer>): void;
  failed(session: Session, error: string): void;
  /** The last event; the hub must be told to remove the session when it has been handled. */
  closed(session: Session, code: number, reason: string): void;
  /** The hub gives up waiting for `closed` to be handled; false: it must keep waiting. */
  forgotten(session: Session): boolean;
  /** Kept by the hub: places of the owner's sessions in groups. */
  memberships: number;
}

/** The parts of the hub that a session needs. */
export interface SessionKeeper {
  /** A coarse clock, ms. */
  readonly now: number;
  /** Counters of messages and sessions. */
  readonly counts: HubCounts;
  /** Time without progress after which a client with queued messages is closed, ms. */
  readonly stallMs: number;
  /** The session holds back messages: it is to be asked to {@linkcode Session.flush} them now and then. */
  holding(session: Session): void;
}

/** Limits of a session. */
export interface SessionLimits {
  /** Largest inbound message, bytes; 0: no limit. */
  maxMessageBytes: number;
  /** Time without a message either way, ms; 0: no limit. */
  idleTimeoutMs: number;
  /** Bytes that may wait for a slow client; 0: no limit. */
  sendBufferBytes: number;
  /** Inbound messages a second; 0: no limit. */
  messagesPerSec: number;
  /** Inbound bytes a second; 0: no limit. */
  bytesPerSec: number;
  /** Whether messages over the rate are dropped, instead of closing the session. */
  dropsOverRate: boolean;
  /** Whether a slow client loses its oldest group messages, in place of its session. */
  dropsWhenSlow: boolean;
  /** Time that the `close` event may take to be handled, ms. */
  closeTimeoutMs: number;
}

/** The data of a session when it opens. */
export interface SessionInit {
  owner: SessionOwner;
  connection: Connection;
  limits: SessionLimits;
  /** The owner's name for the controller that handles the session. */
  endpoint: string;
  path: string;
  /** Scheme and host that the client connected to. */
  origin: string;
  /** JSON. */
  params: string;
  /** JSON. */
  data: string;
  /** Its user; null: anonymous. */
  identity: Identity | null;
  /** Only for the controller's system. */
  memo: string;
  /** When it ends by itself, ms since 1970. Default: never. */
  expiresAt?: number;
}

/** Bytes sent between two looks at the send buffer, at the most. */
const LOOK_EVERY_BYTES = 16 * 1024;

/**
 * One client's connection as the hub sees it. It opens once, receives, and closes once: whatever ends it
 * first decides the close code.
 */
export class Session {
  readonly id: string;
  /** The hub's number for the session: short, and meaningless outside of the process. */
  readonly handle: number;
  readonly owner: SessionOwner;
  readonly limits: SessionLimits;
  readonly endpoint: string;
  readonly path: string;
  readonly origin: string;
  readonly params: string;
  readonly data: string;
  readonly identity: Identity | null;
  readonly memo: string;
  /** When it ends by itself, ms since 1970; Infinity: never. */
  readonly expiresAt: number;
  /** Names of the groups that it is in; null as long as there was none. */
  groups: Set<string> | null = null;
  /** Close code, once closed. */
  closeCode = 0;
  /** The hub's time at the last message. */
  lastActive: number;
  /** The hub's time at which it closed. */
  closedAt = 0;
  /** For the owner: events handed over and not handled yet, and their bytes. */
  pendingEvents = 0;
  pendingBytes = 0;
  readonly #keeper: SessionKeeper;
  readonly #connection: Connection;
  #unlooked = 0;
  /** Messages and bytes that may still come now; null as long as there is no limit. */
  #rates: { messages: TokenBucket; bytes: TokenBucket } | null = null;
  /** Messages held back for a slow client; null as long as there were none. */
  #outbox: Outbox | null = null;
  /** Bytes queued when the client last made progress, bytes sent since, and the time of that; 0: nothing is queued. */
  #waited = 0;
  #sentSince = 0;
  #tookAt = 0;
  #wasSent = false;

  constructor(keeper: SessionKeeper, id: string, handle: number, init: SessionInit) {
    this.#keeper = keeper;
    this.id = id;
    this.handle = handle;
    this.owner = init.owner;
    this.limits = init.limits;
    this.endpoint = init.endpoint;
    this.path = init.path;
    this.origin = init.origin;
    this.params = init.params;
    this.data = init.data;
    this.identity = init.identity;
    this.memo = init.memo;
    this.expiresAt = init.expiresAt ?? Infinity;
    this.#connection = init.connection;
    this.lastActive = keeper.now;
  }

  /** Whether it is still open. */
  get isOpen(): boolean {
    return this.closeCode === 0;
  }

  /** Bytes that wait for the client. */
  get buffered(): number {
    return this.#connection.buffered() + (this.#outbox?.length ?? 0);
  }

  /** Sends to the client; silent once closed. */
  send(message: string | Uint8Array<ArrayBuffer>, isGroup = false): void {
    if (this.closeCode !== 0) return;
    this.lastActive = this.#keeper.now;
    const limit = this.limits.sendBufferBytes;
    // Messages that were held back while dropping was allowed still go first.
    if (this.limits.dropsWhenSlow && limit > 0 || this.#outbox?.isEmpty === false) {
      this.#hold(message, isGroup, limit);
    } else if (limit > 0 && this.#wouldExceed(message, limit)) {
      this.#tooSlow();
    } else {
      this.#give(message);
    }
  }

  /** Sends held-back messages, as far as the client takes them; true: none is left. */
  flush(): boolean {
    const outbox = this.#outbox;
    if (outbox === null || this.closeCode !== 0) return true;
    const room = this.#roomOf(outbox);
    let isGiven = false;
    while (!outbox.isEmpty && this.#connection.buffered() < room) {
      const message = outbox.shift();
      if (message === undefined) break;
      this.#give(message);
      isGiven = true;
    }
    if (isGiven && !outbox.isEmpty) this.#awaitDrain(outbox);
    return outbox.isEmpty;
  }

  /** Ends the session if its client has taken nothing for too long; called now and then. */
  checkProgress(now: number): void {
    if (!this.#wasSent) return;
    const { stallMs } = this.#keeper;
    const waits = this.#connection.buffered();
    const hasTaken = waits < this.#waited + this.#sentSince;
    if (waits === 0) {
      this.#wasSent = false;
      this.#tookAt = 0;
    } else if (this.#tookAt === 0 || hasTaken) {
      this.#waited = waits;
      this.#sentSince = 0;
      this.#tookAt = now;
    } else if (now - this.#tookAt >= stallMs + this.#waited / LEAST_BYTES_PER_SEC * 1000) {
      this.#tooSlow();
    }
  }

  #give(message: string | Uint8Array<ArrayBuffer>): void {
    const { counts } = this.#keeper;
    counts.messagesOut++;
    counts.bytesOut += message.length;
    this.#wasSent = true;
    // Only for a client with queued messages the additional bytes must be counted.
    if (this.#tookAt === 0) return this.#connection.send(message);
    // Not the length of the message: it may be compressed, and a frame has a head.
    const waits = this.#connection.buffered();
    this.#connection.send(message);
    this.#sentSince += this.#connection.buffered() - waits;
  }

  /** Gives the socket what it takes, and holds back the rest; of that, the oldest group messages go first. */
  #hold(message: string | Uint8Array<ArrayBuffer>, isGroup: boolean, limit: number): void {
    const isHeld = this.#outbox?.isEmpty === false;
    if (!isHeld && this.#connection.buffered() < HIGH_WATER) return this.#give(message);
    const outbox = this.#outbox ??= new Outbox();
    outbox.push(message, isGroup);
    while (limit > 0 && outbox.length + this.#connection.buffered() > limit) {
      if (!this.limits.dropsWhenSlow || !outbox.shed()) return this.#tooSlow();
      this.#keeper.counts.shed++;
    }
    this.#keeper.holding(this);
    this.#awaitDrain(outbox);
  }

  /** Bytes that the socket is given at a time. */
  #roomOf(outbox: Outbox): number {
    if (this.#connection.onceDrained !== undefined) return HIGH_WATER;
    // It does not say when it could take more: a client that has taken all by the next look is given twice as much.
    const most = Math.max(HIGH_WATER, this.limits.sendBufferBytes / 2);
    const isUpToDate = this.#connection.buffered() === 0;
    return outbox.room = isUpToDate ? Math.min(2 * outbox.room, most) : HIGH_WATER;
  }

  /** Sends the held-back messages as soon as the socket has nothing queued. */
  #awaitDrain(outbox: Outbox): void {
    if (outbox.awaitsDrain || this.#connection.onceDrained === undefined) return;
    outbox.awaitsDrain = true;
    this.#connection.onceDrained(() => {
      outbox.awaitsDrain = false;
      this.flush();
    });
  }

  #tooSlow(): void {
    this.#keeper.counts.slow++;
    // More messages for a client that reads nothing would only be queued.
    this.#outbox = null;
    this.close(SLOW_CONSUMER, "slow consumer");
  }

  /**
   * Whether the message is too much for a client that has not read the ones before. Looks at the
   * connection now and then only: asking it costs as much as a small message.
   */
  #wouldExceed(message: string | Uint8Array, limit: number): boolean {
    this.#unlooked += message.length;
    const little = Math.min(LOOK_EVERY_BYTES, limit / 2);
    if (this.#unlooked < little) return false;
    const waiting = this.#connection.buffered();
    if (waiting === 0) this.#unlooked = 0;
    // A large message to a client that is up to date is not a sign of slowness; the message just sent is still queued.
    return waiting >= little && waiting + byteLength(message) > limit;
  }

  /** A message has come from the client. */
  receive(message: string | Uint8Array<ArrayBuffer>): void {
    if (this.closeCode !== 0) return;
    this.lastActive = this.#keeper.now;
    const limit = this.limits.maxMessageBytes;
    if (limit > 0 && exceeds(message, limit)) return this.oversized();
    const { messagesPerSec, bytesPerSec } = this.limits;
    if ((messagesPerSec > 0 || bytesPerSec > 0) && !this.#isInTime(message)) {
      this.#keeper.counts.tooFast++;
      if (!this.limits.dropsOverRate) {
        this.fail("The client exceeded its rate limit", 1008, "too many messages");
      }
      return;
    }
    const { counts } = this.#keeper;
    counts.messagesIn++;
    counts.bytesIn += message.length;
    this.owner.received(this, message);
  }

  /** Whether its transport can let the client wait. */
  get canPause(): boolean {
    return this.#connection.pause !== undefined;
  }

  /** Pauses reading from the client. False: the transport cannot. */
  pause(): boolean {
    if (this.closeCode === 0) this.#connection.pause?.();
    return this.canPause;
  }

  /** Reads on. */
  resume(): void {
    if (this.closeCode === 0) this.#connection.resume?.();
  }

  /** A message has come that is larger than it may be. */
  oversized(): void {
    if (this.closeCode !== 0) return;
    this.#keeper.counts.tooBig++;
    const { maxMessageBytes } = this.limits;
    this.fail(`Message is larger than ${maxMessageBytes} bytes`, 1009, "message too big");
  }

  #isInTime(message: string | Uint8Array): boolean {
    const { messagesPerSec, bytesPerSec } = this.limits;
    const now = performance.now();
    const rates = this.#rates ??= {
      messages: new TokenBucket(messagesPerSec, now),
      bytes: new TokenBucket(bytesPerSec, now),
    };
    if (messagesPerSec > 0 && !rates.messages.take(1, messagesPerSec, now)) return false;
    if (bytesPerSec === 0) return true;
    // A message that is larger than the rate may come as well; then nothing may for as long as it counts.
    if (!rates.bytes.has(1, bytesPerSec, now)) return false;
    rates.bytes.spend(byteLength(message), bytesPerSec, now);
    return true;
  }

  /** Reports an error, then closes. */
  fail(error: string, code: number, reason: string): void {
    if (this.closeCode !== 0) return;
    this.owner.failed(this, error);
    this.close(code, reason);
  }

  /** Closes from this side. The first close wins. */
  close(code: number, reason = ""): void {
    if (this.closeCode !== 0) return;
    const outbox = this.#outbox;
    this.#end(code, reason);
    // The close comes after everything that was sent before it.
    for (let message = outbox?.shift(); message !== undefined; message = outbox?.shift()) {
      this.#give(message);
    }
    this.#connection.close(code, reason);
  }

  /** The connection has ended at the other side or on the way. */
  ended(code: number, reason = ""): void {
    if (this.closeCode === 0) this.#end(code, reason);
  }

  #end(code: number, reason: string): void {
    this.closeCode = code;
    this.#outbox = null;
    this.closedAt = this.#keeper.now;
    this.owner.closed(this, code, reason);
  }
}

function exceeds(message: string | Uint8Array, limit: number): boolean {
  if (typeof message !== "string") return message.byteLength > limit;
  if (message.length > limit) return true;
  // UTF-8 takes at most three bytes for a UTF-16 unit: most messages need no counting.
  return message.length * 3 > limit && byteLength(message) > limit;
}

function byteLength(message: string | Uint8Array): number {
  return typeof message === "string" ? encoder.encode(message).byteLength : message.byteLength;
}

const encoder = new TextEncoder();
