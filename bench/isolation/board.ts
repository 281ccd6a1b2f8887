/**
 * A server that takes commands, in a process of its own. First argument: the root; second: `warm`, to keep
 * isolates booted as `dev` does.
 *
 * @module
 */
import { Switchboard } from "../../mod.ts";
import { clock, obey, print } from "./commands.ts";
import { Bare } from "./workers/bare.ts";

const board = await Switchboard.open({
  root: Deno.args[0],
  keepWarm: Deno.args[1] === "warm",
  port: 0,
  log: (level, text, service) => print({ said: { level, text, service, at: clock() } }),
});
const { port } = await board.listen();

await obey({
  async port(): Promise<number> {
    await board.settled();
    return port;
  },
  /** Starts a service, or exchanges it; returns how long it took, ms. */
  async reload(key: string): Promise<number> {
    const begun = performance.now();
    await board.reload(key);
    return performance.now() - begun;
  },
  restart: (key: string) => board.restart(key),
  /** The control of a disturbance: a bare worker is started in this process, and may spin. */
  async bare(file: string, spinMs: number): Promise<void> {
    const bare = await Bare.start("recipe", file);
    if (spinMs > 0) await bare.spin(spinMs);
    bare.terminate();
  },
});
