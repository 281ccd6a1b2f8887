/**
 * Frames that go out together, in order. Whoever is sent the same frames in the same order comes to the same
 * sequence, and so to the same bytes: they are put together once, however many get them.
 */
export class Sequence {
  /** Bytes of all of it. */
  readonly length: number;
  #bytes: Uint8Array | null = null;
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
    // The members of a group are gone through one after the other: the last one asked for what they all ask for.
    if (this.#next?.frame !== frame) this.#next = new Sequence(this, frame);
    return this.#next;
  }

  /** All of it, to be written at once. */
  get bytes(): Uint8Array {
    return this.#bytes ??= this.#join();
  }

  #join(): Uint8Array {
    if (this.frame === null) return new Uint8Array();
    if (this.before === null || this.before.length === 0) return this.frame;
    const bytes = new Uint8Array(this.length);
    let end = this.length;
    // deno-lint-ignore no-this-alias
    for (let at: Sequence | null = this; at?.frame; at = at.before) {
      end -= at.frame.length;
      bytes.set(at.frame, end);
    }
    return bytes;
  }
}
