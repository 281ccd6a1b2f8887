/**
 * The codes of the wire. Both directions carry batches: flat arrays in which every entry starts with a code
 * and is followed by that code's fixed number of fields. Flat, because an object an event would be most of
 * the cost of a small message. A batch to the isolate starts with its number, which is random and which the
 * acknowledgement repeats: what has not been read cannot be acknowledged.
 *
 * @module
 */

import type { Flow } from "./flow.ts";

/** Host to isolate. */
export const Event = {
  /** handle, endpoint, id, path, origin, params (JSON), data (JSON), identity (JSON or ""), memo */
  OPEN: 1,
  /** handle, string or bytes */
  MESSAGE: 2,
  /** handle, text */
  ERROR: 3,
  /** handle, close code, reason */
  CLOSE: 4,
  /** handle: the host gave up on the session's `close` handler */
  FORGET: 5,
  /** request id, {@linkcode NeutralRequest} */
  REQUEST: 6,
  /** type, data (JSON), timestamp, distributed, local origin */
  BUS: 7,
  /** as OPEN: a session that another isolate has opened; the controller is not told */
  ADOPT: 8,
} as const;

/** Fields after the code, by code. */
export const EVENT_FIELDS: readonly number[] = [0, 9, 2, 2, 3, 1, 2, 5, 9];

/** Isolate to host. */
export const Op = {
  /** number of the batch, first of a batch: that one has been taken, send the next */
  ACK: 1,
  /** handle, length of its message: one event of this session has been handled */
  DONE: 2,
  /** handle: its `close` event has been handled */
  ENDED: 3,
  /** session id, string or bytes */
  SEND: 4,
  /** group, string or bytes, ids to leave out (array or null) */
  SEND_GROUP: 5,
  /** group, session id */
  JOIN: 6,
  /** group, session id */
  LEAVE: 7,
  /** session id, close code, reason */
  CLOSE: 8,
  /** request id, {@linkcode NeutralReply} */
  REPLY: 9,
  /** level, text, what it is about: `s` and a session's id, `r` and a request's, or "" */
  LOG: 10,
  /** type, data (JSON), distributed */
  EMIT: 11,
  /** {@linkcode Query}, argument, number of the question: the isolate is blocked until it is answered */
  ASK: 12,
  /** kind of permission, target: Deno has denied it */
  DENIED: 13,
  /** handle, {@linkcode Event}, bytes or close code, text to show: a handler is called; only if the boot says so */
  BEGUN: 14,
  /** handle, milliseconds: that handler has ended, promises included */
  TOOK: 15,
} as const;

/** Fields after the code, by code. */
export const OP_FIELDS: readonly number[] = [0, 1, 2, 1, 2, 3, 2, 2, 3, 2, 3, 3, 3, 2, 4, 2];

/** Questions that an isolate asks synchronously. */
export const Query = {
  /** group → number of members */
  GROUP_SIZE: 1,
  /** group → session ids */
  GROUP_MEMBERS: 2,
  /** session id → groups */
  GROUPS: 3,
  /** session id → {@linkcode SessionInfo} or null */
  SESSION: 4,
  /** answers when all operations before it have been applied */
  BARRIER: 5,
} as const;

/** Words of the buffer that host and isolate share. */
export const AnswerWord = {
  /** Number of the question that was answered last. */
  ASKED: 0,
  /** Its answer, if that is a number; others come through a port. */
  NUMBER: 1,
  /** Batches that the host has taken. */
  TAKEN: 2,
  /** Where in the batch under way the entry is that was begun last; 0: none was. */
  BEGUN: 3,
  /** Answers that the isolate has taken from the port. */
  READ: 4,
} as const;

/** How many words there are. */
export const ANSWER_WORDS = 5;

/** What an isolate says of itself, outside of batches. */
export type Report =
  /** It has started, and waits for `null`: then it loads the controllers. */
  | { is: "up" }
  /** The controllers are loaded, from these files. */
  | { is: "ready"; files: string[] }
  | { is: "unloadable"; failure: LoadFailure }
  /** It was told `"end"`, and has said goodbye to whom it was connected to. */
  | { is: "done" }
  /** A batch was cut off, for the heap was full; or what lies outside of the heap is too much. */
  | { is: "full"; megabytes: number };

/** A user as controllers see it (contract XP, section 3). */
export interface User {
  /** `user:<idProvider>:<login>`. */
  key: string;
  /** Name for people. */
  displayName: string;
  /** When the user was last changed (ISO 8601). */
  modifiedTime?: string;
  /** Whether the user may no longer log in. */
  disabled: boolean;
  /** Electronic mail address. */
  email?: string;
  /** Name to log in with. */
  login: string;
  /** Who vouches for the user. */
  idProvider: string;
}

/** Who somebody is, and what they may do. */
export interface Identity {
  user: User;
  /** All that the user has, `role:` in front. */
  roles: readonly string[];
  /** When it ends to be known, ms since 1970; null: never. */
  expiresAt: number | null;
}

/** A session as `getSession` describes it. */
export interface SessionInfo {
  /** Its id. */
  id: string;
  /** Name of the service that the session belongs to. */
  service: string;
  /** Path of the request that opened it. */
  path: string;
  /** Query parameters of that request. */
  params: Record<string, string | string[]>;
  /** What it was accepted with. */
  data: Record<string, unknown>;
  /** Absent for anonymous sessions. */
  user?: User;
}

/** A path with parameters that a request was for. */
export interface RouteMatch {
  /** As the service has it, for example `/rooms/:room`. */
  path: string;
  /** Values of its parameters, decoded. */
  params: Record<string, string>;
}

/** A request, free of any system's calling convention. */
export interface NeutralRequest {
  /** What it is called in the log. */
  id: string;
  /** Id of the controller that it is for. */
  endpoint: string;
  /** The path of the controller that led to it; null: the service's own. */
  route: RouteMatch | null;
  method: string;
  /** The whole URL, as the client asked for it. */
  url: string;
  scheme: string;
  host: string;
  port: number;
  /** Decoded path. */
  path: string;
  rawPath: string;
  /** The part of the path that names the service. */
  contextPath: string;
  /** The client's, and after it those of the trusted proxies on the way here, less the last. */
  addresses: [string, ...string[]];
  headers: [string, string][];
  cookies: Record<string, string>;
  body: Uint8Array | null;
  /** Whether the client asks for a websocket. */
  upgrade: boolean;
  /** Who is asking; null: anonymous. */
  identity: Identity | null;
}

/** A cookie to set. */
export interface NeutralCookie {
  name: string;
  value: string;
  path?: string;
  domain?: string;
  /** Seconds. */
  maxAge?: number;
  httpOnly?: boolean;
  secure?: boolean;
  sameSite?: "Strict" | "Lax" | "None";
}

/** What makes an upgrade request a websocket. */
export interface Acceptance {
  /** The session's data, as JSON. */
  data: string;
  /** The session's parameters, as JSON. */
  params: string;
  /** What the system wants to know again at each event; nobody else gets to see it. */
  memo: string;
  /** Sub-protocols that the service speaks. */
  protocols: string[];
  /** The controller's own verdict on the `Origin`; null: it has none. */
  origin: boolean | null;
}

/** A reply, free of any system's calling convention. */
export interface NeutralReply {
  status: number;
  headers: [string, string][];
  cookies: NeutralCookie[];
  body: string | Uint8Array | null;
  accept: Acceptance | null;
}

/** A controller of a service: the system that calls it, and its file. */
export interface EndpointSource {
  /** What it is called among the service's controllers; stays the same when the service is edited. */
  id: string;
  /** Name of the system, for example `xp`. */
  system: string;
  /** Absolute path. */
  file: string;
  /** Paths that lead to it, in place of the service's own, see `RoutePattern`; empty, if only that does. */
  paths: string[];
  /** What its file says, for a system whose file is no code. */
  flow?: Flow;
  /** Modules that its messages may name, for a system whose messages do. */
  modules?: string[];
  /** Whether it takes part in a path of several services, where each message says whom it is for. */
  isShared?: boolean;
}

/** What an isolate needs to know at boot. */
export interface Boot {
  service: string;
  /** The root that is served, absolute. */
  root: string;
  /** The service's own folder, absolute. */
  dir: string;
  endpoints: EndpointSource[];
  /** What ids stand for that are neither paths nor the runtime's: pairs of id and target, longer ids first. */
  imports: [id: string, target: string][];
  app: { name: string; version: string; config: Record<string, unknown> };
  /** Group patterns that the service may use; null: all. */
  groups: { join: string[] | null; send: string[] | null };
  /** How long a synchronous question may take, ms. */
  answerTimeoutMs: number;
  /** How long a peer may take to answer the handshake of an outbound client, ms. */
  dialTimeoutMs: number;
  /** Words as in {@linkcode AnswerWord}. */
  answer: SharedArrayBuffer;
  /** What the isolate may hold in memory, MiB. */
  memoryMb: number;
  /** Environment variables that the service may read; true: all. */
  env: string[] | true;
  /** Whether the service may also do what reaches beyond its isolate, for example start workers. */
  trusted: boolean;
  /** Whether each event is reported as it is handled, and with the beginning of its message; null: none is. */
  trace: { bodies: boolean } | null;
}

/** What a cell gets to start its isolate with. */
export interface CellBoot {
  boot: Boot;
  port: MessagePort;
  answers: MessagePort;
  /** What it may use until the runner is loaded, and then gives back. */
  loan: Revocation;
}

/** What a cell says of its isolate: it has ended. */
export interface CellReport {
  code: string;
  message: string;
}

/** Permissions that a cell shall give up at once. */
export type Revocation = { name: string; item: string | null }[];

/** What went wrong while an isolate loaded its controllers. */
export interface LoadFailure {
  message: string;
  stack: string;
}
