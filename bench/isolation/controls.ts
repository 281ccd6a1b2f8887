/**
 * A process with bare workers in it, which takes commands.
 *
 * @module
 */
import { obey } from "./commands.ts";
import { Bare, type Kind } from "./workers/bare.ts";

const all: Bare[] = [];

async function start(kind: Kind, file: string): Promise<number> {
  const begun = performance.now();
  all.push(await Bare.start(kind, file));
  return performance.now() - begun;
}

await obey({
  start,
  startAll: (kind: Kind, files: string[]) => Promise.all(files.map((file) => start(kind, file))),
  /** Exchanges the last one; returns how long it took to answer with this text, ms. */
  async exchange(kind: Kind, file: string, code: string, expected: string): Promise<number> {
    const begun = performance.now();
    Deno.writeTextFileSync(file, code);
    all.pop()!.terminate();
    await start(kind, file);
    const answer = await all.at(-1)!.ask("?");
    if (answer !== expected) throw new Error(`Expected ${expected}, got ${answer}`);
    return performance.now() - begun;
  },
  spin: () => all.at(-1)!.spin(null),
  terminateSpinning: (withinMs: number) => all.at(-1)!.terminateSpinning(withinMs),
});
