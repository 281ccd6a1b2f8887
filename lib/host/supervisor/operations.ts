import { closeCodeProblem, MAX_REASON_BYTES } from "../../base/close_code.ts";
import type { Hub } from "../hub/mod.ts";
import { MAX_GROUP_NAME, Op, OP_FIELDS, Query } from "../../wire/mod.ts";
import type { NeutralReply, SessionInfo } from "../../model/mod.ts";
import { checkedReply, isBytes, isListOf, isText } from "./reply_check.ts";

/** The isolate whose operations are applied, and the hub that they change. */
export interface OperationsTarget {
  readonly hub: Hub;
  /** Name of the service. */
  readonly service: string;
  /** Whether the service may join the group; asked here too, for the inside is not to be trusted. */
  mayJoin(group: string): boolean;
  /** Whether it may send to the group. */
  maySend(group: string): boolean;
  /** Whether it may do so with every group: then it may also address sessions of other services. */
  readonly mayUseAllGroups: boolean;
  /** One event of the session is through. */
  handled(handle: number, length: number): void;
  /** The session's `close` event is through. */
  ended(handle: number): void;
  /** The reply to a request; one that comes too late is dropped. */
  replied(id: number, reply: NeutralReply): void;
  /** A line that the controller logs. */
  logged(level: string, text: string, about: string): void;
  /** An event that the controller sends to all services. */
  emitted(type: string, data: string, distributed: boolean): void;
  /** Something that the service must not do. */
  denied(kind: string, target: string): void;
  /** Answers a question that the isolate is blocked on. */
  answer(asked: number, value: unknown): void;
}

/** Longest batch: the link sends no more than about 1,024 operations at a time. */
const MAX_BATCH = 8192;

/**
 * Applies one batch of operations, in order. An isolate is not trusted: what the service must
 * not do is left out and reported, and a field of a wrong type ends the batch.
 *
 * @throws {Error} If the batch is malformed; the operations before the error have been applied.
 */
export function applyBatch(target: OperationsTarget, batch: unknown[]): void {
  if (batch.length > MAX_BATCH) throw new TypeError(`A batch of ${batch.length} is too long`);
  for (let at = 0; at < batch.length;) {
    const op = batch[at] as number;
    const fields = OP_FIELDS[op];
    if (fields === undefined) throw new TypeError(`Unknown operation ${String(op)}`);
    apply(target, op, batch, at);
    at += 1 + fields;
  }
}

function apply(target: OperationsTarget, op: number, batch: unknown[], at: number): void {
  const { hub } = target;
  switch (op) {
    case Op.ACK:
    // These are for the trace.
    case Op.BEGUN:
    case Op.TOOK:
      break;
    case Op.DONE:
      target.handled(number(batch[at + 1]), number(batch[at + 2]));
      break;
    case Op.ENDED:
      target.ended(number(batch[at + 1]));
      break;
    case Op.SEND: {
      const id = text(batch[at + 1]);
      if (mayAddress(target, id)) hub.send(id, payload(batch[at + 2]));
      break;
    }
    case Op.SEND_GROUP: {
      const group = text(batch[at + 1]);
      if (!target.maySend(group)) target.denied("groups.send", group);
      else hub.sendToGroup(group, payload(batch[at + 2]), texts(batch[at + 3]));
      break;
    }
    case Op.JOIN:
      join(target, text(batch[at + 1]), text(batch[at + 2]));
      break;
    case Op.LEAVE: {
      const id = text(batch[at + 2]);
      if (mayAddress(target, id)) hub.leave(text(batch[at + 1]), id);
      break;
    }
    case Op.CLOSE: {
      const id = text(batch[at + 1]);
      const code = batch[at + 2];
      const problem = closeCodeProblem(code);
      if (problem !== null) throw new TypeError(problem);
      if (mayAddress(target, id)) hub.close(id, code as number, reason(batch[at + 3]));
      break;
    }
    case Op.REPLY:
      target.replied(number(batch[at + 1]), checkedReply(batch[at + 2]));
      break;
    case Op.LOG:
      target.logged(text(batch[at + 1]), text(batch[at + 2]), text(batch[at + 3]));
      break;
    case Op.EMIT:
      target.emitted(eventType(batch[at + 1]), json(batch[at + 2]), batch[at + 3] === true);
      break;
    case Op.ASK:
      target.answer(number(batch[at + 3]), answerTo(target, batch[at + 1], text(batch[at + 2])));
      break;
    case Op.DENIED:
      target.denied(text(batch[at + 1]), text(batch[at + 2]));
      break;
  }
}

/** A session belongs to its service; other services reach it only if their groups are not narrowed. */
function mayAddress(target: OperationsTarget, id: string): boolean {
  if (target.mayUseAllGroups) return true;
  const session = target.hub.session(id);
  if (session === undefined || session.owner.name === target.service) return true;
  // Not the id: a reader of the log could use it.
  target.denied("session", `of service ${session.owner.name}`);
  return false;
}

function join(target: OperationsTarget, group: string, id: string): void {
  if (group.length > MAX_GROUP_NAME) throw new TypeError("The name of a group is too long");
  if (!target.mayJoin(group)) target.denied("groups.join", group);
  else if (mayAddress(target, id) && !target.hub.join(group, id)) {
    target.denied("another group", "");
  }
}

function answerTo(target: OperationsTarget, query: unknown, argument: string): unknown {
  const { hub } = target;
  const maySee = () => target.mayJoin(argument) || target.maySend(argument);
  switch (query) {
    case Query.GROUP_SIZE:
      return maySee() ? hub.groupSize(argument) : 0;
    case Query.GROUP_MEMBERS:
      return maySee() ? hub.groupMembers(argument) : [];
    case Query.GROUPS:
      return mayAddress(target, argument) ? hub.groupsOf(argument) : [];
    case Query.SESSION:
      return mayAddress(target, argument) ? sessionInfo(hub, argument) : null;
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
    ...(session.identity && { user: session.identity.user }),
  };
}

function number(value: unknown): number {
  if (typeof value !== "number") throw new TypeError(`Expected a number, got ${typeof value}`);
  return value;
}

function text(value: unknown): string {
  if (typeof value !== "string") throw new TypeError(`Expected text, got ${typeof value}`);
  return value;
}

function texts(value: unknown): string[] | null {
  if (value !== null && !isListOf(value, isText)) throw new TypeError("Expected a list of texts");
  return value as string[] | null;
}

/** Events of services begin with `custom.`; the other events are the server's. */
function eventType(value: unknown): string {
  if (!text(value).startsWith("custom.")) throw new TypeError("The type of an event is wrong");
  return value as string;
}

/** Other services parse it. */
function json(value: unknown): string {
  JSON.parse(text(value));
  return value as string;
}

function reason(value: unknown): string {
  if (new TextEncoder().encode(text(value)).length > MAX_REASON_BYTES) {
    throw new TypeError("The close reason is too long");
  }
  return value as string;
}

function payload(value: unknown): string | Uint8Array<ArrayBuffer> {
  if (typeof value === "string" || isBytes(value)) return value;
  throw new TypeError(`Expected text or bytes, got ${typeof value}`);
}
