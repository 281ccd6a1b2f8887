/**
 * Types for flows: the contexts and the exports of nodes (docs/contracts/lolo.md, sections 1 and 2).
 *
 * @example
 * ```ts
 * import type { Context, TriggerEvent } from "lib/lolo/types";
 *
 * export function handler(event: TriggerEvent, { route }: Context) {
 *   route({ params: event.params, body: `${event.query.name}: ${event.message}` });
 * }
 * ```
 *
 * @module
 */

/** An event of a trigger. */
export interface TriggerEvent {
  /** The client's address; behind trusted proxies a list, joined by `, `, the client's first. */
  peer: string;
  /** Unique to the connection. */
  sessionId: string;
  /** Always `GET`. */
  method: "GET";
  /** Values of the named parameters of the path. */
  params: Record<string, string>;
  /** The query of the URL; a parameter that is there more than once has a list. */
  query: Record<string, string | string[]>;
  /** The handshake's headers, their names in lower case. */
  headers: Record<string, string>;
  /** Of `message` events: a string for text, bytes for binary. */
  message?: string | Uint8Array;
  /** Of `close` events: the close code. */
  code?: number;
  /** Of `close` events: the close reason. */
  reason?: string;
  /** Properties that nodes have added. */
  [more: string]: unknown;
}

/** The log of a node. */
export type Logger = Record<
  "trace" | "debug" | "info" | "warn" | "error" | "fatal",
  (...values: unknown[]) => void
>;

/** Values that a node keeps as long as its isolate lives. */
export interface State {
  /** The value itself, not a copy; undefined, if there is none. */
  get(key: string): unknown;
  /** Keeps a value. */
  set(key: string, value: unknown): void;
  /** The keys of all values, in the order in which they were first set. */
  keys(): string[];
}

/** The context of a node's event (docs/contracts/lolo.md, section 1). All functions work without their object. */
export interface Context {
  /** `<appId>/<functionName>`. */
  functionId: string;
  /** The node's name. */
  functionName: string;
  /** `<service>/<appName>`. */
  appId: string;
  /** The flow's name. */
  appName: string;
  /** Names of the node's in-ports. */
  inputs: readonly string[];
  /** Names of its out-ports, the default one first. */
  outputs: readonly string[];
  /** Its settings. */
  params: Record<string, unknown>;
  /** Writes to the server's log. */
  log: Logger;
  /** The environment variables that the manifest grants. */
  env: Readonly<Record<string, string>>;
  /** The in-port that this event came through; undefined in `setup`. */
  input: string | undefined;
  /** Values of the node's own. */
  state: State;
  /** Passes an event on, by reference; without an out-port: to the default one. */
  route(event: unknown, output?: string): void;
  /** Calls back when the signal is next emitted for this event; after the time, ms, the callback is dropped. */
  once(signal: string, callback: (...values: unknown[]) => void, timeoutMs?: number): void;
  /** Emits a signal to the callbacks of this event; `response` also goes to the client. */
  emit(signal: string, ...values: unknown[]): void;
  /** In `setup` only: gives all nodes of the flow a function of this name in their contexts. */
  addHelper?(name: string, callback: (...values: unknown[]) => unknown): void;
}

/** A function that gets events. */
export type Handler = (event: unknown, context: Context) => unknown;

/** The implementation of a node: a file's exports, or a library function. */
export interface Functions {
  /** Called once, when the flow starts. */
  setup?: (context: Context) => unknown;
  /** Called with each event that an edge leads here. */
  handler?: Handler;
}
