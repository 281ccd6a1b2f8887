import type { Loader } from "../../../inside/endpoint.ts";

let current: Loader | null = null;

/** Sets the loader of handlers; the runner calls it once. */
export function loadHandlersWith(loader: Loader): void {
  current = loader;
}

/**
 * The exports of a handler module.
 *
 * @param id Relative to `services/`, extension optional.
 * @throws {Error} If there is no such module, or the service may not load it.
 */
export function requireHandler(id: string): Record<string, unknown> {
  if (current === null) throw new Error("Websocket clients work inside a service only");
  return current.requireService(id) as Record<string, unknown>;
}
