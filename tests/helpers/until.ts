/** How long anything may take to become so, ms: a machine that is busy with other tests needs more than a user's. */
const DEADLINE_MS = 20_000;
/** How long to wait between two looks, ms. */
const PAUSE_MS = 10;

/** Lets other tasks run for a while. */
export function pause(ms: number = PAUSE_MS): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/**
 * Waits until a condition is met.
 *
 * @param what Names the condition, for the message if it is not met in time.
 */
export async function until(what: string, isMet: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = performance.now() + DEADLINE_MS; !await isMet(); await pause()) {
    if (performance.now() > end) throw new Error(`Not within ${DEADLINE_MS} ms: ${what}`);
  }
}
