import { Buffer } from "node:buffer";
import { constants, inflateRawSync } from "node:zlib";

/** Called with each inflated part of a message. */
type Inflated = (error: null, data: Uint8Array) => void;

/** The end of a flushed block, which does not travel (RFC 7692, section 7.2.2). */
const TAIL = new Uint8Array([0, 0, 0xff, 0xff]);

/**
 * Inflates the messages of one socket, each for itself. It replaces the inflater of npm `ws`, because on Deno
 * that one ends the process for input that is not a deflate stream.
 */
export class Inflater {
  /** Whether something came that is not a deflate stream: the socket is to be closed with 1007. */
  isBroken = false;
  #parts: Uint8Array[] = [];
  #isHeld = false;
  #held: (() => void) | null = null;

  /** @param maxBytes Largest inflated message; 0: no limit. `ws` limits the compressed size. */
  constructor(private readonly maxBytes: number) {}

  /** Called by `ws` for each part of a message, in order. */
  decompress(data: Uint8Array, isLast: boolean, done: Inflated): void {
    this.#parts.push(data);
    const whole = isLast ? this.#inflate() : new Uint8Array();
    // It does not expect to be answered at once.
    queueMicrotask(() => {
      const tell = () => done(null, whole);
      if (this.#isHeld) this.#held = tell;
      else tell();
    });
  }

  /** Delays the next message: the bytes that were read already inflate to much more. */
  hold(): void {
    this.#isHeld = true;
  }

  /** Goes on. */
  release(): void {
    this.#isHeld = false;
    const held = this.#held;
    this.#held = null;
    held?.();
  }

  /** Called by `ws` when the socket has ended. */
  cleanup(): void {
    this.#parts = [];
  }

  #inflate(): Uint8Array {
    const compressed = Buffer.concat([...this.#parts, TAIL]);
    this.#parts = [];
    const { maxBytes } = this;
    try {
      return inflateRawSync(compressed, {
        finishFlush: constants.Z_SYNC_FLUSH,
        ...(maxBytes > 0 && { maxOutputLength: maxBytes }),
      });
    } catch (error) {
      // More than is allowed, which is for `ws` to find out.
      if (error instanceof RangeError) return new Uint8Array(maxBytes + 1);
      this.isBroken = true;
      return new Uint8Array();
    }
  }
}
