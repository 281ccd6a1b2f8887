/**
 * A terminal screen: it draws the output of a program, with the few sequences that line editing needs. Any other
 * is an error: nothing else is to reach a terminal.
 */
export class Screen {
  readonly #rows: string[][] = [[]];
  #row = 0;
  #column = 0;
  /** Row at the top of the window; those above have scrolled away. */
  #top = 0;
  #rest = "";

  constructor(readonly columns: number, readonly height: number) {}

  /** All lines, those that have scrolled away too, without blanks at their ends. */
  get lines(): string[] {
    const lines = this.#rows.map((row) =>
      Array.from(row, (char) => char ?? " ").join("").trimEnd()
    );
    while (lines.at(-1) === "") lines.pop();
    return lines;
  }

  /** Draws. */
  write(text: string): void {
    let left = this.#rest + text;
    this.#rest = "";
    while (left !== "") {
      // deno-lint-ignore no-control-regex
      const sequence = /^\x1b(?:\[\??(\d*)(?:;\d+)*([A-Za-z])|\[?\??\d*$)/.exec(left);
      if (sequence !== null && sequence[2] === undefined) {
        this.#rest = left;
        return;
      }
      if (sequence !== null) {
        this.#move(sequence[2]!, sequence[1]!);
        left = left.slice(sequence[0].length);
        continue;
      }
      const char = String.fromCodePoint(left.codePointAt(0)!);
      this.#draw(char);
      left = left.slice(char.length);
    }
  }

  #move(command: string, parameter: string): void {
    const number = parameter === "" ? 0 : Number(parameter);
    const by = Math.max(1, number);
    if (command === "A") this.#row = Math.max(this.#top, this.#row - by);
    else if (command === "B") this.#down(by);
    else if (command === "C") this.#column = Math.min(this.columns - 1, this.#column + by);
    else if (command === "D") this.#column = Math.max(0, this.#column - by);
    else if (command === "G") this.#column = by - 1;
    else if (command === "J" && number === 0) {
      this.#rows.length = this.#row + 1;
      this.#clear(this.#column);
    } else if (command === "K") this.#clear(number === 2 ? 0 : this.#column);
    else if (!/[mhl]/.test(command)) throw new Error(`A sequence that is not known: ${command}`);
  }

  #clear(from: number): void {
    this.#rows[this.#row]!.length = Math.min(from, this.#rows[this.#row]!.length);
  }

  #draw(char: string): void {
    if (char === "\r") this.#column = 0;
    else if (char === "\n") this.#down(1);
    else if (char === "\t") this.#column += 8 - this.#column % 8;
    else if (char < " " || char === "\x7f") {
      throw new Error(`A control character: ${JSON.stringify(char)}`);
    } else {
      const width = /\p{Script=Han}/u.test(char) ? 2 : 1;
      if (this.#column + width > this.columns) {
        this.#column = 0;
        this.#down(1);
      }
      const row = this.#rows[this.#row]!;
      row[this.#column] = char;
      if (width === 2) row[this.#column + 1] = "";
      this.#column += width;
    }
  }

  #down(rows: number): void {
    this.#row += rows;
    while (this.#rows.length <= this.#row) this.#rows.push([]);
    this.#top = Math.max(this.#top, this.#row - this.height + 1);
  }
}
