const encoder = new TextEncoder();

/** Says on stderr what is going on: in one line that changes on a terminal, in lines elsewhere. */
export class Progress implements Disposable {
  readonly #isTerminal = Deno.stderr.isTerminal();

  show(text: string): void {
    write(this.#isTerminal ? `${CLEAR}${text}` : `${text}\n`);
  }

  /** Takes the line away. */
  [Symbol.dispose](): void {
    if (this.#isTerminal) write(CLEAR);
  }
}

/** Start of the line, and nothing in it. */
const CLEAR = "\r\x1b[2K";

function write(text: string): void {
  Deno.stderr.writeSync(encoder.encode(text));
}
