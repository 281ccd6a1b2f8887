import { InternedTexts } from "../../base/interned_texts.ts";
import { PendingCounter } from "../../base/pending_counter.ts";
import { WAITS } from "../../base/waits.ts";
import { type HubCounts, noCounts } from "./counts.ts";
import { Session, type SessionInit, type SessionKeeper, type SessionOwner } from "./session.ts";

/** How often time-outs are looked at, ms; they are late by as much at the most. */
const SWEEP_MS = 500;

/** Interval in which sessions send the messages that they hold back, ms. */
const FLUSH_MS = 10;
/** How often some sockets are closed, where all are to be, ms. */
const CLOSE_MS = 50;
/** Sockets that are closed at a time, at the least. */
const LEAST_CLOSED = 50;
/** Places that all sessions of an owner together may have in groups. */
const MAX_MEMBERSHIPS = 1_048_576;

/** Settings of a hub. */
export interface HubOptions {
  /** Name of this node, readable from its session ids. */
  node?: string;
  /** Groups that a session may be in; 0: no limit. Default: 1,000. */
  groupsPerSession?: number;
  /** Time without progress after which a client with queued messages is closed, ms. Default: 30,000. */
  stallMs?: number;
}

/** Counts of a hub. */
export interface HubStats {
  /** Sessions, those included whose `close` event is being handled. */
  sessions: number;
  /** Groups with at least one member. */
  groups: number;
  /** Sessions that were closed as slow consumers, ever. */
  slow: number;
}

/**
 * Keeps the sessions and the groups of a server. A session that is removed leaves all its groups, and a group
 * without members leaves no trace.
 */
export class Hub implements SessionKeeper {
  /** Name of this node. */
  readonly node: string;
  /** A coarse clock, ms: exact enough for time-outs and free to read. */
  now: number = performance.now();
  readonly #sessions = new Map<string, Session>();
  readonly #groups = new Map<string, Set<Session>>();
  readonly #present = new PendingCounter();
  readonly counts: HubCounts = noCounts();
  readonly stallMs: number;
  readonly #maxGroups: number;
  /** Sessions that hold back messages. */
  readonly #holding = new Set<Session>();
  #flushTimer: ReturnType<typeof setInterval> | undefined;
  #handles = 0;
  readonly #texts = new InternedTexts();
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(options: HubOptions = {}) {
    this.node = options.node ?? randomText(4);
    this.stallMs = options.stallMs ?? WAITS.stallMs;
    this.#maxGroups = options.groupsPerSession === 0 ? Infinity : options.groupsPerSession ?? 1000;
    this.#timer = setInterval(() => this.#sweep(), SWEEP_MS);
  }

  /** Registers a session, then reports it as opened. */
  open(init: SessionInit): Session {
    // Unguessable: 128 random bits. The node comes first, so that any node can tell whose session it is.
    const id = `${this.node}.${randomText(16)}`;
    const session = new Session(this, id, ++this.#handles, {
      ...init,
      path: this.#texts.intern(init.path),
      origin: this.#texts.intern(init.origin),
      params: this.#texts.intern(init.params),
      data: this.#texts.intern(init.data),
    });
    this.#sessions.set(id, session);
    this.#present.enter();
    this.counts.opened++;
    init.owner.opened(session);
    return session;
  }

  /** The session, closed ones included until their `close` event has been handled. */
  session(id: string): Session | undefined {
    return this.#sessions.get(id);
  }

  /** All sessions of the owner. */
  sessionsOf(owner: SessionOwner): Session[] {
    return this.#sessions.values().filter((session) => session.owner === owner).toArray();
  }

  /** Forgets a session whose `close` event has been handled: only now it leaves its groups. */
  remove(session: Session): void {
    if (session.isOpen || this.#sessions.get(session.id) !== session) return;
    this.#sessions.delete(session.id);
    if (session.groups) {
      for (const group of session.groups) this.#leave(group, session);
      session.groups = null;
    }
    this.#present.leave();
  }

  /** Sends to one session; an unknown or closed one is a silent no-op. */
  send(id: string, message: string | Uint8Array<ArrayBuffer>): void {
    this.#sessions.get(id)?.send(message);
  }

  /** Sends to all members, save those listed. */
  sendToGroup(
    group: string,
    message: string | Uint8Array<ArrayBuffer>,
    except: readonly string[] | null = null,
  ): void {
    const members = this.#groups.get(group);
    if (members === undefined) return;
    const left = except === null ? null : new Set(except);
    for (const session of members) {
      if (left === null || !left.has(session.id)) session.send(message, true);
    }
  }

  /**
   * Adds a session to a group; an unknown session is a silent no-op.
   *
   * @returns False, if the session or its owner is in as many groups as may be.
   */
  join(group: string, id: string): boolean {
    const session = this.#sessions.get(id);
    if (session === undefined || session.groups?.has(group)) return true;
    const { owner, groups } = session;
    if ((groups?.size ?? 0) >= this.#maxGroups || owner.memberships >= MAX_MEMBERSHIPS) {
      this.counts.groups++;
      return false;
    }
    owner.memberships++;
    let members = this.#groups.get(group);
    if (members === undefined) this.#groups.set(group, members = new Set());
    members.add(session);
    (session.groups ??= new Set()).add(group);
    return true;
  }

  /** Takes a session out of a group. */
  leave(group: string, id: string): void {
    const session = this.#sessions.get(id);
    if (session?.groups?.delete(group)) this.#leave(group, session);
  }

  /** Closes a session; an unknown one is a silent no-op. */
  close(id: string, code: number, reason: string): void {
    this.#sessions.get(id)?.close(code, reason);
  }

  /** Number of members, closing ones included. */
  groupSize(group: string): number {
    return this.#groups.get(group)?.size ?? 0;
  }

  /** Ids of the members. */
  groupMembers(group: string): string[] {
    return Array.from(this.#groups.get(group) ?? [], (session) => session.id);
  }

  /** Groups of a session. */
  groupsOf(id: string): string[] {
    return [...this.#sessions.get(id)?.groups ?? []];
  }

  holding(session: Session): void {
    // After the hub has stopped, nothing would clear the timer.
    if (this.#timer === undefined) return;
    this.#holding.add(session);
    this.#flushTimer ??= setInterval(() => this.#flush(), FLUSH_MS);
  }

  /** Bytes that wait for all clients together, and for the one that most waits for. */
  buffered(): { total: number; most: number } {
    let total = 0;
    let most = 0;
    for (const session of this.#sessions.values()) {
      const { buffered } = session;
      total += buffered;
      most = Math.max(most, buffered);
    }
    return { total, most };
  }

  /** The counts. */
  stats(): HubStats {
    return { sessions: this.#sessions.size, groups: this.#groups.size, slow: this.counts.slow };
  }

  /** Closes every open session of the owner, or of all owners. */
  closeAll(code: number, reason: string, owner?: SessionOwner): void {
    for (const session of [...this.#sessions.values()]) {
      if (owner === undefined || session.owner === owner) session.close(code, reason);
    }
  }

  /**
   * Closes all open sessions, many in turns: clients that reconnect must not all come at once.
   *
   * @param spreadMs Time that the turns may take.
   */
  async closeInTurns(code: number, reason: string, spreadMs: number): Promise<void> {
    const open = this.#sessions.values().filter(({ isOpen }) => isOpen).toArray();
    const turns = Math.max(1, Math.floor(spreadMs / CLOSE_MS));
    const share = Math.max(LEAST_CLOSED, Math.ceil(open.length / turns));
    for (let at = 0; at < open.length; at += share) {
      if (at > 0) await new Promise((resolve) => setTimeout(resolve, CLOSE_MS));
      for (const session of open.slice(at, at + share)) session.close(code, reason);
    }
  }

  /** Resolves to true when there is no session left, or to false after a time, ms. */
  empty(timeoutMs: number): Promise<boolean> {
    return this.#present.zero(timeoutMs);
  }

  /** Stops the clock. */
  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    clearInterval(this.#flushTimer);
    this.#flushTimer = undefined;
  }

  #leave(group: string, session: Session): void {
    session.owner.memberships--;
    const members = this.#groups.get(group);
    if (members?.delete(session) && members.size === 0) this.#groups.delete(group);
  }

  #flush(): void {
    for (const session of this.#holding) if (session.flush()) this.#holding.delete(session);
    if (this.#holding.size > 0) return;
    clearInterval(this.#flushTimer);
    this.#flushTimer = undefined;
  }

  #sweep(): void {
    // A time that was noted since the last look may be as old as that look: no time limit ends early.
    const now = this.now;
    this.now = performance.now();
    const date = Date.now();
    for (const session of this.#sessions.values()) {
      if (session.isOpen) {
        const idle = session.limits.idleTimeoutMs;
        if (session.expiresAt <= date) {
          this.counts.expired++;
          session.close(1008, "credential expired");
        } else if (idle > 0 && now - session.lastActive >= idle) {
          this.counts.idle++;
          session.fail(`No message for ${idle / 1000} s`, 1001, "idle timeout");
        } else {
          session.checkProgress(this.now);
        }
      } else if (now - session.closedAt >= session.limits.closeTimeoutMs) {
        if (session.owner.forgotten(session)) this.remove(session);
      }
    }
  }
}

/** Random bytes as base64url. */
function randomText(bytes: number): string {
  return crypto.getRandomValues(new Uint8Array(bytes)).toBase64({
    alphabet: "base64url",
    omitPadding: true,
  });
}
