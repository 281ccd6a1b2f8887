import { Event, EVENT_FIELDS } from "../../wire/mod.ts";

/** Events that may wait for an isolate. */
const MAX_EVENTS = 262_144;
/** Their length, bytes or UTF-16 units. */
const MAX_LENGTH = 128 * 1024 * 1024;

/** The queued events of one session. */
export interface Waiting {
  events: number;
  length: number;
  /** Whether the session's `open` event is among them. */
  opens: boolean;
  /** Whether its `close` event is. */
  closes: boolean;
}

/** Events that have not been handed to an isolate yet, in order: the next batch. */
export class Backlog {
  /** The first place is for the batch's number. */
  #events: unknown[] = [0];
  #count = 0;
  #length = 0;
  #arrivedAt = 0;

  /** When the event came that waits longest, by `performance.now()`. */
  get arrivedAt(): number {
    return this.#arrivedAt;
  }

  /** Length of all that waits, bytes or UTF-16 units. */
  get length(): number {
    return this.#length;
  }

  get isEmpty(): boolean {
    return this.#events.length === 1;
  }

  /** Whether another event of this length may be added: bytes or UTF-16 units. */
  hasRoomFor(length: number): boolean {
    return this.#count < MAX_EVENTS && this.#length + length <= MAX_LENGTH;
  }

  /** Adds an event: its code and fields, see `Event` of the wire. */
  push(length: number, ...event: unknown[]): void {
    if (this.#count === 0) this.#arrivedAt = performance.now();
    this.#events.push(...event);
    this.#count++;
    this.#length += length;
  }

  /** Puts events in front of all others. */
  prepend(events: readonly unknown[]): void {
    this.#events = [0, ...events, ...this.#events.slice(1)];
  }

  /** Takes all of it. */
  take(): unknown[] {
    const events = this.#events;
    this.#events = [0];
    this.#count = 0;
    this.#length = 0;
    return events;
  }

  /** The queued events by session, and queued requests. */
  waiting(): { sessions: Map<number, Waiting>; requests: Set<number> } {
    const sessions = new Map<number, Waiting>();
    const requests = new Set<number>();
    const events = this.#events;
    for (let at = 1; at < events.length; at += 1 + EVENT_FIELDS[events[at] as number]!) {
      const code = events[at] as number;
      const id = events[at + 1] as number;
      if (code === Event.REQUEST) requests.add(id);
      if (!OF_SESSION.has(code)) continue;
      let waiting = sessions.get(id);
      if (waiting === undefined) {
        sessions.set(id, waiting = { events: 0, length: 0, opens: false, closes: false });
      }
      waiting.events++;
      if (code === Event.MESSAGE) waiting.length += (events[at + 2] as string | Uint8Array).length;
      if (code === Event.OPEN) waiting.opens = true;
      if (code === Event.CLOSE) waiting.closes = true;
    }
    return { sessions, requests };
  }
}

/** Events that a session's handlers are called for. */
const OF_SESSION: ReadonlySet<number> = new Set([
  Event.OPEN,
  Event.MESSAGE,
  Event.ERROR,
  Event.CLOSE,
]);
