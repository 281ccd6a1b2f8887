/** How often it is looked without being told, where nobody tells, ms. */
const LOOK_EVERY_MS = 5;

/** How to wait for something. */
export interface Wait<T> {
  /** Looks whether it is there; undefined: not yet. What it throws ends the waiting. */
  look(): T | undefined;
  /** How long to wait, ms. */
  deadlineMs: number;
  /** Why the waiting was in vain. */
  failure(): Error;
  /** Whether nobody tells of a change: then it is looked now and then. */
  isUntold?: boolean;
}

/** Waits for what others bring about: whoever changes something tells so, and all who wait look again. */
export class Changes {
  readonly #looks = new Set<() => void>();

  /** Something has changed. */
  tell(): void {
    for (const look of [...this.#looks]) look();
  }

  /** Resolves with what is looked for, in the order of the calls; rejects when the time is over. */
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
