/** Interval between looks where no event reports a change, ms. */
const LOOK_EVERY_MS = 5;

/** How to wait for something. */
export interface Wait<T> {
  /** Looks whether it is there; undefined: not yet. What it throws ends the waiting. */
  look(): T | undefined;
  /** How long to wait, ms. */
  deadlineMs: number;
  /** Why the waiting was in vain. */
  failure(): Error;
  /** Whether no event reports a change: then it is polled. */
  isUntold?: boolean;
}

/** Waits for changes by others: each change is announced, and all waiting callers check again. */
export class Changes {
  readonly #looks = new Set<() => void>();

  /** Something has changed. */
  tell(): void {
    for (const look of [...this.#looks]) look();
  }

  /** Resolves with the expected value, in the order of the calls; rejects when the time is over. */
  wait<T>({ look, deadlineMs, failure, isUntold = false }: Wait<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const end = () => {
        this.#looks.delete(tryToEnd);
        clearTimeout(deadline);
        clearInterval(looking);
      };
      const tryToEnd = () => {
        try {
          const found = look();
          if (found === undefined) return;
          end();
          resolve(found);
        } catch (error) {
          end();
          reject(error);
        }
      };
      const deadline = setTimeout(() => {
        end();
        reject(failure());
      }, deadlineMs);
      const looking = isUntold ? setInterval(tryToEnd, LOOK_EVERY_MS) : undefined;
      this.#looks.add(tryToEnd);
      tryToEnd();
    });
  }
}
