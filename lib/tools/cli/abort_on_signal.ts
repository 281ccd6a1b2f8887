import type { Shell } from "./shell.ts";

/** This process was told to end by a signal. */
export class ToldToEnd extends Error {
  /** The exit code by which shells know of it. */
  readonly exitCode: number;

  constructor(signal: keyof typeof SIGNALS) {
    super(`Stopped by ${signal}`);
    this.exitCode = 128 + SIGNALS[signal];
  }
}

/** Numbers of the signals that are caught. */
const SIGNALS = { SIGINT: 2, SIGTERM: 15 };

/** Aborts, with {@linkcode ToldToEnd}, when this process is told to end; so it still clears up. */
export function abortOnSignal(abort: AbortController, shell: Shell = Deno): Disposable {
  const names: (keyof typeof SIGNALS)[] = Deno.build.os === "windows"
    ? ["SIGINT"]
    : ["SIGINT", "SIGTERM"];
  const listeners = names.map((name) => [name, () => abort.abort(new ToldToEnd(name))] as const);
  for (const [name, listener] of listeners) shell.addSignalListener(name, listener);
  return {
    [Symbol.dispose]() {
      for (const [name, listener] of listeners) shell.removeSignalListener(name, listener);
    },
  };
}
