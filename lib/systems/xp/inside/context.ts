import { AsyncLocalStorage } from "node:async_hooks";
import type { Identity } from "../../../model/mod.ts";

/** The request or event that code runs on behalf of. */
export interface Context {
  /** Scheme and host that the client used. */
  origin: string;
  /** The session or request of log lines, as in `Op.LOG` of the wire. */
  about: string;
  /** Null: anonymous. */
  identity: Identity | null;
}

const storage = new AsyncLocalStorage<Context>();

/** Runs a handler on behalf of a request or event, asynchronous parts included. */
export function runIn<T>(context: Context, run: () => T): T {
  return storage.run(context, run);
}

/** The event or request that this code runs for; undefined in timers and while loading. */
export function currentContext(): Context | undefined {
  return storage.getStore();
}
