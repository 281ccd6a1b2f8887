import type { Identity, NeutralReply, NeutralRequest } from "../model/mod.ts";

/** A session as the inside of an isolate keeps it. */
export interface InnerSession {
  readonly id: string;
  readonly path: string;
  /** Scheme and host that the client connected to, for absolute URLs. */
  readonly origin: string;
  /** JSON. */
  readonly params: string;
  /** JSON. */
  readonly data: string;
  /** Its user; null: anonymous. */
  readonly identity: Identity | null;
  /** Data that its system stored when it accepted the session. */
  readonly memo: string;
  /** Closes the session; messages that have come already are dropped. */
  refuse(code: number, reason: string): void;
}

/** An event of a session, in the order of docs/contracts/xp.md, section 3. */
export type SessionEvent =
  | { type: "open" }
  | { type: "message"; message: string | Uint8Array }
  | { type: "error"; error: string }
  | { type: "close"; code: number; reason: string };

/**
 * A controller behind its system's calling convention. Neither method throws or rejects: what goes wrong in
 * a controller is the system's business.
 */
export interface Endpoint {
  /** A session that an isolate before this one has opened. */
  adopt?(session: InnerSession): void;
  request(request: NeutralRequest): Promise<NeutralReply>;
  /** Resolves when the next event of the same session may come; nothing returned: at once. */
  event(session: InnerSession, event: SessionEvent): Promise<void> | void;
}

/** Loads user modules, ES and CommonJS alike. */
export interface Loader {
  /** The exports of the module. */
  load(file: string): Promise<Record<string, unknown>>;
  /** `require` as a file would call it. */
  require(id: string, from: string): unknown;
  /** `require` of an id relative to `services/`, extension optional. */
  requireService(id: string): unknown;
  /** A CommonJS module of the service, which runs again at each call. */
  compile(module: string): () => void;
  /** A path relative to a file, as a path below the root that is served. */
  resolvePath(path: string, from: string): string;
}
