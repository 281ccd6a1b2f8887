/**
 * Lets clients come, talk and go for a while, with services that are swapped and started anew, and watches the
 * server's memory: `deno task soak [minutes]`. Writes the curve to `docs/soak.svg`; fails if memory goes on growing.
 *
 * @module
 */
import { Client } from "../tests/helpers/client.ts";
import { Random } from "../tests/helpers/random.ts";
import { Server } from "../tests/helpers/server.ts";
import { curve } from "./soak/curve.ts";

/** Clients at a time. */
const CLIENTS = 300;
/** How much more memory the last third may need than the middle one. */
const MAY_GROW = 1.1;

const minutes = Number(Deno.args[0] ?? 3);
if (!(minutes > 0)) {
  console.error("Usage: deno task soak [minutes]");
  Deno.exit(2);
}

const FILES = {
  "switchboard.json": { limits: { handshakesPerSecPerAddress: 0, sessionsPerAddress: 0 } },
  "services/room/room.js": `
    const ws = require("/lib/websocket");
    exports.get = () => ({ webSocket: {} });
    exports.webSocketEvent = (e) => {
      if (e.type === "open") ws.addToGroup("room " + e.session.params.room, e.session.id);
      if (e.type !== "message") return;
      if (e.message === "end") throw new Error("as it was told");
      ws.send(e.session.id, e.message);
      ws.sendToGroup("room " + e.session.params.room, "news", { except: e.session.id });
    };`,
  "services/spins/spins.js": `
    exports.get = () => ({ webSocket: {} });
    exports.webSocketEvent = (e) => { if (e.type === "message") while (true); };`,
  "services/spins/service.json": { eventTimeoutMs: 300 },
};

await using server = await Server.start(FILES);
const random = new Random(1);
const start = performance.now();
const until = start + minutes * 60_000;
const samples: [seconds: number, megabytes: number][] = [];
let messages = 0;
let sockets = 0;

const talking = Array.from({ length: CLIENTS }, async () => {
  while (performance.now() < until) {
    const room = random.below(20);
    const client = await Client.open(server.ws(`/services/room?room=${room}`));
    sockets++;
    for (let n = random.below(30); n >= 0; n--) {
      const message = "x".repeat(random.below(400));
      client.send(message);
      while (await client.next() !== message);
      messages++;
      await new Promise((resolve) => setTimeout(resolve, random.below(40)));
    }
    await client.close();
  }
});
const disturbing = (async () => {
  while (performance.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, 5_000));
    server.process.kill("SIGHUP");
    const spins = await Client.open(server.ws("/services/spins")).catch(() => null);
    spins?.send("spin");
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    await spins?.close();
  }
})();
const watching = setInterval(() => {
  const seconds = (performance.now() - start) / 1000;
  samples.push([seconds, server.memory() / 2 ** 20]);
  if (Deno.stdout.isTerminal()) {
    const text = `\r${Math.round(seconds)} s, ${
      Math.round(samples.at(-1)![1])
    } MB, ${messages} messages `;
    Deno.stdout.writeSync(new TextEncoder().encode(text));
  }
}, 1000);
await Promise.all([...talking, disturbing]);
clearInterval(watching);
const left = await server.settled();

const third = (from: number) => {
  const part = samples.slice(samples.length * from / 3, samples.length * (from + 1) / 3);
  return part.map(([, megabytes]) => megabytes).sort((a, b) => a - b)[part.length >> 1]!;
};
const [, middle, last] = [third(0), third(1), third(2)];
const growth = last / middle;
const date = new Date().toISOString().slice(0, 10);
const title =
  `${CLIENTS} clients for ${minutes} min: ${sockets} sockets, ${messages} messages, ${date}`;
Deno.writeTextFileSync("docs/soak.svg", curve(title, samples));
console.log(`\r${title}`);
console.log(
  `Memory: ${Math.round(middle)} MB in the middle third, ${Math.round(last)} MB in the last (${
    growth.toFixed(2)
  })`,
);
console.log(
  `Left: ${left.sessions} sessions, ${left.groups} groups. The curve is in docs/soak.svg`,
);
if (growth > MAY_GROW || left.sessions > 0 || left.groups > 0) Deno.exitCode = 1;
