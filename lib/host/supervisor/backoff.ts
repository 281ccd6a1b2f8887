import { WAITS, type Waits } from "../../base/waits.ts";

/** Starts that may fail one after the other. */
const MAX_FAILED_STARTS = 5;

/** How long to wait before a service is started again. */
export class Backoff {
  #attempts = 0;
  #failedStarts = 0;
  #startedAt: number | null = null;

  constructor(private readonly waits: Waits = WAITS) {}

  /** It runs. */
  started(): void {
    this.#startedAt = performance.now();
    this.#failedStarts = 0;
  }

  /** It has ended, or has not started: how long to wait, ms. */
  next(): number {
    const { firstRestartMs, longestRestartMs, healthyMs } = this.waits;
    if (this.#startedAt === null) this.#failedStarts++;
    else if (performance.now() - this.#startedAt >= healthyMs) this.#attempts = 0;
    this.#startedAt = null;
    return Math.min(firstRestartMs * 2 ** this.#attempts++, longestRestartMs);
  }

  /** Whether so many starts have failed that the next one would too. */
  get isHopeless(): boolean {
    return this.#failedStarts >= MAX_FAILED_STARTS - 1;
  }
}
