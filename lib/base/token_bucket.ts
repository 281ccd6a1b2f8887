/** Lets so many through a second, and as many at once after a pause. */
export class TokenBucket {
  #tokens: number;
  #at: number;

  /**
   * @param capacity The largest burst that passes at once.
   * @param now Milliseconds, of any clock.
   */
  constructor(capacity: number, now: number) {
    this.#tokens = capacity;
    this.#at = now;
  }

  /**
   * Takes tokens, if there are as many.
   *
   * @param perSec How many come back in a second.
   * @param capacity How many there may be.
   */
  take(count: number, perSec: number, now: number, capacity: number = perSec): boolean {
    if (!this.has(count, perSec, now, capacity)) return false;
    this.#tokens -= count;
    return true;
  }

  /** Takes tokens, whether there are as many or not: then it takes a while until there are some again. */
  spend(count: number, perSec: number, now: number, capacity: number = perSec): void {
    this.#refill(perSec, now, capacity);
    this.#tokens -= count;
  }

  /** Whether there are as many tokens; takes none. */
  has(count: number, perSec: number, now: number, capacity: number = perSec): boolean {
    this.#refill(perSec, now, capacity);
    return this.#tokens >= count;
  }

  #refill(perSec: number, now: number, capacity: number): void {
    const gone = Math.max(0, now - this.#at) / 1000;
    this.#at = Math.max(this.#at, now);
    this.#tokens = Math.min(capacity, this.#tokens + gone * perSec);
  }
}
