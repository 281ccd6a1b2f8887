/** A message that waits, and whether it went to a group. */
interface Held {
  message: string | Uint8Array<ArrayBuffer>;
  isGroup: boolean;
}

/** Bytes that a socket is given at a time, where more than it takes is held back. */
export const HIGH_WATER = 64 * 1024;

/** Messages taken after which their places are given back. */
const TRIM_AT = 1024;

/** Messages that wait for a client which does not keep up. */
export class Outbox {
  /** Bytes or UTF-16 units that wait. */
  length = 0;
  /** Bytes that the socket is given at a time, where it does not say when it could take more. */
  room = HIGH_WATER;
  /** Whether the socket must report when it can take more. */
  awaitsDrain = false;
  #held: (Held | null)[] = [];
  /** Where the next message is. */
  #next = 0;
  /** No group message waits before it. */
  #oldest = 0;

  /** Whether nothing waits. */
  get isEmpty(): boolean {
    return this.#next === this.#held.length;
  }

  /** Adds a message behind the others. */
  push(message: string | Uint8Array<ArrayBuffer>, isGroup: boolean): void {
    this.#held.push({ message, isGroup });
    this.length += message.length;
  }

  /** Takes the message that has waited longest; undefined: nothing waits. */
  shift(): string | Uint8Array<ArrayBuffer> | undefined {
    while (this.#next < this.#held.length) {
      const held = this.#held[this.#next]!;
      this.#held[this.#next++] = null;
      if (held === null) continue;
      this.length -= held.message.length;
      this.#trim();
      return held.message;
    }
    this.#trim();
  }

  /** Removes the messages that were sent. */
  #trim(): void {
    if (this.#next < this.#held.length && this.#next < TRIM_AT) return;
    this.#held.splice(0, this.#next);
    this.#oldest = Math.max(0, this.#oldest - this.#next);
    this.#next = 0;
  }

  /** Drops the group message that has waited longest; false: none waits. */
  shed(): boolean {
    for (
      this.#oldest = Math.max(this.#oldest, this.#next);
      this.#oldest < this.#held.length;
      this.#oldest++
    ) {
      const held = this.#held[this.#oldest]!;
      if (held === null || !held.isGroup) continue;
      this.#held[this.#oldest] = null;
      this.length -= held.message.length;
      return true;
    }
    return false;
  }
}
