import type { Shell } from "./shell.ts";

/** Delay before a slow task is shown to the user, ms. */
const PATIENCE_MS = 500;

/** A line at the terminal that names a slow task; none without a terminal. */
export class Progress implements Disposable {
  readonly #isTerminal: boolean;
  #what = "";
  #isShown = false;
  readonly #timer = setTimeout(() => {
    this.#isShown = true;
    this.#write(this.#what);
  }, PATIENCE_MS);

  constructor(private readonly shell: Shell = Deno) {
    this.#isTerminal = shell.stderr.isTerminal();
  }

  /** The current task. */
  say(what: string): void {
    this.#what = what;
    if (this.#isShown) this.#write(what);
  }

  /** Takes the line away. */
  clear(): void {
    clearTimeout(this.#timer);
    if (this.#isShown) this.#write("");
    this.#isShown = false;
  }

  #write(text: string): void {
    if (!this.#isTerminal) return;
    // A line wider than the terminal could not be erased.
    const { columns } = this.shell.consoleSize();
    const line = `\r\x1b[K${text === "" ? "" : `${text} …`.slice(0, columns - 1)}`;
    this.shell.stderr.writeSync(new TextEncoder().encode(line));
  }

  [Symbol.dispose](): void {
    this.clear();
  }
}
