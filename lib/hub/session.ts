import type { User } from "../wire/mod.ts";
import type { Connection } from "./connection.ts";

/** Whoever handles a session's events, in the order in which they come. */
export interface SessionOwner {
  /** Name of the service. */
  readonly name: string;
  opened(session: Session): void;
  received(session: Session, message: string | Uint8Array<ArrayBuffer>): void;
  failed(session: Session, error: string): void;
  /** The last event; the hub must be told to remove the session when it has been handled. */
  closed(session: Session, code: number, reason: string): void;
  /** The hub gives up waiting for `closed` to be handled; false: it shall wait on. */
  forgotten(session: Session): boolean;
  /** Kept by the hub: places of the owner's sessions in groups. */
  memberships: number;
}

/** What a session needs of the hub that keeps it. */
export interface SessionKeeper {
  /** A coarse clock, ms. */
  readonly now: number;
  /** Counts one session closed as a slow consumer. */
  countSlow(): void;
}

/** What a session may use up. */
export interface SessionLimits {
  /** Largest inbound message, bytes; 0: no limit. */
  maxMessageBytes: number;
  /** Time without a message either way, ms; 0: no limit. */
  idleTimeoutMs: number;
  /** Bytes that may wait for a slow client; 0: no limit. */
  sendBufferBytes: number;
  /** Time that the `close` event may take to be handled, ms. */
  closeTimeoutMs: number;
}

/** What is known of a session when it opens. */
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
  user: User | null;
  /** For the controller's system, and for nobody else. */
  memo: string;
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
  readonly user: User | null;
  readonly memo: string;
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
    this.user = init.user;
    this.memo = init.memo;
    this.#connection = init.connection;
    this.lastActive = keeper.now;
  }

  /** Whether it is still open. */
  get isOpen(): boolean {
    return this.closeCode === 0;
  }

  /** Bytes that wait for the client. */
  get buffered(): number {
    return this.#connection.buffered();
  }

  /** Sends to the client; silent once closed. */
  send(message: string | Uint8Array<ArrayBuffer>): void {
    if (this.closeCode !== 0) return;
    this.lastActive = this.#keeper.now;
    const limit = this.limits.sendBufferBytes;
    if (limit > 0 && this.#wouldExceed(message, limit)) {
      this.#keeper.countSlow();
      this.close(3008, "slow consumer");
      return;
    }
    this.#connection.send(message);
  }

  /**
   * Whether the message is too much for a client that has not taken what came before it. Looks at the
   * connection now and then only: asking it costs as much as a small message.
   */
  #wouldExceed(message: string | Uint8Array, limit: number): boolean {
    this.#unlooked += message.length;
    if (this.#unlooked < Math.min(LOOK_EVERY_BYTES, limit / 2)) return false;
    const waiting = this.#connection.buffered();
    // A large message to a client that is up to date is no sign of slowness.
    if (waiting === 0) this.#unlooked = 0;
    else if (waiting + byteLength(message) > limit) return true;
    return false;
  }

  /** A message has come from the client. */
  receive(message: string | Uint8Array<ArrayBuffer>): void {
    if (this.closeCode !== 0) return;
    this.lastActive = this.#keeper.now;
    const limit = this.limits.maxMessageBytes;
    if (limit > 0 && exceeds(message, limit)) {
      this.fail(`Message is larger than ${limit} bytes`, 1009, "message too big");
      return;
    }
    this.owner.received(this, message);
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
    this.#end(code, reason);
    this.#connection.close(code, reason);
  }

  /** The connection has ended at the other side or on the way. */
  ended(code: number, reason = ""): void {
    if (this.closeCode === 0) this.#end(code, reason);
  }

  #end(code: number, reason: string): void {
    this.closeCode = code;
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
