import { Event, Op, OP_FIELDS } from "../../wire/mod.ts";

/** Operations of a service while it handled an event. */
export interface Effects {
  /** Messages to single sessions. */
  sends: number;
  /** Messages to groups, by group; if there are many groups, only the first ones. */
  groups: Map<string, number>;
  /** Messages to groups that are not among those. */
  otherGroups: number;
  /** Sessions that were put into a group. */
  joins: number;
  /** Sessions that were taken out of one. */
  leaves: number;
  /** Sessions that were closed. */
  closes: number;
  /** Logged errors: those that its handler threw, and those that it logged itself. */
  errors: number;
}

/** One event that a controller has handled. */
export interface HandledEvent {
  /** Id of the session. */
  session: string;
  /** The type of the event. */
  type: "open" | "message" | "error" | "close";
  /** Size of a message, bytes; code of a close; 0. */
  amount: number;
  /** The beginning of the message, where that is wanted; reason of a close; text of an error. */
  text: string;
  /** From the call of the handler to its end, promises included, ms, by the isolate's clock. */
  tookMs: number;
  /** Its effects. */
  effects: Effects;
}

/** The receiver of each event that a service has handled. */
export interface Trace {
  /** Whether with the beginnings of the messages. */
  readonly bodies: boolean;
  /** Called for every event: must be quick, and must not throw. */
  handled(event: HandledEvent): void;
}

/** Groups of an event that are told apart. */
const MAX_GROUPS = 4;

/** Events that are under way, at the most: an isolate that is not to be trusted could begin more and more. */
const MAX_BEGUN = 16_384;

const TYPES: ReadonlyMap<unknown, HandledEvent["type"]> = new Map([
  [Event.OPEN, "open"],
  [Event.MESSAGE, "message"],
  [Event.ERROR, "error"],
  [Event.CLOSE, "close"],
]);

type Begun = Omit<HandledEvent, "session">;

/**
 * Reads, from the batches of one isolate, which events it has handled and what came of them. What it sends
 * between the beginning and the end of an event is that event's; while several are under way, as handlers
 * with promises can be, it counts for the one that was begun last.
 */
export class Tracer {
  /** Events under way, by handle of the session: one each. */
  readonly #begun = new Map<number, Begun>();
  /** The event that gets the effects now; null: none. */
  #last: Begun | null = null;

  /** @param handled Told of each event with the handle of its session. */
  constructor(private readonly handled: (handle: number, event: Begun) => void) {}

  /** Reads a batch. Malformed operations are left to the code that applies them. */
  read(batch: readonly unknown[]): void {
    for (let at = 0; at < batch.length;) {
      const op = batch[at] as number;
      const fields = OP_FIELDS[op];
      if (fields === undefined) return;
      this.#readOne(op, batch, at);
      at += 1 + fields;
    }
  }

  #readOne(op: number, batch: readonly unknown[], at: number): void {
    if (op === Op.BEGUN) return this.#begin(batch, at);
    if (op === Op.TOOK) return this.#end(Number(batch[at + 1]), Number(batch[at + 2]));
    const effects = this.#last?.effects;
    if (effects === undefined) return;
    if (op === Op.SEND) effects.sends++;
    else if (op === Op.SEND_GROUP) sentTo(effects, String(batch[at + 1]));
    else if (op === Op.JOIN) effects.joins++;
    else if (op === Op.LEAVE) effects.leaves++;
    else if (op === Op.CLOSE) effects.closes++;
    else if (op === Op.LOG && batch[at + 1] === "ERROR") effects.errors++;
  }

  #begin(batch: readonly unknown[], at: number): void {
    const type = TYPES.get(batch[at + 2]);
    if (type === undefined) return;
    if (this.#begun.size >= MAX_BEGUN) this.#begun.clear();
    this.#last = {
      type,
      amount: Number(batch[at + 3]),
      text: String(batch[at + 4]),
      tookMs: 0,
      effects: {
        sends: 0,
        groups: new Map(),
        otherGroups: 0,
        joins: 0,
        leaves: 0,
        closes: 0,
        errors: 0,
      },
    };
    this.#begun.set(Number(batch[at + 1]), this.#last);
  }

  #end(handle: number, milliseconds: number): void {
    const event = this.#begun.get(handle);
    if (event === undefined) return;
    this.#begun.delete(handle);
    if (event === this.#last) {
      // A handler that is still waiting resumes after this one.
      this.#last = null;
      for (const other of this.#begun.values()) this.#last = other;
    }
    event.tookMs = milliseconds;
    this.handled(handle, event);
  }
}

function sentTo(effects: Effects, group: string): void {
  const { groups } = effects;
  const before = groups.get(group);
  if (before === undefined && groups.size >= MAX_GROUPS) effects.otherGroups++;
  else groups.set(group, (before ?? 0) + 1);
}
