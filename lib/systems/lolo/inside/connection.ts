import type { InnerSession } from "../../../inside/endpoint.ts";
import type { Link } from "../../../inside/link.ts";
import type { NeutralRequest } from "../../../model/mod.ts";
import type { QueryParams } from "../../../base/query_params.ts";
import { payloadOf } from "./payload.ts";
import type { TriggerEvent } from "./types.ts";

/** Data of a trigger's events, stored when the session is accepted. */
interface Facts extends Pick<TriggerEvent, "peer" | "params" | "headers"> {
  /** Name of the trigger. */
  trigger: string;
}

/** Data that each event of a session needs again. */
export function memoOf(trigger: string, request: NeutralRequest): string {
  const facts: Facts = {
    trigger,
    peer: request.addresses.join(", "),
    params: request.route?.params ?? {},
    headers: Object.fromEntries(request.headers),
  };
  return JSON.stringify(facts);
}

/** A client of a trigger, as the nodes see it. There may be very many: nothing of them is kept twice. */
export class Connection {
  readonly id: string;
  /** Name of the trigger that it came through. */
  readonly trigger: string;
  #isOpen = true;

  constructor(private readonly session: InnerSession, private readonly link: Link) {
    this.id = session.id;
    this.trigger = this.#facts.trigger;
  }

  /** A new event: only later nodes see the changes that a node makes. */
  event(more: Record<string, unknown>): TriggerEvent {
    const { peer, params, headers } = this.#facts;
    const query: QueryParams = JSON.parse(this.session.params);
    return { peer, sessionId: this.id, method: "GET", params, query, headers, ...more };
  }

  get #facts(): Facts {
    return JSON.parse(this.session.memo);
  }

  /**
   * Sends to the client, then closes, as the answer says; silent once closed.
   *
   * @throws {TypeError} If the answer is not an object, or its body has no JSON.
   */
  respond(answer: unknown): void {
    if (answer === undefined || answer === null) return;
    if (typeof answer !== "object") {
      throw new TypeError(`"response" takes { body, end }, got a ${typeof answer}`);
    }
    if (!this.#isOpen) return;
    const { body, end } = answer as { body?: unknown; end?: unknown };
    if (body !== undefined) this.link.send(this.id, payloadOf(body));
    if (!end) return;
    this.#isOpen = false;
    this.link.close(this.id, 1000, "");
  }

  /** It has closed: nothing more goes out. */
  closed(): void {
    this.#isOpen = false;
  }
}
