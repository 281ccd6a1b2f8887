/** Bytes from which a frame is not copied for a few: each of many that get different ones would have its own copy. */
const LARGE = 1024;
/** The same where many share the copy: to write one takes less time. */
const LARGE_FOR_MANY = 16 * 1024;
const MANY = 8;

/**
 * Frames that go out together, in order. Whoever is sent the same frames in the same order comes to the same
 * sequence, and so to the same chunks: they are put together once, however many get them.
 */
export class Sequence {
  /** Bytes of all of it. */
  readonly length: number;
  /** Sockets that get it, as far as is known. */
  receivers = 0;
  #chunks: readonly Uint8Array[] | null = null;
  #next: Sequence | null = null;

  private constructor(
    private readonly before: Sequence | null,
    private readonly frame: Uint8Array | null,
  ) {
    this.length = (before?.length ?? 0) + (frame?.length ?? 0);
  }

  /** One without frames. */
  static empty(): Sequence {
    return new Sequence(null, null);
  }

  /** This sequence and one frame more. */
  with(frame: Uint8Array): Sequence {
    // The members of a group are served one after the other, and the previous one had the same frames.
    if (this.#next?.frame !== frame) this.#next = new Sequence(this, frame);
    return this.#next;
  }

  /** All parts, to be written at once: large frames as they are, smaller ones between them joined. */
  get chunks(): readonly Uint8Array[] {
    return this.#chunks ??= this.#join();
  }

  #join(): Uint8Array[] {
    // Most sequences are of one frame.
    if (this.frame !== null && this.before?.length === 0) return [this.frame];
    const large = this.receivers < MANY ? LARGE : LARGE_FOR_MANY;
    const chunks: Uint8Array[] = [];
    let small: Uint8Array[] = [];
    for (const frame of this.#frames()) {
      if (frame.length < large) {
        small.push(frame);
      } else {
        if (small.length > 0) chunks.push(together(small));
        chunks.push(frame);
        small = [];
      }
    }
    if (small.length > 0) chunks.push(together(small));
    return chunks;
  }

  #frames(): Uint8Array[] {
    const frames: Uint8Array[] = [];
    // deno-lint-ignore no-this-alias
    for (let at: Sequence | null = this; at?.frame; at = at.before) frames.push(at.frame);
    return frames.reverse();
  }
}

function together(frames: readonly Uint8Array[]): Uint8Array {
  if (frames.length === 1) return frames[0]!;
  const bytes = new Uint8Array(frames.reduce((length, frame) => length + frame.length, 0));
  let end = 0;
  for (const frame of frames) {
    bytes.set(frame, end);
    end += frame.length;
  }
  return bytes;
}
