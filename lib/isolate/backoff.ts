/** Before the first attempt, ms; each further one waits twice as long. */
const FIRST_MS = 100;
/** At the most, ms. */
const CAP_MS = 30_000;
/** Running for so long, ms, an isolate is healthy: counting starts again. */
const HEALTHY_MS = 60_000;
/** Starts that may fail one after the other. */
const MAX_FAILED_STARTS = 5;

/** How long to wait before a service is started again. */
export class Backoff {
  #attempts = 0;
  #failedStarts = 0;
  #startedAt: number | null = null;

  /** It runs. */
  started(): void {
    this.#startedAt = performance.now();
    this.#failedStarts = 0;
  }

  /** It has ended, or has not started: how long to wait, ms. */
  next(): number {
    if (this.#startedAt === null) this.#failedStarts++;
    else if (performance.now() - this.#startedAt >= HEALTHY_MS) this.#attempts = 0;
    this.#startedAt = null;
    return Math.min(FIRST_MS * 2 ** this.#attempts++, CAP_MS);
  }

  /** Whether so many starts have failed that the next one would too. */
  get isHopeless(): boolean {
    return this.#failedStarts >= MAX_FAILED_STARTS - 1;
  }
}
