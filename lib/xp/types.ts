/**
 * Types of an XP controller: what it gets and what it returns (contract XP, sections 2 and 3).
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
import type { User } from "../wire/mod.ts";

export type { User };

/** One value is a string, repeated ones are an array. */
export type Params = Record<string, string | string[]>;

/** What `get` and its sisters are called with. */
export interface Request {
  /** Upper case. */
  method: string;
  /** `http` or `https`. */
  scheme: string;
  host: string;
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
  /** Any case is answered; enumerated in Train-Case. */
  headers: Record<string, string>;
  /** A header, whatever its case; null if there is none. */
  getHeader(name: string): string | null;
  cookies: Record<string, string>;
  /** Text, or bytes if the content type is not one of text. */
  body?: string | Uint8Array;
  contentType?: string;
  /** The part of the path that names the service. */
  contextPath: string;
  mode: "live";
}

/** A cookie with its attributes. */
export interface Cookie {
  value: string;
  path?: string;
  domain?: string;
  /** Seconds. */
  maxAge?: number;
  httpOnly?: boolean;
  secure?: boolean;
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

/** What `get` and its sisters return. */
export interface Response {
  /** 200 if not given. */
  status?: number;
  /** Text, bytes, or anything else as JSON. */
  body?: unknown;
  /** `text/html` for text, `application/json` for JSON, if not given. */
  contentType?: string;
  headers?: Record<string, string | number | boolean | string[]>;
  cookies?: Record<string, string | Cookie>;
  /** Answers 303 with this `Location`. */
  redirect?: string;
  applyFilters?: boolean;
  postProcess?: boolean;
  pageContributions?: Record<string, string | string[]>;
  /** Accepts an upgrade request. */
  webSocket?: WebSocketConfig;
}

/** The session that an event belongs to. */
export interface WebSocketSession {
  id: string;
  /** Path of the request that opened it. */
  path: string;
  params: Params;
  /** Absent for anonymous sessions. */
  user?: User;
}

/** What all events have. */
export interface AbstractWebSocketEvent<Data> {
  session: WebSocketSession;
  /** What `get` returned as `webSocket.data`, a fresh copy. */
  data: Data;
}

/** The first event. */
export interface OpenEvent<Data> extends AbstractWebSocketEvent<Data> {
  type: "open";
}

/** A message from the client. */
export interface MessageEvent<Data> extends AbstractWebSocketEvent<Data> {
  type: "message";
  /**
   * Text; bytes for a binary message. (XP has text only, hence the type: check with `typeof` where clients
   * may send bytes.)
   */
  message: string;
}

/** Something went wrong. */
export interface ErrorEvent<Data> extends AbstractWebSocketEvent<Data> {
  type: "error";
  error: string;
}

/** The last event. */
export interface CloseEvent<Data> extends AbstractWebSocketEvent<Data> {
  type: "close";
  /** The close code (RFC 6455, section 7.4). */
  closeReason: number;
}

/** What `webSocketEvent` is called with. */
export type WebSocketEvent<Data = Record<string, unknown>> =
  | OpenEvent<Data>
  | MessageEvent<Data>
  | ErrorEvent<Data>
  | CloseEvent<Data>;
