/**
 * The inner half of the recipe: a worker that has a heap of its own.
 *
 * @module
 */
import { parentPort } from "node:worker_threads";
import { talk } from "./talk.ts";

/** Web Locks, which the types of this place lack. */
const { locks } = navigator as unknown as {
  locks: { request(name: string, hold: () => Promise<never>): Promise<never> };
};

parentPort!.once("message", ({ port, isLocked }: { port: MessagePort; isLocked: boolean }) => {
  if (isLocked) locks.request(crypto.randomUUID(), () => new Promise(() => {}));
  talk(port);
});
