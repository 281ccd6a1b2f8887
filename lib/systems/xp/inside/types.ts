/**
 * Types of an XP controller: its arguments and return values (docs/contracts/xp.md, sections 2 and 3).
 *
 * @example
 * ```ts
 * import type { Request, Response, WebSocketEvent } from "@switchboard/switchboard/xp/types";
 *
 * export function get(req: Request): Response {
 *   return req.webSocket ? { webSocket: { data: { room: "a" } } } : { status: 404 };
 * }
 *
 * export function webSocketEvent(event: WebSocketEvent): void {
 *   if (event.type === "message") console.log(event.session.id, event.message);
 * }
 * ```
 *
 * @module
 */
import type { User } from "../../../model/mod.ts";

export type { User };

/** One value is a string, repeated ones are an array. */
export type Params = Record<string, string | string[]>;

/** The request that `get` and the other functions get. */
export interface Request {
  /** Upper case. */
  method: string;
  /** `http` or `https`. */
  scheme: string;
  /** Host without the port. */
  host: string;
  /** Port that the client connected to. */
  port: number;
  /** Decoded path. */
  path: string;
  /** The path as it came. */
  rawPath: string;
  /** The whole URL. */
  url: string;
  /** Address of the client. */
  remoteAddress: string;
  /** True exactly for an upgrade request. */
  webSocket: boolean;
  /** Query parameters, and those of a form. */
  params: Params;
  /** Found in any case; enumerated in Train-Case. */
  headers: Record<string, string>;
  /** A header, whatever its case; null if there is none. */
  getHeader(name: string): string | null;
  /** Cookies by name, values as the client sent them; of a repeated name, the first. */
  cookies: Record<string, string>;
  /** Text, or bytes if the content type is not one of text. */
  body?: string | Uint8Array;
  /** Content type of the body. */
  contentType?: string;
  /** The part of the path that names the service. */
  contextPath: string;
  /** Always `live`. */
  mode: "live";
}

/** A cookie with its attributes. */
export interface Cookie {
  /** Its value. */
  value: string;
  /** Path that it is for. */
  path?: string;
  /** Domain that it is for. */
  domain?: string;
  /** Seconds. */
  maxAge?: number;
  /** Hidden from scripts. */
  httpOnly?: boolean;
  /** For `https:` only. */
  secure?: boolean;
  /** `Strict`, `Lax` or `None`. */
  sameSite?: string;
  /** Accepted as in XP, not sent: RFC 6265 knows no comments. */
  comment?: string;
}

/** How a controller accepts an upgrade request. */
export interface WebSocketConfig {
  /** Comes back as `event.data`. */
  data?: Record<string, unknown>;
  /** The first one that the client asked for, in its order, is chosen. */
  subProtocols?: string | string[];
  /** Decides on the `Origin` in place of the server's own rule; `""` if the client sent none. */
  checkOrigin?: (origin: string) => boolean;
}

/** The response that `get` and the other functions return. */
export interface Response {
  /** Default: 200. */
  status?: number;
  /** Text, bytes, or anything else as JSON. */
  body?: unknown;
  /** Default: `text/html` for text, `application/json` for JSON. */
  contentType?: string;
  /** Headers; a list repeats one. */
  headers?: Record<string, string | number | boolean | string[]>;
  /** Cookies to set, by name. */
  cookies?: Record<string, string | Cookie>;
  /** Answers 303 with this `Location`. */
  redirect?: string;
  /** Accepted as in XP; there are no filters. */
  applyFilters?: boolean;
  /** Accepted as in XP; there is no post-processing. */
  postProcess?: boolean;
  /** Accepted as in XP; there are no page contributions. */
  pageContributions?: Record<string, string | string[]>;
  /** Accepts an upgrade request. */
  webSocket?: WebSocketConfig;
}

/** The session that an event belongs to. */
export interface WebSocketSession {
  /** Its id in the grouped-send API. */
  id: string;
  /** Path of the request that opened it. */
  path: string;
  /** Query parameters of the request that opened it. */
  params: Params;
  /** Absent for anonymous sessions. */
  user?: User;
}

/** Properties of all events. */
export interface AbstractWebSocketEvent<Data> {
  /** The session of the event. */
  session: WebSocketSession;
  /** A fresh copy of the `webSocket.data` that `get` returned. */
  data: Data;
}

/** The first event. */
export interface OpenEvent<Data> extends AbstractWebSocketEvent<Data> {
  /** Always `open`. */
  type: "open";
}

/** A message from the client. */
export interface MessageEvent<Data> extends AbstractWebSocketEvent<Data> {
  /** Always `message`. */
  type: "message";
  /**
   * Text; bytes for a binary message. (XP has text only, hence the type: check with `typeof` where clients
   * may send bytes.)
   */
  message: string;
}

/** An error event. */
export interface ErrorEvent<Data> extends AbstractWebSocketEvent<Data> {
  /** Always `error`. */
  type: "error";
  /** The error in words. */
  error: string;
}

/** The last event. */
export interface CloseEvent<Data> extends AbstractWebSocketEvent<Data> {
  /** Always `close`. */
  type: "close";
  /** The close code (RFC 6455, section 7.4). */
  closeReason: number;
}

/** The event that `webSocketEvent` gets. */
export type WebSocketEvent<Data = Record<string, unknown>> =
  | OpenEvent<Data>
  | MessageEvent<Data>
  | ErrorEvent<Data>
  | CloseEvent<Data>;

/** The global `log` of every controller: lines in the server's log. */
export interface Log {
  /** Logs a line for debugging. `%s` takes the next argument; remaining arguments follow. */
  debug(message: unknown, ...args: unknown[]): void;
  /** Logs information. */
  info(message: unknown, ...args: unknown[]): void;
  /** Logs a warning. */
  warning(message: unknown, ...args: unknown[]): void;
  /** The error in words. */
  error(message: unknown, ...args: unknown[]): void;
}

/** The global `app` of every controller: the application that it belongs to. */
export interface App {
  /** Its name in URLs, the server's setting `app`. */
  name: string;
  /** The version of Switchboard. */
  version: string;
  /** The server's setting `config`. */
  config: Record<string, unknown>;
}
