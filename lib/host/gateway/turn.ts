import { Sequence } from "./sequence.ts";

/** A socket that can be written to. */
export interface Writer {
  /** Writes all of them at once, in order. */
  write(chunks: readonly Uint8Array[]): void;
}

/** Makes a frame of a message. */
export type Framing = (message: string | Uint8Array) => Uint8Array<ArrayBuffer>;

const NONE: Uint8Array<ArrayBuffer> = new Uint8Array();

/**
 * The messages of one turn of the event loop: each socket gets them with one write, at its end. A message
 * to many sockets is framed once.
 */
export class Turn {
  #waiting = new Map<Writer, Sequence>();
  #root = Sequence.empty();
  #message: string | Uint8Array | null = null;
  #frame = NONE;

  /** @param framing How messages become frames. */
  constructor(private readonly framing: Framing) {}

  /** Sends a message at the end of this turn. */
  send(writer: Writer, message: string | Uint8Array): void {
    if (this.#waiting.size === 0) queueMicrotask(() => this.#end());
    // A group's members are sent the very same message one after the other.
    if (message !== this.#message) {
      this.#message = message;
      this.#frame = this.framing(message);
    }
    this.#waiting.set(writer, (this.#waiting.get(writer) ?? this.#root).with(this.#frame));
  }

  /** Bytes that a socket is to get at the end of this turn. */
  waiting(writer: Writer): number {
    return this.#waiting.get(writer)?.length ?? 0;
  }

  /** Writes a socket's messages now, because other data follows. */
  flush(writer: Writer): void {
    const sequence = this.#waiting.get(writer);
    if (sequence === undefined) return;
    this.#waiting.delete(writer);
    writer.write(sequence.chunks);
  }

  #end(): void {
    const waiting = this.#waiting;
    this.#waiting = new Map();
    this.#root = Sequence.empty();
    this.#message = null;
    this.#frame = NONE;
    for (const sequence of waiting.values()) sequence.receivers++;
    for (const [writer, sequence] of waiting) writer.write(sequence.chunks);
  }
}
