import { AsyncLocalStorage } from "node:async_hooks";
import type { MessageSession } from "./message_session.ts";

/** The message that a module is run for. */
export interface MessageContext {
  session: MessageSession;
  values: Map<string, unknown>;
}

const storage = new AsyncLocalStorage<MessageContext>();

/** Runs a module for a message, its asynchronous parts included. */
export function runForMessage<T>(context: MessageContext, run: () => T): T {
  return storage.run(context, run);
}

/** The message that this code runs for. */
export function currentMessage(): MessageContext | undefined {
  return storage.getStore();
}
