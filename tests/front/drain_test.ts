import { assert, assertEquals, assertMatch } from "@std/assert";
import { Board } from "../helpers/board.ts";
import { Client } from "../helpers/client.ts";
import { frameOf, Raw } from "../helpers/raw.ts";
import { Server } from "../helpers/server.ts";
import { until } from "../helpers/until.ts";

const WATCHED = `
  let closed = 0;
  let open;
  const gate = new Promise((resolve) => open = resolve);
  const { send } = require("/lib/xp/websocket");
  exports.get = async ({ webSocket, params }) => {
    if (webSocket) return { webSocket: {} };
    if (params.late) {
      console.log("asked");
      await gate;
      return { body: "late" };
    }
    if (params.open) open();
    return { body: "up" };
  };
  exports.webSocketEvent = async (e) => {
    if (e.type === "message") send(e.session.id, "x".repeat(20_000_000));
    if (e.type !== "close") return;
    if (e.session.params.slow) await new Promise((done) => setTimeout(done, 300));
    if (e.session.params.held) await gate;
    console.log("closed " + e.closeReason + " " + ++closed);
  };`;

function start(drain: unknown, transport = "deno"): Promise<Server> {
  return Server.start({
    "switchboard.json": {
      drain,
      limits: { handshakesPerSecPerAddress: 0, requestTimeoutMs: 60_000 },
    },
    "services/watched/watched.js": WATCHED,
    "services/watched/service.json": { sendBufferBytes: 0, eventTimeoutMs: 60_000 },
  }, { args: ["--transport", transport] });
}

/** When a line was logged, ms. */
const timeOf = (line: string) => Date.parse(JSON.parse(line).time);

Deno.test("SIGTERM: many sockets are closed over a while, and no new client is accepted meanwhile", async (t) => {
  await using server = await start({ spreadSec: 2, deadlineSec: 60 });
  const clients: Client[] = [];
  while (clients.length < 400) {
    const some = Array.from({ length: 50 }, () => Client.open(server.ws("/services/watched")));
    clients.push(...await Promise.all(some));
  }
  // As long as this one is not through, the server goes on.
  const held = await Client.open(server.ws("/services/watched?held=1"));
  const late = server.text("/services/watched?late=1");
  await server.logged(({ message }) => message === "asked");
  const codes = [...clients, held].map(async (client) => {
    const { code, reason } = await client.untilClosed();
    return `${code} ${reason}`;
  });
  server.process.kill("SIGTERM");
  // Some are closed, others mostly not yet: now is the time to try.
  await Promise.race(codes);
  await t.step("no new client is accepted, and requests are answered", async () => {
    const ready = await server.fetch("/readyz");
    assertEquals([ready.status, (await ready.json()).status], [503, "draining"]);
    assertEquals(await server.status("/healthz"), 200);
    using raw = await Raw.connect(server.port);
    const head = await raw.handshake("/services/watched");
    assertMatch(head, /^HTTP\/1\.1 503 [^]*retry-after: 5/i);
    assertEquals(await server.text("/services/watched"), "up");
  });
  await t.step("a request that is under way is answered, over deno", async () => {
    await server.text("/services/watched?open=1");
    assertEquals(await late, "late");
  });
  assertEquals(new Set(await Promise.all(codes)), new Set(["1001 server stopping"]));
  assertEquals((await server.process.status).code, 0);
  await server.log.end();
  await t.step("each of them has its close event, and they are closed one after the other", () => {
    const lines = server.log.all.filter((line) => line.includes("closed 1001 "));
    assertEquals(lines.length, 401);
    // 50 at a time, and 50 ms between them: timers may be late, and never early.
    assert(timeOf(lines[399]!) - timeOf(lines[0]!) > 300);
  });
});

Deno.test("SIGTERM: a request that is under way is answered, over ws", async () => {
  await using server = await start({}, "ws");
  const answer = server.text("/services/watched?late=1");
  await server.logged(({ message }) => message === "asked");
  server.process.kill("SIGTERM");
  await until("it drains", async () => await server.status("/readyz") === 503);
  await server.text("/services/watched?open=1");
  assertEquals(await answer, "late");
  assertEquals((await server.process.status).code, 0);
});

Deno.test("SIGTERM: a client that reads nothing and a slow handler do not delay the exit", async (t) => {
  await using server = await start({ spreadSec: 1, deadlineSec: 4 });
  const client = await Client.open(server.ws("/services/watched?slow=1"));
  using stuck = await Raw.connect(server.port);
  await stuck.handshake("/services/watched");
  await stuck.write(frameOf(1, "much"));
  using half = await Raw.connect(server.port);
  await half.write("GET /services/watched HTTP/1.1\r\nHost: x\r\nUpgrade: webs");
  await until("something waits for the client that does not read", async () => {
    return /^switchboard_send_buffer_bytes [1-9]/m.test(await server.text("/metrics"));
  });
  server.process.kill("SIGTERM");
  await t.step(
    "a client that does not read is not waited for, nor is half a handshake",
    async () => {
      assertEquals((await server.process.status).code, 0);
    },
  );
  await t.step("a slow handler is", async () => {
    assertEquals((await client.untilClosed()).code, 1001);
    await server.log.end();
    assert(server.log.all.some((line) => line.includes("closed 1001 2")), server.log.all.join());
  });
});

Deno.test("dead peers: a client that answers neither of two pings is closed with 1006, one that answers stays", async () => {
  await using server = await Board.start({
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
