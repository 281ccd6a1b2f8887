/**
 * The clients of a disturbance, in a process of their own, which takes commands. Each sends one message a
 * second, at a moment of its own; one of them also talks to all others of its service.
 *
 * @module
 */
import { obey } from "./commands.ts";
import type { Heard } from "./disturbance.ts";

/** Time between two messages of a client, ms. */
const EVERY_MS = 1000;
/** Time between two messages to all. */
const SAY_EVERY_MS = 500;
/** How often it is looked whose turn it is, ms. */
const TICK_MS = 10;
/** Websockets that are opened at a time. */
const AT_A_TIME = 50;

/** All clients of one service. */
class Crowd {
  readonly #sockets: WebSocket[] = [];
  /** The pending message of each client, and its time. */
  readonly #pending: Map<string, number>[] = [];
  #heard = empty();
  /** How many have heard each message to all. */
  #said = new Map<string, number>();
  #sent = 0;

  constructor(private readonly url: string) {}

  async open(count: number): Promise<void> {
    while (this.#sockets.length < count) {
      const some = Math.min(AT_A_TIME, count - this.#sockets.length);
      await Promise.all(Array.from({ length: some }, () => this.#connect()));
    }
  }

  #connect(): Promise<void> {
    const socket = new WebSocket(this.url);
    const pending = new Map<string, number>();
    this.#sockets.push(socket);
    this.#pending.push(pending);
    socket.onmessage = ({ data }) => this.#received(pending, data);
    return new Promise((resolve, reject) => {
      socket.onopen = () => resolve();
      socket.onclose = ({ code }) => {
        this.#heard.closed++;
        reject(new Error(`${this.url} closed with ${code}`));
      };
    });
  }

  /** An answer is the controller's version, and what was said. */
  #received(pending: Map<string, number>, answer: string): void {
    const at = answer.indexOf(" ");
    const message = answer.slice(at + 1);
    this.#heard.version = answer.slice(0, at);
    const isToAll = message.startsWith("say ");
    if (isToAll) this.#said.set(message, (this.#said.get(message) ?? 0) + 1);
    const since = pending.get(message);
    if (since === undefined) {
      if (!isToAll) this.#heard.unexpected++;
      return;
    }
    pending.delete(message);
    this.#heard.latencies.push(performance.now() - since);
  }

  send(client: number, message: string): void {
    const socket = this.#sockets[client]!;
    if (socket.readyState !== WebSocket.OPEN) return;
    this.#pending[client]!.set(message, performance.now());
    this.#heard.sent++;
    socket.send(message);
  }

  /** Lets those talk whose turn it is between two moments, ms. */
  talk(from: number, to: number): void {
    const count = this.#sockets.length;
    const step = EVERY_MS / count;
    for (let n = Math.ceil(from / step); n * step < to; n++) {
      this.send(n % count, `ask ${this.#sent++}`);
    }
  }

  sayToAll(): void {
    this.send(0, `say ${this.#sent++}`);
  }

  get outstanding(): number {
    return this.#pending.reduce((sum, { size }) => sum + size, 0);
  }

  /** Answers since the last call; unanswered messages count as lost. */
  finish(): Heard {
    const heard = this.#heard;
    heard.lost = this.outstanding;
    for (const count of this.#said.values()) heard.missedByMembers += this.#sockets.length - count;
    for (const pending of this.#pending) pending.clear();
    this.#heard = empty();
    this.#said = new Map();
    return heard;
  }
}

function empty(): Heard {
  return {
    sent: 0,
    lost: 0,
    unexpected: 0,
    closed: 0,
    missedByMembers: 0,
    version: "",
    latencies: [],
  };
}

const [port, count] = Deno.args;
const url = `ws://127.0.0.1:${port}/services`;
const hit = new Crowd(`${url}/hit`);
const other = new Crowd(`${url}/other`);
let timer: ReturnType<typeof setInterval> | undefined;

await obey({
  async open(): Promise<void> {
    await hit.open(Number(count));
    await other.open(Number(count));
  },
  talk(): void {
    const begun = performance.now();
    let [last, said] = [0, 0];
    timer = setInterval(() => {
      const now = performance.now() - begun;
      hit.talk(last, now);
      other.talk(last, now);
      last = now;
      if (now < said) return;
      hit.sayToAll();
      said += SAY_EVERY_MS;
    }, TICK_MS);
  },
  hush: () => clearInterval(timer),
  /** One client tells the controller that is hit to do something that it does not answer. */
  trigger: (message: string) => hit.send(1, message),
  outstanding: () => ({ hit: hit.outstanding, other: other.outstanding }),
  finish: () => ({ hit: hit.finish(), other: other.finish() }),
});
