import process from "node:process";
import {
  clearScreenDown,
  createInterface,
  cursorTo,
  type Interface,
  moveCursor,
} from "node:readline";
import { OpenInput } from "../../client/mod.ts";

const READY = "> ";
const MORE = "... ";

/** An action of the user at the prompt. */
export interface PromptEvents {
  /** They have entered a message; one of several lines is one. */
  entered(text: string): void;
  /** They want to end. */
  ended(): void;
}

/** The part of readline that is written here, too: the measured width of a line depends on it. */
interface Editable {
  line: string;
  cursor: number;
  /** The newest first. */
  history: string[];
}

/**
 * The line being edited, always the last of the screen: other output appears above it.
 *
 * While a message of several lines is being entered, its lines stay together.
 */
export class Prompt implements Disposable {
  readonly #readline: Interface;
  readonly #output = process.stdout;
  readonly #input = new OpenInput();
  /** Rows of the screen that the lines of an open message take. */
  #entered: { text: string; rows: number }[] = [];
  #isClosed = false;

  constructor(private readonly events: PromptEvents) {
    this.#readline = createInterface({
      input: process.stdin,
      output: this.#output,
      prompt: READY,
      terminal: true,
      historySize: 1000,
      // A paste of CRLF is one line end, however slowly it comes.
      crlfDelay: Infinity,
    });
    this.#readline.on("line", (line: string) => this.#line(line));
    this.#readline.on("SIGINT", () => this.#interrupt());
    // Back from Ctrl-Z: readline has stopped reading, and a new question makes it resume.
    this.#readline.on("SIGCONT", () => this.#readline.prompt(true));
    this.#readline.on("close", () => {
      if (this.#isClosed) return;
      this.#leave();
      events.ended();
    });
    this.#readline.prompt();
  }

  /** Prints a line above the line being edited. */
  print(text: string): void {
    if (this.#isClosed) return console.log(text);
    const { rows } = this.#readline.getCursorPos();
    this.#erase(rows);
    const open = this.#entered.map(({ text }) => `${text}\n`).join("");
    // readline goes up as many rows as it has gone down, and draws from there.
    this.#output.write(`${text}\n${open}${"\n".repeat(rows)}`);
    this.#readline.prompt(true);
  }

  [Symbol.dispose](): void {
    if (this.#isClosed) return;
    this.#leave();
    this.#readline.close();
  }

  /** Takes the prompt off the screen: nothing is asked any more. */
  #leave(): void {
    this.#erase(this.#readline.getCursorPos().rows);
    this.#isClosed = true;
  }

  #line(line: string): void {
    this.#entered.push({ text: this.#readline.getPrompt() + line, rows: this.#rowsOf(line) });
    const message = this.#input.add(line);
    if (message === null) {
      this.#readline.setPrompt(MORE);
      // Lines that have left the screen cannot be redrawn.
      if (this.#rowsEntered() >= this.#output.rows - 1) this.#entered = [];
      return this.#readline.prompt();
    }
    this.#remember(message);
    this.#fresh();
    this.events.entered(message);
  }

  /** Ctrl-C discards an open message; without one, it ends. */
  #interrupt(): void {
    if (!this.#input.isOpen) return this.events.ended();
    this.#input.drop();
    this.#erase(this.#readline.getCursorPos().rows);
    this.#entered = [];
    const editable = this.#readline as unknown as Editable;
    editable.line = "";
    editable.cursor = 0;
    this.#fresh();
  }

  /** Takes the lines of the message off the screen, and asks for the next. */
  #fresh(): void {
    this.#erase(0);
    this.#entered = [];
    this.#readline.setPrompt(READY);
    this.#readline.prompt();
  }

  /** A message of several lines is one entry of the history, not many. */
  #remember(message: string): void {
    const lines = message.split("\n");
    if (lines.length === 1) return;
    const { history } = this.#readline as unknown as Editable;
    for (const line of lines.toReversed()) {
      if (history[0] === line) history.shift();
    }
    history.unshift(lines.map((line) => line.trim()).join(" "));
  }

  /** @param rows Rows between the first one being edited and the cursor. */
  #erase(rows: number): void {
    moveCursor(this.#output, 0, -rows - this.#rowsEntered());
    cursorTo(this.#output, 0);
    clearScreenDown(this.#output);
  }

  #rowsEntered(): number {
    return this.#entered.reduce((sum, { rows }) => sum + rows, 0);
  }

  /** Rows that this line took with its prompt: readline measures only the line that it edits. */
  #rowsOf(line: string): number {
    const editable = this.#readline as unknown as Editable;
    editable.line = line;
    editable.cursor = line.length;
    const { rows } = this.#readline.getCursorPos();
    editable.line = "";
    editable.cursor = 0;
    return rows + 1;
  }
}
