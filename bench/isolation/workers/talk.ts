/** The message to a bare worker. */
export type Told =
  /** Import this module, whose `answer()` is asked later. */
  | { load: string }
  | { ask: string }
  /** Count in this buffer for so long, ms, or for ever. */
  | { spin: SharedArrayBuffer; ms: number | null };

/** The two ends of a talk look alike, whatever they are ends of. */
export interface End {
  onmessage: ((event: MessageEvent) => void) | null;
  postMessage(message: unknown): void;
}

/** Does what a bare worker is told. */
export function talk(end: End): void {
  let answer: (question: string) => string;
  end.onmessage = async ({ data }: MessageEvent<Told>) => {
    if ("load" in data) {
      ({ answer } = await import(data.load));
      end.postMessage("ready");
    } else if ("ask" in data) {
      end.postMessage(answer(data.ask));
    } else {
      spin(new Int32Array(data.spin), data.ms);
      end.postMessage("spun");
    }
  };
}

function spin(counter: Int32Array, ms: number | null): void {
  const until = performance.now() + (ms ?? Infinity);
  while (performance.now() < until) Atomics.add(counter, 0, 1);
}
