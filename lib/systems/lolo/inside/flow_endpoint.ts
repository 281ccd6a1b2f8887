import { connectOnly } from "../../../inside/connect_only.ts";
import type { Endpoint, InnerSession, SessionEvent } from "../../../inside/endpoint.ts";
import type { FlowNode, NeutralReply, NeutralRequest } from "../../../model/mod.ts";
import type { Link } from "../../../inside/link.ts";
import { TRIGGER } from "../../../model/flow.ts";
import { Connection, memoOf } from "./connection.ts";
import type { RunningFlow } from "./running_flow.ts";

/** Longest that may be kept of a handshake for its session's events, characters: there may be 10,000 of them. */
const MAX_MEMO = 8192;

const TOO_LARGE =
  `The headers are larger than a flow keeps for its events: ${MAX_MEMO} characters\n`;

/** A flow behind its triggers: each session's events go in at the trigger that it came through. */
export class FlowEndpoint implements Endpoint {
  readonly #triggers: readonly FlowNode[];
  readonly #connections = new WeakMap<InnerSession, Connection>();

  constructor(private readonly flow: RunningFlow, private readonly link: Link) {
    this.#triggers = flow.flow.nodes.filter(({ use }) => use === TRIGGER);
  }

  adopt(session: InnerSession): void {
    this.#connection(session);
  }

  request(request: NeutralRequest): Promise<NeutralReply> {
    const trigger = this.#triggers.find(({ params }) => params.path === request.route?.path);
    const memo = trigger === undefined ? "" : memoOf(trigger.name, request);
    const reply = connectOnly(request, memo);
    if (memo.length <= MAX_MEMO) return Promise.resolve(reply);
    return Promise.resolve({ ...reply, status: 431, body: TOO_LARGE, accept: null });
  }

  event(session: InnerSession, event: SessionEvent): Promise<void> | void {
    const connection = this.#connection(session);
    if (connection === null) return;
    switch (event.type) {
      case "open":
        return this.#send(connection, "req", {});
      case "message":
        return this.#send(connection, "message", { message: event.message });
      case "close": {
        connection.closed();
        return this.#send(connection, "close", { code: event.code, reason: event.reason });
      }
    }
    // Nodes get no event for anything else that happens to a connection; the log has it.
  }

  #send(
    connection: Connection,
    output: string,
    more: Record<string, unknown>,
  ): Promise<void> | void {
    return this.flow.send(connection, output, connection.event(more));
  }

  /** The session's client; null: the trigger that it came through is no more. */
  #connection(session: InnerSession): Connection | null {
    const known = this.#connections.get(session);
    if (known !== undefined) return known;
    const connection = session.memo === "" ? null : new Connection(session, this.link);
    if (connection === null || !this.#triggers.some(({ name }) => name === connection.trigger)) {
      session.refuse(1001, "no longer served");
      return null;
    }
    this.#connections.set(session, connection);
    return connection;
  }
}
