/**
 * XP's `/lib/xp/event`: events between the services of a server (docs/contracts/xp.md, section 6).
 *
 * @example
 * ```ts
 * import { listener, send } from "lib/xp/event";
 * import { sendToGroup } from "lib/xp/websocket";
 *
 * // Called when a controller is loaded.
 * export function init() {
 *   listener<{ text: string }>({
 *     type: "custom.news",
 *     callback: ({ data }) => sendToGroup("readers", data.text),
 *   });
 * }
 *
 * // What this service is told, all are told.
 * export function post(req: { body: string }) {
 *   send({ type: "news", data: { text: req.body } });
 *   return { status: 202 };
 * }
 * ```
 *
 * @module
 */
import type { BusEvent } from "../../../model/mod.ts";
import { explain, userStack } from "../../../inside/explain.ts";
import { link } from "../../../inside/link.ts";
import { textArgument } from "./text_argument.ts";

/** The event that a listener gets. */
export interface XpEvent<Data = Record<string, unknown>> {
  /** As sent, with `custom.` in front. */
  type: string;
  /** Milliseconds since 1970. */
  timestamp: number;
  /** Whether it was sent on this node. */
  localOrigin: boolean;
  /** Whether it also goes to the other nodes of a cluster. */
  distributed: boolean;
  /** The event's data. */
  data: Data;
}

/** A listener and the events that it gets. */
export interface ListenerParams<Data = Record<string, unknown>> {
  /** Type of the event; `*` at the end stands for any text. */
  type: string;
  /** The function to call; its errors are logged. */
  callback: (event: XpEvent<Data>) => void;
  /** Only events of this node. */
  localOnly?: boolean;
}

/** An event to send. */
export interface SendParams {
  /** Arrives as `custom.<type>`. */
  type: string;
  /** Also to the other nodes of a cluster. */
  distributed?: boolean;
  /** The event's data; it must be JSON. */
  data?: object;
}

/**
 * Calls back for every event of a type, those of this service included. What the callback throws is logged.
 *
 * @throws {TypeError} If the type is null or undefined, or the callback is not a function.
 */
export function listener<Data = Record<string, unknown>>(params: ListenerParams<Data>): void {
  const type = textArgument(params?.type, "listener", "type");
  const { callback, localOnly } = params;
  if (typeof callback !== "function") {
    throw new TypeError(
      `Cannot call listener: "callback" must be a function, got ${typeof callback}`,
    );
  }
  const wanted = type.endsWith("*")
    ? (sent: string) => sent.startsWith(type.slice(0, -1))
    : (sent: string) => sent === type;
  const isolate = link();
  isolate.listen((event: BusEvent) => {
    if (!wanted(event.type) || localOnly === true && !event.localOrigin) return;
    const failed = (error: unknown) =>
      isolate.log(
        "ERROR",
        `Listener of "${type}": ${explain(error)}\n${userStack(error)}`.trimEnd(),
      );
    try {
      const result: unknown = callback({ ...event, data: JSON.parse(event.data) });
      if (result instanceof Promise) result.catch(failed);
    } catch (error) {
      failed(error);
    }
  });
}

/**
 * Sends an event to all services of the server. As in XP, its type arrives with `custom.` in front.
 *
 * @throws {TypeError} If the type is null or undefined, or the data cannot be JSON.
 */
export function send(params: SendParams): void {
  const type = textArgument(params?.type, "send", "type");
  link().emit(`custom.${type}`, JSON.stringify(params.data ?? {}), params.distributed === true);
}
