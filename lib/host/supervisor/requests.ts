import { SwitchboardError } from "../../base/errors.ts";
import type { NeutralReply, NeutralRequest } from "../../model/mod.ts";
import type { Isolate } from "./isolate.ts";

interface Waiting {
  /** The isolate that has it; null: none yet. */
  isolate: Isolate | null;
  resolve(reply: NeutralReply): void;
  reject(error: SwitchboardError): void;
  timer: ReturnType<typeof setTimeout> | undefined;
}

/** Requests that a service has not replied to yet, and which isolate has them. */
export class Requests {
  readonly #waiting = new Map<number, Waiting>();
  #last = 0;
  #fresh: Waiting[] = [];

  constructor(private readonly service: string) {}

  /**
   * Waits for a reply.
   *
   * @param timeoutMs After which the reply rejects with `SB_TIMEOUT`; 0: never.
   * @param onTimeout Called then.
   */
  add(
    { method, path }: NeutralRequest,
    timeoutMs: number,
    onTimeout: () => void,
  ): { id: number; reply: Promise<NeutralReply> } {
    const { promise, resolve, reject } = Promise.withResolvers<NeutralReply>();
    const id = ++this.#last;
    const timer = timeoutMs === 0 ? undefined : setTimeout(() => {
      this.#waiting.delete(id);
      const message =
        `Service "${this.service}" did not answer ${method} ${path} within ${timeoutMs} ms`;
      reject(new SwitchboardError("SB_TIMEOUT", message));
      onTimeout();
    }, timeoutMs);
    const waiting: Waiting = { isolate: null, resolve, reject, timer };
    this.#waiting.set(id, waiting);
    this.#fresh.push(waiting);
    return { id, reply: promise };
  }

  /** Requests without an isolate go to this one. */
  handOver(isolate: Isolate): void {
    if (this.#fresh.length === 0) return;
    for (const waiting of this.#fresh) waiting.isolate = isolate;
    this.#fresh = [];
  }

  /** A reply that is not waited for any more is dropped. */
  replied(id: number, reply: NeutralReply): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    this.#waiting.delete(id);
    clearTimeout(waiting.timer);
    waiting.resolve(reply);
  }

  isWaitingFor(isolate: Isolate): boolean {
    return this.#waiting.values().some((waiting) => waiting.isolate === isolate);
  }

  /**
   * Rejects the requests of an isolate that has ended.
   *
   * @param unbegun Those that it had not begun: they wait for another one.
   * @returns How many were lost.
   */
  lose(isolate: Isolate, unbegun: ReadonlySet<number>): number {
    let lost = 0;
    for (const [id, waiting] of this.#waiting) {
      if (waiting.isolate !== isolate) continue;
      if (unbegun.has(id)) {
        waiting.isolate = null;
        this.#fresh.push(waiting);
        continue;
      }
      lost++;
      this.#reject(id, waiting, "ended while it handled the request");
    }
    return lost;
  }

  /** Rejects all. */
  loseAll(why: string): void {
    for (const [id, waiting] of this.#waiting) this.#reject(id, waiting, why);
    this.#fresh = [];
  }

  gone(why: string): SwitchboardError {
    return new SwitchboardError("SB_ISOLATE_GONE", `Service "${this.service}" ${why}`);
  }

  #reject(id: number, { timer, reject }: Waiting, why: string): void {
    this.#waiting.delete(id);
    clearTimeout(timer);
    reject(this.gone(why));
  }
}
