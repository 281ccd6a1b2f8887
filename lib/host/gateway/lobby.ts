import type { SharedPath } from "../../model/mod.ts";
import type { Connection, Hub, Session, SessionOwner } from "../hub/mod.ts";
import type { GatewayService } from "./service.ts";
import { admission } from "./admission.ts";
import { originAllowed } from "./origin.ts";
import { isFull, type Quotas } from "./quotas.ts";

/** The parts of a server that a lobby needs. */
export interface LobbyOptions {
  hub: Hub;
  quotas: Quotas;
  services: ReadonlyMap<string, GatewayService>;
}

/** How a client came: the origin of its page, and that of the server as it called it. */
interface Arrival {
  sent: string | null;
  own: string;
}

/**
 * Owns the sessions of a shared path. For each service that a client talks to it opens a session of that
 * service's own on the same socket, so that a service sees only clients that have sent it a message.
 */
export class Lobby implements SessionOwner {
  /** No service can be called so: its folder's name has no slash. */
  readonly name: string;
  memberships = 0;
  /** Sessions with services, by their key. */
  readonly #rooms = new Map<Session, Map<string, Session>>();
  /** Clients that are let wait, and the keys of the services that they are ahead of. */
  readonly #ahead = new Map<Session, Set<string>>();

  constructor(private readonly path: SharedPath, private readonly host: LobbyOptions) {
    this.name = path.path;
  }

  /** Whether as many clients are here as all services together may have: those that say nothing count too. */
  isFull(services: readonly GatewayService[]): boolean {
    const limits = services.map(({ maxSessions }) => maxSessions);
    if (limits.includes(0)) return false;
    const opening = this.host.quotas.opening(this.name);
    return this.#rooms.size + opening >= limits.reduce((sum, limit) => sum + limit, 0);
  }

  opened(session: Session): void {
    this.#rooms.set(session, new Map());
  }

  received(session: Session, message: string | Uint8Array<ArrayBuffer>): void {
    const address = this.path.address(message);
    if ("reply" in address) {
      session.send(address.reply);
      return;
    }
    const room = this.#rooms.get(session)?.get(address.key) ?? this.#enter(session, address.key);
    if (typeof room === "string") session.send(this.path.refusal(room, message));
    else room.receive(message);
  }

  failed(session: Session, error: string): void {
    for (const room of this.#roomsOf(session)) room.owner.failed(room, error);
  }

  closed(session: Session, code: number, reason: string): void {
    const rooms = this.#roomsOf(session);
    this.#rooms.delete(session);
    this.#ahead.delete(session);
    for (const room of rooms) room.ended(code, reason);
    this.host.hub.remove(session);
  }

  forgotten(): boolean {
    return true;
  }

  #roomsOf(session: Session): Session[] {
    return [...this.#rooms.get(session)?.values() ?? []];
  }

  /** Opens a session with a service; else why it may not be. */
  #enter(session: Session, key: string): Session | Parameters<SharedPath["refusal"]>[0] {
    const service = this.host.services.get(key);
    const endpoint = service?.sharedEndpoint ?? null;
    if (service === undefined || endpoint === null) return "UNKNOWN_MODULE";
    const { sent, own } = JSON.parse(session.data) as Arrival;
    if (
      admission(service.allow, session.identity) !== "admitted" ||
      !originAllowed(sent, own, service.origins, null)
    ) {
      return "FORBIDDEN";
    }
    if (!service.isUp || isFull(service, this.host.quotas)) return "UNAVAILABLE";
    const { path, origin, params, identity } = session;
    const room = this.host.hub.open({
      owner: service.owner,
      connection: this.#connectionOf(session, key),
      limits: service.limits,
      endpoint,
      path,
      origin,
      params,
      data: "{}",
      identity,
      memo: "",
    });
    this.#rooms.get(session)?.set(key, room);
    return room;
  }

  #connectionOf(session: Session, key: string): Connection {
    return {
      send: (message) => session.send(message),
      buffered: () => session.buffered,
      close: (code, reason) => session.close(code, reason),
      ...session.canPause && {
        pause: () => this.#pause(session, key),
        resume: () => this.#resume(session, key),
      },
    };
  }

  /** One socket leads to all services: it waits for the slowest. */
  #pause(session: Session, key: string): void {
    const ahead = this.#ahead.get(session) ?? new Set();
    if (ahead.size === 0) session.pause();
    this.#ahead.set(session, ahead.add(key));
  }

  #resume(session: Session, key: string): void {
    const ahead = this.#ahead.get(session);
    if (ahead?.delete(key) !== true || ahead.size > 0) return;
    this.#ahead.delete(session);
    session.resume();
  }
}
