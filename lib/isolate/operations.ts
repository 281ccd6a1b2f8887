import { closeCodeProblem, type Hub } from "../hub/mod.ts";
import {
  type GroupGrant,
  type NeutralReply,
  Op,
  OP_FIELDS,
  Query,
  type SessionInfo,
} from "../wire/mod.ts";
import { checkedReply } from "./checked_reply.ts";

/** Whose operations they are, and what they are applied to. */
export interface OperationsTarget {
  readonly hub: Hub;
  /** Groups that the service may join; checked here too, for the inside is not to be trusted. */
  readonly joinGrant: GroupGrant;
  /** Groups that it may send to. */
  readonly sendGrant: GroupGrant;
  /** One event of the session is through. */
  handled(handle: number, length: number): void;
  /** The session's `close` event is through. */
  ended(handle: number): void;
  /** The reply to a request; one that comes too late is dropped. */
  replied(id: number, reply: NeutralReply): void;
  /** A line that the controller logs. */
  logged(level: string, text: string): void;
  /** An event that the controller sends to all services. */
  emitted(type: string, data: string, distributed: boolean): void;
  /** Answers a question that the isolate is blocked on. */
  answer(asked: number, value: unknown): void;
}

/**
 * Applies one batch of operations, in order. What an isolate sends is not to be trusted: a field of a wrong
 * type ends the batch.
 *
 * @throws {TypeError} If the batch is not as the wire says; what came before has been applied.
 * @throws {SwitchboardError} `SB_GRANT`, if a group is not granted: the inside should have refused it.
 */
export function applyBatch(target: OperationsTarget, batch: unknown[]): void {
  const { hub } = target;
  for (let at = 0; at < batch.length;) {
    const op = batch[at];
    switch (op) {
      case Op.ACK:
        break;
      case Op.DONE:
        target.handled(number(batch[at + 1]), number(batch[at + 2]));
        break;
      case Op.ENDED:
        target.ended(number(batch[at + 1]));
        break;
      case Op.SEND:
        hub.send(text(batch[at + 1]), payload(batch[at + 2]));
        break;
      case Op.SEND_GROUP:
        target.sendGrant.check(text(batch[at + 1]));
        hub.sendToGroup(text(batch[at + 1]), payload(batch[at + 2]), texts(batch[at + 3]));
        break;
      case Op.JOIN:
        target.joinGrant.check(text(batch[at + 1]));
        hub.join(text(batch[at + 1]), text(batch[at + 2]));
        break;
      case Op.LEAVE:
        hub.leave(text(batch[at + 1]), text(batch[at + 2]));
        break;
      case Op.CLOSE: {
        const code = batch[at + 2];
        const problem = closeCodeProblem(code);
        if (problem !== null) throw new TypeError(problem);
        hub.close(text(batch[at + 1]), code as number, text(batch[at + 3]));
        break;
      }
      case Op.REPLY:
        target.replied(number(batch[at + 1]), checkedReply(batch[at + 2]));
        break;
      case Op.LOG:
        target.logged(text(batch[at + 1]), text(batch[at + 2]));
        break;
      case Op.EMIT:
        target.emitted(text(batch[at + 1]), text(batch[at + 2]), batch[at + 3] === true);
        break;
      case Op.ASK:
        target.answer(number(batch[at + 3]), answerTo(hub, batch[at + 1], text(batch[at + 2])));
        break;
      default:
        throw new TypeError(`Unknown operation ${String(op)}`);
    }
    at += 1 + OP_FIELDS[op as number]!;
  }
}

function answerTo(hub: Hub, query: unknown, argument: string): unknown {
  switch (query) {
    case Query.GROUP_SIZE:
      return hub.groupSize(argument);
    case Query.GROUP_MEMBERS:
      return hub.groupMembers(argument);
    case Query.GROUPS:
      return hub.groupsOf(argument);
    case Query.SESSION:
      return sessionInfo(hub, argument);
    case Query.BARRIER:
      return undefined;
    default:
      throw new TypeError(`Unknown query ${String(query)}`);
  }
}

function sessionInfo(hub: Hub, id: string): SessionInfo | null {
  const session = hub.session(id);
  if (session === undefined) return null;
  return {
    id,
    service: session.owner.name,
    path: session.path,
    params: JSON.parse(session.params),
    data: JSON.parse(session.data),
    ...(session.user && { user: session.user }),
  };
}

function number(value: unknown): number {
  if (typeof value !== "number") throw new TypeError(`Expected a number, got ${typeof value}`);
  return value;
}

function text(value: unknown): string {
  if (typeof value !== "string") throw new TypeError(`Expected a text, got ${typeof value}`);
  return value;
}

function texts(value: unknown): string[] | null {
  if (value !== null && !Array.isArray(value)) {
    throw new TypeError(`Expected a list, got ${typeof value}`);
  }
  return value;
}

function payload(value: unknown): string | Uint8Array<ArrayBuffer> {
  if (typeof value !== "string" && !(value instanceof Uint8Array)) {
    throw new TypeError(`Expected text or bytes, got ${typeof value}`);
  }
  return value as string | Uint8Array<ArrayBuffer>;
}
