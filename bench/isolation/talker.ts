import { BenchError } from "../error.ts";

/** A websocket client that asks one question at a time. */
export class Talker implements Disposable {
  #answered: PromiseWithResolvers<string> | null = null;
  #problem: BenchError | null = null;

  private constructor(private readonly socket: WebSocket) {
    socket.onmessage = ({ data }) => this.#answered?.resolve(data);
    socket.onclose = ({ code }) => {
      this.#problem = new BenchError(`The client's websocket was closed with ${code}.`);
      this.#answered?.reject(this.#problem);
    };
  }

  /** Connects. */
  static async open(port: number, path: string): Promise<Talker> {
    const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`);
    await new Promise<void>((resolve, reject) => {
      socket.onopen = () => resolve();
      socket.onerror = () => reject(new BenchError(`Cannot connect to ${path}`));
    });
    return new Talker(socket);
  }

  /** Says something that nobody answers. */
  say(text: string): void {
    this.socket.send(text);
  }

  /**
   * Asks; resolves with the answer.
   *
   * @throws {BenchError} If the websocket is closed.
   */
  ask(text: string): Promise<string> {
    if (this.#problem !== null) return Promise.reject(this.#problem);
    this.#answered = Promise.withResolvers();
    this.socket.send(text);
    return this.#answered.promise;
  }

  [Symbol.dispose](): void {
    this.socket.onclose = null;
    this.socket.close();
  }
}
