import { connectOnly } from "../../../inside/connect_only.ts";
import type { Endpoint, InnerSession, SessionEvent } from "../../../inside/endpoint.ts";
import { explain } from "../../../inside/explain.ts";
import type { Link } from "../../../inside/link.ts";
import type { NeutralReply, NeutralRequest } from "../../../model/mod.ts";
import type { Handler } from "./handler.ts";

/** A `*.websocket` artefact: its handler's four functions, and replies by return value (docs/contracts/dirigible.md, section 2). */
export class HandlerEndpoint implements Endpoint {
  constructor(private readonly handler: Handler, private readonly link: Link) {}

  request(request: NeutralRequest): Promise<NeutralReply> {
    return Promise.resolve(connectOnly(request));
  }

  async event(session: InnerSession, event: SessionEvent): Promise<void> {
    const { id } = session;
    const about = `s${id}`;
    switch (event.type) {
      case "open":
        await this.handler.call({ method: "onopen", message: null, error: null }, about, id);
        break;
      case "message": {
        const { message } = event;
        const reply = await this.handler.call(
          { method: "onmessage", message, error: null },
          about,
          message,
          id,
        );
        this.#reply(id, reply);
        break;
      }
      case "error": {
        const { error } = event;
        await this.handler.call({ method: "onerror", message: null, error }, about, error, id);
        break;
      }
      case "close":
        await this.handler.call(
          { method: "onclose", message: null, error: null },
          about,
          id,
          event.code,
        );
    }
  }

  #reply(id: string, value: unknown): void {
    if (value === undefined || value === null) return;
    try {
      this.link.send(id, textOf(value));
    } catch (error) {
      this.link.log(
        "ERROR",
        `onMessage() of ${this.handler.id} returned what cannot be sent: ${explain(error)}`,
      );
    }
  }
}

function textOf(value: unknown): string {
  if (typeof value !== "object") return String(value);
  const text = JSON.stringify(value);
  if (text === undefined) throw new TypeError("JSON cannot hold it");
  return text;
}
