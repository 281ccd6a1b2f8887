/**
 * Drives random bytes at a server for a while, and an honest client beside it: `deno task fuzz [minutes] [seed]`.
 * A failure can be repeated with its seed.
 *
 * @module
 */
import { fuzz } from "../tests/helpers/fuzz.ts";
import { Server } from "../tests/helpers/server.ts";

const minutes = Number(Deno.args[0] ?? 2);
const seed = Number(Deno.args[1] ?? crypto.getRandomValues(new Uint32Array(1))[0]);
if (!(minutes > 0) || !Number.isInteger(seed)) {
  console.error("Usage: deno task fuzz [minutes] [seed]");
  Deno.exit(2);
}
console.log(`Fuzzing for ${minutes} minutes with seed ${seed}`);
await using server = await Server.start({
  "switchboard.json": { limits: { handshakesPerSecPerAddress: 0, sessionsPerAddress: 0 } },
  "services/echo/echo.js": `
    const { send } = require("/lib/websocket");
    exports.get = (req) => req.webSocket ? { webSocket: {} } : { body: "up" };
    exports.webSocketEvent = (e) => { if (e.type === "message") send(e.session.id, e.message); };`,
});
const until = performance.now() + minutes * 60_000;
let shown = 0;
const { rounds, honest } = await fuzz(server, seed, (round) => {
  const left = Math.ceil((until - performance.now()) / 1000);
  if (Deno.stdout.isTerminal() && round - shown >= 50) {
    shown = round;
    Deno.stdout.writeSync(new TextEncoder().encode(`\r${round} rounds, ${left} s left `));
  }
  return left <= 0;
});
const errors = server.log.all.filter((line) => line.includes('"level":"ERROR"'));
const { sessions } = await server.settled();
console.log(`\r${rounds} rounds; the honest client got ${honest} of ${honest} messages, in order`);
console.log(`${errors.length} errors in the log, ${sessions} sessions left`);
for (const line of errors.slice(0, 10)) console.log(line);
if (errors.length > 0 || sessions > 0) Deno.exitCode = 1;
