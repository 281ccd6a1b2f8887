/** Lines that may wait to be written. */
const MAX_WAITING = 256;

/** Where lines end up, for example `Deno.stdout`. */
export interface Sink {
  write(bytes: Uint8Array): Promise<number>;
}

/**
 * Writes lines without ever waiting for the reader: a terminal that was paused, or a pipe that no program
 * empties, must not hold up a server.
 */
export class LineWriter {
  #waiting: string[] = [];
  #writing: Promise<void> | null = null;
  #isBroken = false;

  constructor(private readonly sink: Sink) {}

  /** Writes a line; false: too many wait, or the reader has gone. */
  write(line: string): boolean {
    if (this.#isBroken || this.#waiting.length >= MAX_WAITING) return false;
    this.#waiting.push(line);
    this.#writing ??= this.#run();
    return true;
  }

  /** Resolves when all is written, or after a time, ms. */
  async end(timeoutMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, timeoutMs);
    await Promise.race([this.#writing, promise]);
    clearTimeout(timer);
  }

  async #run(): Promise<void> {
    const encoder = new TextEncoder();
    try {
      while (this.#waiting.length > 0) {
        let bytes = encoder.encode(this.#waiting.map((line) => `${line}\n`).join(""));
        this.#waiting = [];
        while (bytes.length > 0) bytes = bytes.subarray(await this.sink.write(bytes));
      }
      this.#writing = null;
    } catch {
      // The pipe is closed. That is no reason to stop serving.
      this.#isBroken = true;
      this.#waiting = [];
    }
  }
}
