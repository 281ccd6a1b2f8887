/**
 * Measures what sockets on several threads would bring: a broadcast to 1,000 with them on the main thread, and on
 * one, two and more workers that share the port.
 *
 * @module
 */
import { fromFileUrl } from "@std/path";
import { table } from "../lib/tools/cli/table.ts";
import { NAMES } from "./cases.ts";
import type { Contestant } from "./contestants.ts";
import { BenchError } from "./error.ts";
import { runLoad } from "./client.ts";
import { Progress } from "./progress.ts";
import { machine } from "./report.ts";
import { Server } from "./server.ts";
import { median } from "./statistics.ts";
import { Tools } from "./tools.ts";

const ROUNDS = 5;
const THREADS = [0, 1, 2];
const MEMBERS = 1000;

const contestants = THREADS.map((threads): Contestant => ({
  id: "ws-deno",
  name: threads === 0 ? "sockets on the main thread" : `sockets on ${threads} of their own`,
  isOurs: false,
  protocol: "plain",
  paths: { echo: "/", group: "/" },
  command: () => [
    Deno.execPath(),
    "run",
    "-A",
    fromFileUrl(import.meta.resolve("./threads/server.ts")),
    `${threads}`,
  ],
}));

try {
  const { signal } = new AbortController();
  using progress = new Progress();
  using tools = await Tools.make(signal, false);
  const runs = contestants.map(() => ({ cpu: [] as number[], rate: [] as number[] }));
  for (let round = 1; round <= ROUNDS; round++) {
    for (const [index, contestant] of contestants.entries()) {
      progress.show(`round ${round} of ${ROUNDS}: ${contestant.name}`);
      await using server = await Server.start(contestant, tools, false);
      const load = {
        mode: "fanout",
        clients: MEMBERS,
        messages: 600,
        warmup: 200,
        size: 64,
        window: 8,
      } as const;
      const target = { port: server.port, pid: server.pid, path: "/", protocol: "plain" };
      const run = await runLoad(tools.load, load, target, signal);
      runs[index]!.cpu.push(run.serverCpu / run.count * 1e6);
      runs[index]!.rate.push(run.count / run.seconds);
    }
  }
  progress[Symbol.dispose]();
  const rows = contestants.map(({ name }, index) => [
    name,
    median(runs[index]!.cpu).toFixed(2),
    Math.round(median(runs[index]!.rate)).toLocaleString("en-US"),
  ]);
  const heads = [NAMES.fanOut(MEMBERS), "server CPU per delivery, µs", "deliveries per second"];
  console.log(`${machine()}\n\n${table(heads, rows, Infinity)}`);
} catch (error) {
  if (!(error instanceof BenchError)) throw error;
  console.error(`error: ${error.message}`);
  Deno.exit(1);
}
