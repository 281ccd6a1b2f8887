import { TextLineStream } from "./text_line_stream.ts";

/** How long a line may take to come, ms. */
const DEADLINE_MS = 60_000;

/** Lines that are awaited one by one. */
export class Lines {
  /** All so far. */
  readonly all: string[] = [];
  #read = 0;
  #ended = false;
  #wake: () => void = () => {};
  #done: Promise<void> = Promise.resolve();

  /** The lines that a process prints, as they come. */
  static of(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Lines {
    const lines = new Lines();
    lines.#done = lines.#collect(stream);
    return lines;
  }

  async #collect(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    const lines = stream.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream());
    for await (const line of lines) this.add(line);
    this.finish();
  }

  /** Adds a line. */
  add(line: string): void {
    this.all.push(line);
    this.#wake();
  }

  /** No more lines will come: a call of {@linkcode next} that is waiting for one rejects. */
  finish(): void {
    this.#ended = true;
    this.#wake();
  }

  /** The next line, not looked at before, that this is true of. */
  async next(isWanted: (line: string) => boolean): Promise<string> {
    const until = performance.now() + DEADLINE_MS;
    while (true) {
      while (this.#read < this.all.length) {
        const line = this.all[this.#read++]!;
        if (isWanted(line)) return line;
      }
      const left = until - performance.now();
      if (this.#ended || left <= 0) {
        throw new Error(`The line did not come; there were:\n${this.all.join("\n")}`);
      }
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      const timer = setTimeout(resolve, left);
      await promise;
      clearTimeout(timer);
    }
  }

  /** Resolves when the stream has ended. */
  end(): Promise<void> {
    return this.#done;
  }
}
