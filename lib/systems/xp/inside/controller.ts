import type { Endpoint, InnerSession, SessionEvent } from "../../../inside/endpoint.ts";
import { explain } from "../../../inside/explain.ts";
import type { Link } from "../../../inside/link.ts";
import type { NeutralReply, NeutralRequest } from "../../../model/mod.ts";
import { queryParams } from "../../../base/query_params.ts";
import { runIn } from "./context.ts";
import { xpRequest } from "./request.ts";
import { neutralReply } from "./response.ts";

type Handler = (argument: unknown) => unknown;

/** Methods that an export may be named after. */
const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/** The controller's way out of anything that it should not have returned. */
const SERVER_ERROR: NeutralReply = {
  status: 500,
  headers: [["content-type", "text/plain; charset=utf-8"]],
  cookies: [],
  body: "Internal Server Error\n",
  accept: null,
};

/** One XP controller: its exports, called as XP calls them (docs/contracts/xp.md, sections 2 and 3). */
export class XpController implements Endpoint {
  readonly #methods = new Map<string, Handler>();
  readonly #webSocketEvent: Handler | null;

  /**
   * @param exports The exports of the controller's module; read once, here.
   * @param link The way to the host.
   */
  constructor(exports: Record<string, unknown>, private readonly link: Link) {
    for (const name of [...METHODS, ...METHODS.map((name) => name.toLowerCase()), "all"]) {
      const handler = exports[name];
      if (typeof handler === "function") this.#methods.set(name, handler as Handler);
    }
    const { webSocketEvent } = exports;
    this.#webSocketEvent = typeof webSocketEvent === "function" ? webSocketEvent as Handler : null;
  }

  async request(request: NeutralRequest): Promise<NeutralReply> {
    try {
      const handler = this.#handlerOf(request.method);
      if (handler === null) return this.#notAllowed();
      const origin = request.upgrade
        ? request.headers.find(([name]) => name === "origin")?.[1] ?? ""
        : null;
      const context = {
        origin: new URL(request.url).origin,
        about: `r${request.id}`,
        identity: request.identity,
      };
      // `checkOrigin` runs in the same context as the handler that returned it.
      return await runIn(context, async () => {
        const value = await handler(xpRequest(request));
        return neutralReply(value, origin, JSON.stringify(queryParams(request.url)));
      });
    } catch (error) {
      this.#log(`${request.method} ${request.path}`, error, `r${request.id}`);
      return SERVER_ERROR;
    }
  }

  event(session: InnerSession, event: SessionEvent): Promise<void> | void {
    const handler = this.#webSocketEvent;
    if (handler === null) return;
    let result: unknown;
    try {
      result = this.#call(handler, session, event);
      if (!isThenable(result)) return;
    } catch (error) {
      return this.#threw(handler, session, event, error);
    }
    return Promise.resolve(result).then(
      () => {},
      (error) => this.#threw(handler, session, event, error),
    );
  }

  #call(handler: Handler, session: InnerSession, event: SessionEvent): unknown {
    const { id, origin, identity } = session;
    return runIn({ origin, about: `s${id}`, identity }, () => handler(xpEvent(session, event)));
  }

  /** A throw in `open` ends the session, one in `message` is told to the controller, others are logged. */
  #threw(
    handler: Handler,
    session: InnerSession,
    event: SessionEvent,
    error: unknown,
  ): Promise<void> | void {
    this.#log(`webSocketEvent "${event.type}"`, error, `s${session.id}`);
    if (event.type !== "open" && event.type !== "message") return;
    const told = this.#tell(handler, session, explain(error));
    if (event.type === "message") return told;
    const refuse = () => session.refuse(1011, "open failed");
    return told === undefined ? refuse() : told.then(refuse);
  }

  #tell(handler: Handler, session: InnerSession, error: string): Promise<void> | void {
    const failed = (error: unknown) => this.#log('webSocketEvent "error"', error, `s${session.id}`);
    try {
      const result = this.#call(handler, session, { type: "error", error });
      if (isThenable(result)) return Promise.resolve(result).then(() => {}, failed);
    } catch (error) {
      failed(error);
    }
  }

  #handlerOf(method: string): Handler | null {
    // RFC 9110, section 9.3.2: HEAD is GET without the body. XP knows no other.
    const names = method === "HEAD"
      ? ["HEAD", "head", "GET", "get"]
      : [method, method.toLowerCase()];
    for (const name of [...names, "all"]) {
      const handler = this.#methods.get(name);
      if (handler !== undefined) return handler;
    }
    return null;
  }

  #notAllowed(): NeutralReply {
    const allowed = METHODS.filter((method) => this.#handlerOf(method) !== null);
    return {
      ...SERVER_ERROR,
      status: 405,
      headers: [["allow", allowed.join(", ")], ["content-type", "text/plain; charset=utf-8"]],
      body: "Method Not Allowed\n",
    };
  }

  #log(where: string, error: unknown, about: string): void {
    this.link.logError(`${where}: `, error, about);
  }
}

/** An event as XP controllers get it; keys without a value are absent. */
function xpEvent(session: InnerSession, event: SessionEvent): Record<string, unknown> {
  const result: Record<string, unknown> = {
    type: event.type,
    session: session.identity === null
      ? { id: session.id, path: session.path, params: fresh(session.params) }
      : {
        id: session.id,
        path: session.path,
        params: fresh(session.params),
        user: { ...session.identity.user },
      },
    data: fresh(session.data),
  };
  if (event.type === "message") result.message = event.message;
  else if (event.type === "close") result.closeReason = event.code;
  else if (event.type === "error") result.error = event.error;
  return result;
}

/** A separate copy for every event, so that a controller's changes do not last. */
function fresh(json: string): unknown {
  return json === "{}" ? {} : JSON.parse(json);
}

function isThenable(value: unknown): boolean {
  return (typeof value === "object" && value !== null || typeof value === "function") &&
    typeof (value as { then?: unknown }).then === "function";
}
