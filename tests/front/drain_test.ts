import { assert, assertEquals, assertMatch } from "@std/assert";
import { Client } from "../helpers/client.ts";
import { frameOf, Raw } from "../helpers/raw.ts";
import { Server } from "../helpers/server.ts";

const WATCHED = `
  let closed = 0;
  const { send } = require("/lib/xp/websocket");
  exports.get = (req) => req.webSocket ? { webSocket: {} } : { body: "up" };
  exports.webSocketEvent = async (e) => {
    if (e.type === "message") send(e.session.id, "x".repeat(20_000_000));
    if (e.type !== "close") return;
    if (e.session.params.slow) await new Promise((done) => setTimeout(done, 300));
    console.log("closed " + e.closeReason + " " + ++closed);
  };`;

function start(drain: unknown): Promise<Server> {
  return Server.start({
    "switchboard.json": { drain, limits: { handshakesPerSecPerAddress: 0 } },
    "services/watched/watched.js": WATCHED,
    "services/watched/service.json": { sendBufferBytes: 0 },
  });
}

Deno.test("SIGTERM: many sockets are closed over a while, and meanwhile nobody new comes in", async () => {
  await using server = await start({ spreadSec: 2, deadlineSec: 20 });
  const clients: Client[] = [];
  for (let n = 0; n < 400; n++) clients.push(await Client.open(server.ws("/services/watched")));
  let closed = 0;
  const codes = clients.map((client) =>
    client.untilClosed().then(({ code, reason }) => (closed++, `${code} ${reason}`))
  );
  server.process.kill("SIGTERM");
  while (closed === 0) await Promise.race(codes);
  // Some are closed, others not yet: now is the time to try.
  const ready = await server.fetch("/readyz");
  assertEquals([ready.status, (await ready.json()).status], [503, "draining"]);
  assertEquals(
    (await server.fetch("/healthz").then(async (r) => (await r.body?.cancel(), r))).status,
    200,
  );
  using raw = await Raw.connect(server.port);
  const head = await raw.handshake("/services/watched");
  assertMatch(head, /^HTTP\/1\.1 503 [^]*retry-after: 5/i);
  assertEquals(await server.text("/services/watched"), "up");
  assert(closed < 400, "all of them were closed at once");
  assertEquals(new Set(await Promise.all(codes)), new Set(["1001 server stopping"]));
  assertEquals((await server.process.status).code, 0);
  await server.log.end();
  // Each of them had its close event.
  const lines = server.log.all.filter((line) => line.includes("closed "));
  assert(
    lines.some((line) => line.includes("closed 1001 400")),
    `${lines.length}: ${lines.at(-1)}`,
  );
});

Deno.test("SIGTERM: who takes nothing and who handles slowly do not hold up the exit", async (t) => {
  await t.step("a slow handler is waited for", async () => {
    await using server = await start({ spreadSec: 0, deadlineSec: 20 });
    const client = await Client.open(server.ws("/services/watched?slow=1"));
    while ((await server.counts()).sessions === 0);
    server.process.kill("SIGTERM");
    assertEquals((await client.untilClosed()).code, 1001);
    assertEquals((await server.process.status).code, 0);
    await server.log.end();
    assert(server.log.all.some((line) => line.includes("closed 1001 1")));
  });
  await t.step("a client that does not read is not", async () => {
    await using server = await start({ spreadSec: 1, deadlineSec: 2 });
    using stuck = await Raw.connect(server.port);
    await stuck.handshake("/services/watched");
    await stuck.write(frameOf(1, "much"));
    while (!/^switchboard_send_buffer_bytes [1-9]/m.test(await server.text("/metrics")));
    server.process.kill("SIGTERM");
    assertEquals((await server.process.status).code, 0);
  });
  await t.step("half a handshake is not", async () => {
    await using server = await start({ spreadSec: 1, deadlineSec: 2 });
    using half = await Raw.connect(server.port);
    await half.write("GET /services/watched HTTP/1.1\r\nHost: x\r\nUpgrade: webs");
    server.process.kill("SIGTERM");
    assertEquals((await server.process.status).code, 0);
  });
});

for (const transport of ["deno", "ws"]) {
  Deno.test(`SIGTERM: a request that is under way is answered, over ${transport}`, async () => {
    await using server = await Server.start({
      "services/slow/slow.js": `
        exports.get = () => {
          console.log("asked");
          return new Promise((resolve) => setTimeout(() => resolve({ body: "late" }), 3000));
        };`,
    }, { args: ["--transport", transport] });
    const answer = server.text("/services/slow");
    await server.logged(({ message }) => message === "asked");
    server.process.kill("SIGTERM");
    assertEquals(await answer, "late");
    assertEquals((await server.process.status).code, 0);
  });
}

Deno.test("dead peers: who does not answer two pings is closed with 1006, who answers stays", async () => {
  await using server = await Server.start({
    "switchboard.json": { pingIntervalSec: 1 },
    "services/watched/watched.js": WATCHED,
  });
  await using alive = await Client.open(server.ws("/services/watched"));
  using dead = await Raw.connect(server.port);
  await dead.handshake("/services/watched");
  // It reads, and says nothing.
  const frames: number[] = [];
  for (let frame = await dead.frame(); frame !== null; frame = await dead.frame()) {
    frames.push(frame.opcode);
  }
  assertEquals(frames[0], 9);
  assertEquals(
    (await server.logged(({ service }) => service === "watched")).message,
    "closed 1006 1",
  );
  assertEquals((await server.counts()).sessions, 1);
  await alive.close();
});
