import {
  connectOnly,
  type Endpoint,
  type FlowNode,
  type InnerSession,
  type Link,
  type NeutralReply,
  type NeutralRequest,
  queryParams,
  type SessionEvent,
  TRIGGER,
} from "../wire/mod.ts";
import { Connection, memoOf } from "./connection.ts";
import type { RunningFlow } from "./running_flow.ts";

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
    const memo = trigger === undefined
      ? ""
      : memoOf(trigger.name, request, queryParams(request.url));
    return Promise.resolve(connectOnly(request, memo));
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
    // What happens to a connection beside these three, its nodes are not told: the log says it.
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
