import { printable } from "../../../base/printable.ts";
import { type Paint, painter } from "../../../base/paint.ts";
import { hexPreview } from "../../client/mod.ts";
import { plural } from "../../../base/plural.ts";

/** Most of a message that is shown, UTF-16 units: the rest would only push the others off the screen. */
const MAX_SHOWN = 10_000;

/** The direction of a line; `!` is a local error. */
export type Mark = "→" | "←" | "!";

/** Lines of a conversation for a terminal: time, direction, text. */
export class Transcript {
  readonly #color: Paint;

  constructor(color: boolean) {
    this.#color = painter(color);
  }

  /** A message, text or bytes. */
  message(mark: Mark, data: string | Uint8Array): string {
    if (typeof data !== "string") {
      const size = this.#aside(`(${plural(data.length, "byte")})`);
      return this.#line(mark, data.length === 0 ? size : `${size} ${hexPreview(data)}`);
    }
    if (data === "") return this.about(mark, "empty");
    const rest = data.length - MAX_SHOWN;
    const shown = printable(data.slice(0, MAX_SHOWN)).replaceAll("\n", "\n  ");
    return this.#line(
      mark,
      rest > 0 ? `${shown} ${this.#aside(`(${plural(rest, "more character")})`)}` : shown,
    );
  }

  /** Something that is not a message: a ping, a close. */
  about(mark: Mark, text: string): string {
    return this.#line(mark, this.#aside(`(${printable(text)})`));
  }

  /** An error. */
  problem(text: string): string {
    return this.#line("!", this.#color.red(printable(text)));
  }

  #line(mark: Mark, text: string): string {
    const { bold, cyan, dim, green, red } = this.#color;
    const paint = { "→": cyan, "←": green, "!": red }[mark];
    return `${dim(now())} ${bold(paint(mark))} ${text}`;
  }

  #aside(text: string): string {
    return this.#color.dim(text);
  }
}

/** The time of day where the user is, to the millisecond. */
function now(): string {
  const date = new Date();
  return `${date.toTimeString().slice(0, 8)}.${String(date.getMilliseconds()).padStart(3, "0")}`;
}
