import type { Session } from "../hub/mod.ts";

/** Limits of unhandled messages: of one session, their length, and that of a whole service. Lengths are bytes or UTF-16 units. */
const MAX = { events: 16384, length: 16 * 1024 * 1024, service: 128 * 1024 * 1024 };
/** From where on clients are let wait, where the transport can: so that they never come to the limits. */
const HIGH = { events: 1024, length: 1024 * 1024, service: 32 * 1024 * 1024 };
/** The number at which paused clients resume. */
const LOW = { events: HIGH.events / 2, length: HIGH.length / 2, service: HIGH.service / 2 };

/** Messages of a service's sessions that are not handled yet, and the clients that are paused because of them. */
export class Pending {
  /** Length of the messages of all sessions. */
  #length = 0;
  readonly #paused = new Set<Session>();

  /** Whether another message of this length may be added. */
  hasRoomFor(session: Session, length: number): boolean {
    return session.pendingEvents < MAX.events &&
      session.pendingBytes + length <= MAX.length &&
      this.#length + length <= MAX.service;
  }

  /** Adds a message; a client that is too far ahead is not read any more. */
  add(session: Session, length: number): void {
    session.pendingEvents++;
    session.pendingBytes += length;
    this.#length += length;
    const isTooFar = session.pendingEvents >= HIGH.events || session.pendingBytes >= HIGH.length ||
      this.#length >= HIGH.service;
    if (isTooFar && session.pause()) this.#paused.add(session);
  }

  /** An event of this length is through. */
  handled(session: Session, length: number): void {
    this.#set(session, session.pendingEvents - 1, session.pendingBytes - length);
  }

  /** Of all that the session had waiting, only so much still does. */
  keep(session: Session, events: number, length: number): void {
    this.#set(session, events, length);
  }

  /** The session is no more. */
  drop(session: Session): void {
    this.#set(session, 0, 0);
    this.#paused.delete(session);
  }

  #set(session: Session, events: number, length: number): void {
    const wasHigh = this.#length > LOW.service;
    this.#length += length - session.pendingBytes;
    session.pendingEvents = events;
    session.pendingBytes = length;
    if (this.#paused.size === 0) return;
    if (!wasHigh) this.#relieve(session);
    else if (this.#length <= LOW.service) {
      for (const paused of this.#paused) {
        this.#relieve(paused);
      }
    }
  }

  #relieve(session: Session): void {
    if (session.pendingEvents > LOW.events || session.pendingBytes > LOW.length) return;
    if (this.#paused.delete(session)) session.resume();
  }
}
