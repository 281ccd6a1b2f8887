import { link } from "../../../inside/link.ts";
import { messageText } from "../../../base/message_text.ts";

/** A session as message modules see it; the same object for as long as it lives. */
export class MessageSession {
  #isOpen = true;

  /** Made by the endpoint, once a session. */
  constructor(private readonly id: string) {}

  /** Its id. */
  getId(): string {
    return this.id;
  }

  /** Whether it has not closed yet. */
  isOpen(): boolean {
    return this.#isOpen;
  }

  /** Sends a text. To a closed session it is logged, and nothing else. */
  sendText(text: unknown): void {
    const message = messageText(text);
    if (this.#isOpen) link().send(this.id, message);
    else link().log("WARN", `A text for session ${this.id} was dropped: it is closed`);
  }

  /** As {@linkcode sendText}: nothing here waits. */
  sendTextAsync(text: unknown): void {
    this.sendText(text);
  }

  /** Closes it with 1000. */
  close(): void {
    if (this.#isOpen) link().close(this.id, 1000, "");
  }

  /** It has closed; called by the endpoint. */
  ended(): void {
    this.#isOpen = false;
  }
}

/** Open sessions, by id. */
const open = new Map<string, MessageSession>();

/** Adds a session. */
export function openSession(id: string): MessageSession {
  const session = new MessageSession(id);
  open.set(id, session);
  return session;
}

/** Takes a session out. */
export function closeSession(id: string): void {
  open.get(id)?.ended();
  open.delete(id);
}

/** The session of this id, as long as it is open. */
export function sessionOf(id: string): MessageSession | undefined {
  return open.get(id);
}

/** All that are open, in the order in which they came. */
export function openSessions(): MessageSession[] {
  return [...open.values()];
}
