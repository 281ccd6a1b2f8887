import { AsyncLocalStorage } from "node:async_hooks";

/** The event that a handler is called for, as Dirigible names it. */
export interface DirigibleEvent {
  method: "onopen" | "onmessage" | "onerror" | "onclose";
  message: string | Uint8Array | null;
  error: string | null;
}

const storage = new AsyncLocalStorage<DirigibleEvent>();

/** Runs a handler for an event, its asynchronous parts included. */
export function runFor<T>(event: DirigibleEvent, run: () => T): T {
  return storage.run(event, run);
}

/** The event that this code runs for; undefined in timers of its own and while loading. */
export function currentEvent(): DirigibleEvent | undefined {
  return storage.getStore();
}
