import { type Paint, painter } from "../../base/paint.ts";
import type { Effects, HandledEvent } from "../../host/switchboard.ts";
import { escaped } from "./printable.ts";
import { columnsOf } from "./table.ts";

/** Lines printed per second; further events are counted. */
const LINES_PER_SEC = 40;
/** How long a service's name may be for the others to be aligned with it. */
const MAX_NAME = 16;
/** Characters of a text that are shown. */
const MAX_TEXT = 60;
/** Characters of a group's name that are shown. */
const MAX_GROUP = 32;

/** How events are printed. */
export interface EventStreamOptions {
  /** Takes a line; false: it was not printed. */
  write(line: string): boolean;
  color: boolean;
  /** Columns of the terminal, now. */
  readonly width: number;
}

/** Prints events as they are handled, one a line; of a flood the first ones, and how many more there were. */
export class EventStream implements Disposable {
  readonly #options: EventStreamOptions;
  readonly #color: Paint;
  #nameWidth = 0;
  #since = -Infinity;
  #lines = 0;
  /** Events that were not printed, by service and type. */
  readonly #more = new Map<string, Map<string, number>>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: EventStreamOptions) {
    this.#options = options;
    this.#color = painter(options.color);
  }

  /** Prints an event, or counts it. */
  handled(service: string, event: HandledEvent): void {
    const now = performance.now();
    if (now - this.#since >= 1000) this.#nextSecond(now);
    const isShown = this.#lines < LINES_PER_SEC && this.#options.write(this.#line(service, event));
    if (isShown) {
      this.#lines++;
      return;
    }
    let counts = this.#more.get(service);
    if (counts === undefined) this.#more.set(service, counts = new Map());
    counts.set(event.type, (counts.get(event.type) ?? 0) + 1);
    this.#timer ??= setTimeout(() => this.#nextSecond(performance.now()), this.#since + 1000 - now);
  }

  /** Prints the counts of unprinted events. */
  [Symbol.dispose](): void {
    this.#nextSecond(performance.now());
  }

  #nextSecond(now: number): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const seconds = Math.max(1, Math.round((now - this.#since) / 1000));
    for (const [service, counts] of this.#more) {
      const what = [...counts].map(([type, count]) => plural(count, `more ${type}`)).join(", ");
      const start = `${this.#time()}  ${this.#name(service)}  `;
      // Events that cannot be printed now are kept.
      if (this.#options.write(`${start}… ${what} in ${seconds} s`)) this.#more.delete(service);
    }
    this.#since = now;
    this.#lines = 0;
  }

  #line(service: string, { session, type, amount, text, tookMs, effects }: HandledEvent): string {
    const { dim } = this.#color;
    const head = `${this.#time()}  ${this.#name(service)}  ${this.#session(session)}  `;
    const kind = this.#kind(type);
    const size = (type === "message" ? bytes(amount) : type === "close" ? `${amount}` : "")
      .padStart(8);
    const took = duration(tookMs).padStart(8);
    const came = effectsOf(effects);
    const failed = effects.errors > 0 ? this.#color.red("✗") : "";
    const shown = escaped(text.slice(0, 2 * MAX_TEXT));
    const tail = [
      ...failed === "" ? [] : [failed],
      ...came === "" ? [] : [`→ ${came}`],
      ...shown === "" ? [] : [dim(`${cut(shown, MAX_TEXT)}`)],
    ].join("  ");
    const plain = `${head}${kind}  ${size}  ${took}  ${tail}`.trimEnd();
    if (columnsOf(plain) <= this.#options.width) return plain;
    return `${head}${kind.trimEnd()}\n  ${`${size.trim()}  ${took.trim()}`.trim()}  ${tail}`
      .trimEnd();
  }

  #time(): string {
    const now = new Date();
    const milliseconds = String(now.getMilliseconds()).padStart(3, "0");
    return this.#color.dim(`${now.toTimeString().slice(0, 8)}.${milliseconds}`);
  }

  #name(service: string): string {
    const name = cut(escaped(service), MAX_NAME);
    const width = columnsOf(name);
    this.#nameWidth = Math.max(this.#nameWidth, width);
    return this.#color.bold(name + " ".repeat(this.#nameWidth - width));
  }

  /** Enough of an id to tell sessions apart, in a color of its own. */
  #session(id: string): string {
    const short = id.slice(id.indexOf(".") + 1).slice(0, 6);
    const { cyan, green, yellow, blue, magenta, red } = this.#color;
    const paints = [cyan, green, yellow, blue, magenta, red];
    const sum = [...short].reduce((sum, char) => sum * 31 + char.charCodeAt(0), 0);
    return paints[sum % paints.length]!(short);
  }

  #kind(type: string): string {
    const text = type.padEnd(7);
    return type === "error" ? this.#color.red(text) : text;
  }
}

/** The effects of an event, in words; empty: none. */
export function effectsOf(effects: Effects): string {
  const groups = [...effects.groups].map(([group, count]) =>
    `${count > 1 ? `${count} to ` : ""}group ${ends(escaped(group), MAX_GROUP)}`
  );
  const counts: [number, string][] = [
    [effects.sends, "send"],
    [effects.joins, "join"],
    [effects.leaves, "leave"],
    [effects.closes, "close"],
  ];
  return [
    ...groups,
    ...effects.otherGroups > 0 ? [`${effects.otherGroups} to other groups`] : [],
    ...counts.flatMap(([count, what]) => count > 0 ? [plural(count, what)] : []),
  ].join(", ");
}

function plural(count: number, what: string): string {
  return `${count.toLocaleString("en-US")} ${what}${count === 1 ? "" : "s"}`;
}

function bytes(count: number): string {
  if (count < 1000) return `${count} B`;
  return count < 1e6 ? `${(count / 1e3).toFixed(1)} KB` : `${(count / 1e6).toFixed(1)} MB`;
}

function duration(milliseconds: number): string {
  if (milliseconds >= 1000) return `${(milliseconds / 1000).toFixed(1)} s`;
  return `${milliseconds.toFixed(milliseconds < 0.1 ? 2 : 1)} ms`;
}

function cut(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text;
}

/** Both ends of a name: the beginning often says the least. */
function ends(text: string, length: number): string {
  const half = Math.floor((length - 1) / 2);
  return text.length > length ? `${text.slice(0, half)}…${text.slice(-half)}` : text;
}
