const CLOSES: Readonly<Record<string, string>> = { "{": "}", "[": "]" };

/**
 * Puts the lines of a JSON message together: while a brace, a bracket or a quote is open, the next line belongs
 * to it. A line that does not begin like JSON is a message by itself, even with open brackets.
 */
export class OpenInput {
  #lines: string[] = [];
  /** The closing brackets and quotes of the open ones, innermost last. */
  #closers: string[] = [];
  #inString = false;

  /** Whether another line is wanted. */
  get isOpen(): boolean {
    return this.#lines.length > 0;
  }

  /** Adds a line, and returns the whole message; null: something is still open. */
  add(line: string): string | null {
    if (!this.isOpen && !/^\s*["{[]/.test(line)) return line;
    this.#lines.push(line);
    const isBroken = !this.#read(line);
    if (!isBroken && (this.#inString || this.#closers.length > 0)) return null;
    const whole = this.#lines.join("\n");
    this.drop();
    return whole;
  }

  /** Discards the open message. */
  drop(): void {
    this.#lines = [];
    this.#closers = [];
    this.#inString = false;
  }

  /** False: it closes a bracket that was never opened, so it is not JSON, and no further line can complete it. */
  #read(line: string): boolean {
    for (let at = 0; at < line.length; at++) {
      const char = line[at]!;
      if (this.#inString) {
        if (char === "\\") at++;
        else if (char === '"') this.#inString = false;
      } else if (char === '"') {
        this.#inString = true;
      } else if (char in CLOSES) {
        this.#closers.push(CLOSES[char]!);
      } else if (char === "}" || char === "]") {
        if (this.#closers.pop() !== char) return false;
      }
    }
    return true;
  }
}
