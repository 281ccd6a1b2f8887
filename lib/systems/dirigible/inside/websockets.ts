/**
 * Dirigible's `net/v4/websockets`, also `net/websockets`: outbound clients, and the event that a handler is
 * called for (docs/contracts/dirigible.md, section 1).
 *
 * @example A client
 * ```ts
 * import { createWebsocket, getClientByHandler, getClients } from "net/websockets";
 *
 * // Sends through the one connection that there is, and opens it if there is none.
 * export function report(text: string) {
 *   const client = getClientByHandler("news/handler") ??
 *     createWebsocket("wss://news.example.com/", "news/handler");
 *   client.send(text);
 *   console.log(getClients().map(({ id, uri }) => `${id} ${uri}`));
 * }
 * ```
 *
 * @example A handler that checks the kind of its event
 * ```ts
 * import {
 *   getError,
 *   getMessage,
 *   getMethod,
 *   isOnClose,
 *   isOnError,
 *   isOnMessage,
 *   isOnOpen,
 * } from "net/websockets";
 *
 * if (isOnOpen()) console.log("connected");
 * else if (isOnMessage()) console.log(getMessage());
 * else if (isOnError()) console.error(getError());
 * else if (isOnClose()) console.log("gone");
 * else console.log("called for", getMethod() ?? "no event");
 * ```
 *
 * @module
 */
import { link } from "../../../inside/link.ts";
import { type ClientInfo, WebsocketClient } from "./client.ts";
import { currentEvent } from "./event.ts";
import { Handler } from "./handler.ts";
import { requireHandler } from "./require_handler.ts";

export { type ClientInfo, WebsocketClient } from "./client.ts";

/** Names under which Dirigible knows this runtime. */
const ENGINES = ["javascript", "graalvm", "rhino", "nashorn", "v8"];
/** Clients of a service at a time. */
const MAX_CLIENTS = 10_000;

/** Whether the link will tell us when the isolate ends. */
let isListening = false;
const clients = new Map<string, WebsocketClient>();

/**
 * Opens an outbound connection, with the service's own permissions. Returns at once; messages sent before it is
 * open are kept, in order.
 *
 * @param uri The URL, `ws:` or `wss:`.
 * @param handler Id of the module that its events go to, relative to `services/`.
 * @param engine `javascript` or another name of this runtime.
 * @throws {TypeError} If the URI, the handler or the engine is invalid.
 * @throws {Deno.errors.NotCapable} If the manifest does not let the service connect there.
 * @throws {Error} If the service has too many clients.
 */
export function createWebsocket(
  uri: string,
  handler: string,
  engine = "javascript",
): WebsocketClient {
  const url = URL.parse(String(uri));
  if (url === null || !/^wss?:$/.test(url.protocol) || url.hash !== "") {
    throw new TypeError(`Cannot connect to "${uri}": expected a ws: or wss: URI`);
  }
  if (!ENGINES.includes(String(engine))) {
    throw new TypeError(`There is no engine "${engine}", only ${ENGINES.join(", ")}`);
  }
  if (clients.size >= MAX_CLIENTS) {
    throw new Error(`Cannot connect to "${uri}": there are ${MAX_CLIENTS} clients already`);
  }
  if (!isListening) {
    isListening = true;
    link().atEnd(async () => {
      await Promise.all(clients.values().map((client) => client.end()));
    });
  }
  const exports = requireHandler(String(handler));
  const client: WebsocketClient = new WebsocketClient(
    url.href,
    new Handler(String(handler), () => exports),
    String(engine),
    link().boot.dialTimeoutMs,
    () => clients.delete(client.id),
  );
  clients.set(client.id, client);
  return client;
}

/** Metadata of the clients that are not closed, in the order in which they were created. */
export function getClients(): ClientInfo[] {
  return Array.from(clients.values(), (client) => client.info);
}

/**
 * The client with this id, else null.
 *
 * @example
 * ```ts
 * import { getClient } from "net/websockets";
 *
 * export const hangUp = (id: string) => getClient(id)?.close();
 * ```
 */
export function getClient(id: string): WebsocketClient | null {
  return clients.get(String(id)) ?? null;
}

/** The first client with exactly this handler, else null. */
export function getClientByHandler(handler: string): WebsocketClient | null {
  return clients.values().find(({ info }) => info.handler === handler) ?? null;
}

/** The message of the event being handled, else null. */
export function getMessage(): string | Uint8Array | null {
  return currentEvent()?.message ?? null;
}

/** The error of the event being handled, else null. */
export function getError(): string | null {
  return currentEvent()?.error ?? null;
}

/** `onopen`, `onmessage`, `onerror` or `onclose`; null, if no event is being handled. */
export function getMethod(): string | null {
  return currentEvent()?.method ?? null;
}

/** Whether a connection has opened. */
export function isOnOpen(): boolean {
  return getMethod() === "onopen";
}

/** Whether a message has come. */
export function isOnMessage(): boolean {
  return getMethod() === "onmessage";
}

/** Whether something went wrong. */
export function isOnError(): boolean {
  return getMethod() === "onerror";
}

/** Whether a connection has closed. */
export function isOnClose(): boolean {
  return getMethod() === "onclose";
}
