import type { EndpointSource } from "../model/mod.ts";

/** The data that an isolate boots with. */
export interface Boot {
  service: string;
  /** The root that is served, absolute. */
  root: string;
  /** The service's own folder, absolute. */
  dir: string;
  endpoints: EndpointSource[];
  /** The import map of ids that are neither paths nor the runtime's: pairs of id and target, longer ids first. */
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
  /** The memory limit of the isolate, MiB. */
  memoryMb: number;
  /** Environment variables that the service may read; true: all. */
  env: string[] | true;
  /** Whether the service may use functions that reach beyond its isolate, for example start workers. */
  trusted: boolean;
  /** Whether each event is reported as it is handled, and with the beginning of its message; null: none is. */
  trace: { bodies: boolean } | null;
}

/** The data that a cell starts its isolate with. */
export interface CellBoot {
  boot: Boot;
  port: MessagePort;
  answers: MessagePort;
  /** Permissions for loading the runner, which the cell gives back afterwards. */
  loan: Revocation;
}

/** A cell's report that its isolate has ended. */
export interface CellReport {
  code: string;
  message: string;
}

/** Permissions that a cell must give up at once. */
export type Revocation = { name: string; item: string | null }[];

/** An error while an isolate loaded its controllers. */
export interface LoadFailure {
  message: string;
  stack: string;
}

/** A report of an isolate about itself, outside of batches. */
export type Report =
  /** It has started, and waits for `null`: then it loads the controllers. */
  | { is: "up" }
  /** The controllers are loaded, from these files. */
  | { is: "ready"; files: string[] }
  | { is: "unloadable"; failure: LoadFailure }
  /** It was told `"end"`, and has closed its outbound connections. */
  | { is: "done" }
  /** A batch was interrupted because the heap was full; or memory outside of the heap exceeds the limit. */
  | { is: "full"; megabytes: number };
