/** Callbacks that may wait with one event. */
const MAX_WAITING = 1024;
/** Longest time that a callback may wait, ms: the limit of a timer. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

interface Waiting {
  call(values: unknown[]): void;
  timer: ReturnType<typeof setTimeout>;
}

/** The signals of one event: each waiting callback is called once. */
export class Signals {
  readonly #waiting = new Map<string, Set<Waiting>>();
  #count = 0;

  /**
   * Waits for a signal.
   *
   * @param call Must not throw.
   * @param timeoutMs Time after which it is forgotten.
   * @throws {RangeError} If too many wait already, or the time is none.
   */
  once(signal: string, call: (values: unknown[]) => void, timeoutMs: number): void {
    if (!(timeoutMs >= 0)) {
      throw new RangeError(`The time for "${signal}" must be milliseconds, got ${timeoutMs}`);
    }
    if (this.#count >= MAX_WAITING) {
      throw new RangeError(`At most ${MAX_WAITING} callbacks may wait with one event`);
    }
    const waiting: Waiting = {
      call,
      timer: setTimeout(
        () => this.#forget(signal, waiting),
        Math.min(timeoutMs, MAX_TIMEOUT_MS),
      ),
    };
    const all = this.#waiting.get(signal);
    if (all === undefined) this.#waiting.set(signal, new Set([waiting]));
    else all.add(waiting);
    this.#count++;
  }

  /** Calls the callbacks that wait for the signal now, in the order in which they were registered. */
  emit(signal: string, values: unknown[]): void {
    for (const waiting of [...this.#waiting.get(signal) ?? []]) {
      if (this.#forget(signal, waiting)) waiting.call(values);
    }
  }

  #forget(signal: string, waiting: Waiting): boolean {
    clearTimeout(waiting.timer);
    const all = this.#waiting.get(signal);
    if (!all?.delete(waiting)) return false;
    if (all.size === 0) this.#waiting.delete(signal);
    this.#count--;
    return true;
  }
}
