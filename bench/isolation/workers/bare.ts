import { dirname, fromFileUrl } from "@std/path";
import { Worker as HeapWorker } from "node:worker_threads";
import type { End, Told } from "./talk.ts";

/**
 * The controls for an isolate: a web worker, a heap worker, and the recipe of an isolate without our
 * runtime, which is the one within the other, with a Web Lock or not.
 */
export type Kind = "worker" | "heap worker" | "recipe" | "recipe without lock";

/** A bare worker: none of our runtime is in it. */
export class Bare {
  readonly #worker: { terminate(): unknown };
  readonly #end: End;
  readonly #counter = new SharedArrayBuffer(4);

  constructor(kind: Kind, file: string) {
    if (kind === "worker") {
      const worker = new Worker(new URL("./plain.ts", import.meta.url), { type: "module" });
      this.#worker = worker;
      this.#end = worker;
      return;
    }
    const { port1, port2 } = new MessageChannel();
    this.#end = port1;
    if (kind === "heap worker") {
      const worker = new HeapWorker(new URL("./inner.ts", import.meta.url));
      const transfer = [port2] as unknown as Parameters<typeof worker.postMessage>[1];
      worker.postMessage({ port: port2, isLocked: true }, transfer);
      this.#worker = worker;
      return;
    }
    const worker = new Worker(new URL("./outer.ts", import.meta.url), {
      type: "module",
      deno: { permissions: { read: [fromFileUrl(new URL(".", import.meta.url)), dirname(file)] } },
    });
    worker.postMessage({ port: port2, isLocked: kind === "recipe" }, [port2]);
    this.#worker = worker;
  }

  /** Starts one, and lets it import a module. */
  static async start(kind: Kind, file: string): Promise<Bare> {
    const bare = new Bare(kind, file);
    await bare.#tell({ load: `file://${file}` });
    return bare;
  }

  /** Asks its module. */
  ask(question: string): Promise<string> {
    return this.#tell({ ask: question });
  }

  /** Lets it spin; resolves when it has done so for a time, ms, or, if that is for ever, when it has begun to. */
  async spin(ms: number | null): Promise<void> {
    const told = this.#tell({ spin: this.#counter, ms });
    if (ms !== null) return void await told;
    while (this.#count === 0) await new Promise((done) => setTimeout(done, 1));
  }

  /**
   * Terminates it while it spins.
   *
   * @returns After how long it stood still, ms; null, if it did not within the time given.
   */
  async terminateSpinning(withinMs: number): Promise<number | null> {
    const start = performance.now();
    this.#worker.terminate();
    const called = performance.now();
    let [count, movedAt] = [this.#count, called];
    while (performance.now() - called < withinMs) {
      await new Promise((done) => setTimeout(done, 1));
      if (this.#count === count) continue;
      [count, movedAt] = [this.#count, performance.now()];
    }
    return performance.now() - movedAt > withinMs / 2 ? movedAt - start : null;
  }

  /** Terminates it. */
  terminate(): void {
    this.#worker.terminate();
  }

  get #count(): number {
    return Atomics.load(new Int32Array(this.#counter), 0);
  }

  #tell(what: Told): Promise<string> {
    const { promise, resolve } = Promise.withResolvers<string>();
    this.#end.onmessage = ({ data }) => resolve(data);
    this.#end.postMessage(what);
    return promise;
  }
}
