import { receiveMessageOnPort } from "node:worker_threads";
import { SwitchboardError } from "../base/errors.ts";
import type { BusEvent } from "../model/mod.ts";
import { AnswerWord, type Boot, MAX_GROUP_NAME, Op, Query } from "../wire/mod.ts";
import { explain, userStack } from "./explain.ts";
import { GroupGrant } from "../base/group_grant.ts";

/**
 * Microtasks that operations wait for others, unless all handlers of the batch are through: the end of an
 * asynchronous handler goes with its last sends, so that no event whose answer was seen counts as lost.
 */
const HOPS = 8;

type PortLike = Parameters<typeof receiveMessageOnPort>[0];

// Held on to before a controller can put something else in their place.
const { add, load, wait } = Atomics;
const later = queueMicrotask;
const now = performance.now.bind(performance);
const report = reportError;
const handlerOf = Function.prototype.call.bind(
  Object.getOwnPropertyDescriptor(MessagePort.prototype, "onmessage")!.get!,
) as (port: MessagePort) => ((event: MessageEvent) => void) | null;

/** Operations kept back before they go out although the batch has not ended. */
const MAX_OPS = 1024;
/** Payload kept back, in bytes or UTF-16 units. */
const MAX_PAYLOAD = 1 << 20;
/** Batches under way to the host before the isolate waits for it. */
const MAX_UNDERWAY = 16;

/**
 * The inner end of the wire: collects operations and sends them as one batch.
 *
 * Inside a batch from the host they wait for its end; outside of one (timers, async code) for the end of the
 * current microtasks. A controller that issues more than the host takes is blocked, so that the operations under
 * way stay bounded.
 */
export class Link {
  #ops: unknown[] = [];
  #count = 0;
  #payload = 0;
  #transfer: Transferable[] = [];
  #inBatch = false;
  #owesAck: number | null = null;
  #scheduled = false;
  #posted = 0;
  #asked = 0;
  readonly #endings: (() => Promise<void>)[] = [];
  readonly #listeners = new Set<(event: BusEvent) => void>();
  /** The boot data of the isolate, without the memory that it shares with the host. */
  readonly boot: Omit<Boot, "answer">;
  readonly #answer: Int32Array;
  readonly #answers: PortLike;
  readonly #postMessage: (ops: unknown[], transfer: Transferable[]) => void;
  readonly #join: GroupGrant;
  readonly #send: GroupGrant;

  constructor({ answer, ...boot }: Boot, port: MessagePort, answers: MessagePort) {
    this.boot = boot;
    this.#answers = answers as unknown as PortLike;
    this.#postMessage = port.postMessage.bind(port);
    hide(port);
    this.#answer = new Int32Array(answer);
    this.#join = new GroupGrant("join", boot.groups.join);
    this.#send = new GroupGrant("send", boot.groups.send);
  }

  /** Until {@linkcode endBatch}, operations wait. */
  beginBatch(): void {
    this.#inBatch = true;
  }

  /**
   * Sends the operations of the batch with this number, and asks for the next one.
   *
   * @param isBusy Whether a handler of it has returned a promise: its end goes out together with its sends.
   */
  endBatch(number: number, isBusy: boolean): void {
    this.#inBatch = false;
    this.#owesAck = number;
    if (!isBusy) this.#flush();
    else this.#schedule();
  }

  /** A handler is called, see `Op.BEGUN`. */
  begun(handle: number, event: number, amount: number, text: string): void {
    this.#ops.push(Op.BEGUN, handle, event, amount, text);
    this.#added(text.length);
  }

  /** The handler that was called last for this session has ended. */
  took(handle: number, milliseconds: number): void {
    this.#ops.push(Op.TOOK, handle, milliseconds);
    this.#added(0);
  }

  /** One event of the session is through. */
  done(handle: number, length: number): void {
    this.#ops.push(Op.DONE, handle, length);
    this.#added(0);
  }

  /** The session's `close` event is through. */
  ended(handle: number): void {
    this.#ops.push(Op.ENDED, handle);
    this.#added(0);
  }

  /** Bytes are given away: pass a copy. */
  send(id: string, message: string | Uint8Array<ArrayBuffer>): void {
    this.#ops.push(Op.SEND, id, message);
    this.#addedPayload(message);
  }

  /**
   * Bytes are given away: pass a copy.
   *
   * @throws {SwitchboardError} `SB_GRANT`, if the manifest does not let the service send to the group.
   */
  sendToGroup(
    group: string,
    message: string | Uint8Array<ArrayBuffer>,
    except: string[] | null,
  ): void {
    this.#checkGroup(this.#send, group);
    this.#ops.push(Op.SEND_GROUP, group, message, except);
    this.#addedPayload(message);
  }

  /**
   * @throws {SwitchboardError} `SB_GRANT`, if the manifest does not let the service use the group.
   * @throws {RangeError} If the group's name is too long.
   */
  join(group: string, id: string): void {
    if (group.length > MAX_GROUP_NAME) {
      throw new RangeError(
        `A group's name must have at most ${MAX_GROUP_NAME} characters, got ${group.length}`,
      );
    }
    this.#checkGroup(this.#join, group);
    this.#ops.push(Op.JOIN, group, id);
    this.#added(group.length);
  }

  leave(group: string, id: string): void {
    this.#ops.push(Op.LEAVE, group, id);
    this.#added(group.length);
  }

  close(id: string, code: number, reason: string): void {
    this.#ops.push(Op.CLOSE, id, code, reason);
    this.#added(0);
  }

  reply(request: number, reply: unknown): void {
    this.#ops.push(Op.REPLY, request, reply);
    this.#added(0);
  }

  /** @param about The session or request of the line, as in `Op.LOG`. */
  log(level: string, text: string, about = ""): void {
    this.#ops.push(Op.LOG, level, text, about);
    this.#added(text.length);
  }

  /** Logs an error of a controller: its place, its text, and the stack frames in the controller's own code. */
  logError(where: string, error: unknown, about = ""): void {
    this.log("ERROR", `${where}${explain(error)}\n${userStack(error)}`.trimEnd(), about);
  }

  /** Tells the host that Deno has denied something. */
  denied(kind: string, target: string): void {
    this.#ops.push(Op.DENIED, kind, target);
    this.#added(target.length);
  }

  emit(type: string, data: string, distributed: boolean): void {
    this.#ops.push(Op.EMIT, type, data, distributed);
    this.#added(data.length);
  }

  /** Calls back when the isolate is about to be stopped in peace. */
  atEnd(ending: () => Promise<void>): void {
    this.#endings.push(ending);
  }

  /** Lets all that asked for it come to an end. */
  async end(): Promise<void> {
    await Promise.allSettled(this.#endings.map((ending) => ending()));
  }

  /** Calls back for each event of the server's bus. */
  listen(listener: (event: BusEvent) => void): void {
    this.#listeners.add(listener);
  }

  /** Hands an event of the bus to this isolate's listeners. */
  dispatch(event: BusEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  /** @throws {SwitchboardError} `SB_GRANT`, if the manifest lets the service neither join nor send. */
  groupSize(group: string): number {
    this.#checkMember(group);
    return this.#ask(Query.GROUP_SIZE, group) as number;
  }

  /** @throws {SwitchboardError} `SB_GRANT`, if the manifest lets the service neither join nor send. */
  groupMembers(group: string): string[] {
    this.#checkMember(group);
    return this.#ask(Query.GROUP_MEMBERS, group) as string[];
  }

  groups(id: string): string[] {
    return this.#ask(Query.GROUPS, id) as string[];
  }

  session(id: string): unknown {
    return this.#ask(Query.SESSION, id);
  }

  #checkGroup(grant: GroupGrant, group: string): void {
    if (!grant.allows(group)) this.denied(`groups.${grant.verb}`, group);
    grant.check(group);
  }

  #checkMember(group: string): void {
    if (!this.#send.allows(group)) this.#checkGroup(this.#join, group);
  }

  #addedPayload(message: string | Uint8Array<ArrayBuffer>): void {
    if (typeof message !== "string") this.#transfer.push(message.buffer);
    this.#added(message.length);
  }

  #added(payload: number): void {
    this.#count++;
    this.#payload += payload;
    if (this.#count >= MAX_OPS || this.#payload >= MAX_PAYLOAD) {
      this.#barrier();
    } else if (!this.#inBatch) {
      this.#schedule();
    }
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#flushLater(HOPS);
  }

  #flushLater(hops: number): void {
    later(() => {
      if (hops > 0) return this.#flushLater(hops - 1);
      this.#scheduled = false;
      if (!this.#inBatch) this.#flush();
    });
  }

  #flush(): void {
    if (this.#ops.length === 0 && this.#owesAck === null) return;
    const underWay = (this.#posted - load(this.#answer, AnswerWord.TAKEN)) | 0;
    if (underWay >= MAX_UNDERWAY) this.#barrier();
    else this.#post();
  }

  #post(): void {
    const ops = this.#ops;
    const transfer = this.#transfer;
    if (this.#owesAck !== null) ops.unshift(Op.ACK, this.#owesAck);
    this.#owesAck = null;
    this.#ops = [];
    this.#count = 0;
    this.#payload = 0;
    if (transfer.length > 0) this.#transfer = [];
    this.#posted = (this.#posted + 1) | 0;
    this.#postMessage(ops, transfer);
  }

  /** Waits until the host has caught up; a host that does not is no reason to fail. */
  #barrier(): void {
    this.#wait(Query.BARRIER, "");
  }

  #ask(query: number, argument: string): unknown {
    if (!this.#wait(query, argument)) {
      throw new SwitchboardError(
        "SB_TIMEOUT",
        `The host did not answer within ${this.boot.answerTimeoutMs} ms`,
      );
    }
    if (query === Query.GROUP_SIZE) return load(this.#answer, AnswerWord.NUMBER);
    // Answers to questions that were given up come first.
    let received;
    while ((received = receiveMessageOnPort(this.#answers))) {
      add(this.#answer, AnswerWord.READ, 1);
      const [asked, value] = received.message as [number, unknown];
      if (asked === this.#asked) return value;
    }
    throw new SwitchboardError("SB_WIRE", "The host's answer is missing");
  }

  /** Blocks until the host has applied all operations so far and answered; false: not in time. */
  #wait(query: number, argument: string): boolean {
    const asked = this.#asked = (this.#asked + 1) | 0;
    this.#ops.push(Op.ASK, query, argument, asked);
    this.#post();
    const deadline = now() + this.boot.answerTimeoutMs;
    while (true) {
      const answered = load(this.#answer, AnswerWord.ASKED);
      if (answered === asked) return true;
      const left = deadline - now();
      if (left <= 0) return false;
      wait(this.#answer, AnswerWord.ASKED, answered, left);
    }
  }
}

/** Keeps the port from being the target of events, which a controller that tampers with them would get to see. */
function hide(port: MessagePort): void {
  Object.defineProperty(port, "dispatchEvent", {
    value: (event: MessageEvent) => {
      try {
        const handler = handlerOf(port);
        handler?.(event);
      } catch (error) {
        report(error);
      }
      return true;
    },
  });
}

let current: Link | null = null;

/** Connects this isolate; called once, by the runner. */
export function connect(link: Link): void {
  if (current) throw new SwitchboardError("SB_WIRE", "This isolate is connected already");
  current = link;
}

/**
 * The link of this isolate.
 *
 * @throws {SwitchboardError} `SB_WIRE`, outside of a service.
 */
export function link(): Link {
  if (!current) {
    throw new SwitchboardError(
      "SB_WIRE",
      "The websocket API works inside a service only: start it with the serve command",
    );
  }
  return current;
}
