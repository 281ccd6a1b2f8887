import { connectOnly } from "../../../inside/connect_only.ts";
import type { Endpoint, InnerSession, Loader, SessionEvent } from "../../../inside/endpoint.ts";
import type { Link } from "../../../inside/link.ts";
import type { NeutralReply, NeutralRequest } from "../../../model/mod.ts";
import { BadMessage, readMessage, unknownModule } from "../message.ts";
import { runForMessage } from "./message_context.ts";
import { closeSession, openSession, sessionOf } from "./message_session.ts";

/** Runs the module that a message names, once for each message: its top level is the handler. */
export class MessageEndpoint implements Endpoint {
  /** Compiled once, run often. */
  readonly #modules = new Map<string, () => void>();

  /** @param modules Files, relative to the service, that clients may run. */
  constructor(
    modules: readonly string[],
    loader: Loader,
    private readonly link: Link,
  ) {
    for (const module of modules) this.#modules.set(module, loader.compile(module));
  }

  request(request: NeutralRequest): Promise<NeutralReply> {
    return Promise.resolve(connectOnly(request));
  }

  adopt(session: InnerSession): void {
    openSession(session.id);
  }

  event(session: InnerSession, event: SessionEvent): void {
    if (event.type === "open") openSession(session.id);
    else if (event.type === "close") closeSession(session.id);
    else if (event.type === "message") this.#run(session.id, event.message);
  }

  #run(id: string, text: string | Uint8Array): void {
    try {
      const { module, named, params } = readMessage(text);
      const run = this.#modules.get(module);
      const session = sessionOf(id);
      if (run === undefined || session === undefined) throw unknownModule(named);
      runForMessage({ session, values: new Map(params) }, () => this.#runOne(module, run));
    } catch (error) {
      if (!(error instanceof BadMessage)) throw error;
      this.link.send(id, error.text);
    }
  }

  #runOne(module: string, run: () => void): void {
    try {
      run();
    } catch (error) {
      this.link.logError(`${module}: `, error);
      throw new BadMessage("FAILED", `The module failed; the server's log says why`);
    }
  }
}
