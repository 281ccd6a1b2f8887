import { assert, assertEquals } from "@std/assert";
import { Board } from "../helpers/board.ts";
import { Client } from "../helpers/client.ts";
import { frameOf, Raw } from "../helpers/raw.ts";
import { Server } from "../helpers/server.ts";
import { until } from "../helpers/until.ts";

const TRANSPORTS = ["deno", "ws"] as const;

/** Bursts that a client is sent, and what each of them is: 8 MB a second. */
const BURSTS = 40;
const BURST = 40;
const BURST_MS = 50;

const NEWS = `
  const ws = require("/lib/websocket");
  exports.get = () => ({ webSocket: {} });
  exports.webSocketEvent = (e) => {
    const { id } = e.session;
    if (e.type === "open") ws.addToGroup("all", id);
    if (e.type !== "message") return;
    if (e.message === "end") {
      ws.send(id, "x".repeat(100_000));
      ws.sendToGroup("all", "y".repeat(100_000));
      ws.send(id, "last");
      ws.close(id, 4000, "over");
    }
    if (e.message === "flood") {
      for (let n = 0; n < 20_000; n++) ws.sendToGroup("all", "x".repeat(1000));
      ws.send(id, "flooded");
    }
    if (e.message !== "bursts") return;
    let bursts = 0;
    const timer = setInterval(() => {
      // Where the server is behind for a while, so is this.
      ws.getGroupSize("all");
      for (let n = 0; n < ${BURST}; n++) {
        ws.sendToGroup("all", String(bursts * ${BURST} + n).padEnd(10_000));
      }
      if (++bursts < ${BURSTS}) return;
      clearInterval(timer);
      ws.send(id, "end");
    }, ${BURST_MS});
  };`;

/** Bytes that may wait for a client of `little`. */
const LIMIT = 300_000;

for (const transport of TRANSPORTS) {
  Deno.test(`transport ${transport}: where messages may be dropped`, async (t) => {
    await using server = await Board.start({
      "services/news/news.js": NEWS,
      "services/news/service.json": { slowClient: "drop" },
      "services/little/little.js": NEWS,
      "services/little/service.json": { slowClient: "drop", sendBufferBytes: LIMIT },
    }, { transport });

    await t.step("the close still comes after what was sent", async () => {
      await using client = await Client.open(server.ws("/services/news"));
      client.send("end");
      assertEquals((await client.next()).length, 100_000);
      assertEquals((await client.next()).length, 100_000);
      assertEquals(await client.next(), "last");
      assertEquals(await client.untilClosed(), { code: 4000, reason: "over" });
    });

    await t.step("a client that reads everything loses no message", async () => {
      await using client = await Client.open(server.ws("/services/news"));
      client.send("bursts");
      await client.next((text) => text === "end");
      const numbers = client.received.slice(0, -1).map(Number);
      assertEquals(numbers.length, BURSTS * BURST);
      assert(numbers.every((number, at) => number === at));
    });

    await t.step("a client that never reads has no more queued than allowed", async () => {
      using stuck = await Raw.connect(server.port);
      await stuck.handshake("/services/little");
      await using client = await Client.open(server.ws("/services/little"));
      await stuck.write(frameOf(1, "nothing to hear"));
      client.send("flood");
      let most = 0;
      await until("the flood is over", async () => {
        const isOver = client.received.at(-1) === "flooded";
        const figure = await server.text("/metrics");
        const [, bytes] = /^switchboard_send_buffer_most_bytes (\d+)/m.exec(figure) ?? [];
        assert(bytes !== undefined, figure);
        most = Math.max(most, Number(bytes));
        return isOver;
      });
      // The heads of frames come on top.
      assert(most > 100_000 && most < 1.01 * LIMIT, `${most} bytes waited`);
      assertEquals((await server.counts()).sessions, 2);
    });
  });
}

Deno.test("a client that reads a large message slowly is not closed", async (t) => {
  await using stack = new AsyncDisposableStack();
  const start = async (transport: typeof TRANSPORTS[number]) => {
    const server = stack.use(
      await Board.start({
        "switchboard.json": { pingIntervalSec: 1 },
        "services/news/news.js": `
          exports.get = () => ({ webSocket: {} });
          exports.webSocketEvent = (e) => {
            if (e.type === "message") require("/lib/websocket").send(e.session.id, "x".repeat(20_000_000));
          };`,
        "services/news/service.json": { sendBufferBytes: 0 },
      }, { transport }),
    );
    const enter = async () => {
      const raw = stack.use(await Raw.connect(server.port));
      await raw.handshake("/services/news");
      return raw;
    };
    return { transport, reader: await enter(), other: await enter() };
  };
  const all = await Promise.all(TRANSPORTS.map(start));
  for (const { reader } of all) await reader.write(frameOf(1, "more"));
  // Side by side, because this is mostly waiting.
  await Promise.all(all.map(async ({ other }) => {
    for (let pings = 0; pings < 5;) {
      const { opcode } = (await other.frame())!;
      if (opcode !== 9) continue;
      pings++;
      await other.write(frameOf(10));
    }
  }));
  for (const { transport, reader } of all) {
    await t.step(`transport ${transport}`, async () => {
      let length = 0;
      const bytes = new Uint8Array(1_000_000);
      while (length < 20_000_010) {
        const count = await reader.connection.read(bytes);
        assert(count !== null, `the connection has ended after ${length} bytes`);
        length += count;
      }
    });
  }
});

Deno.test("--transport ws: what waits for many is held once, whatever else each of them is sent", async () => {
  const MIB = 2 ** 20;
  await using server = await Server.start({
    "services/news/news.js": `
      const ws = require("/lib/websocket");
      const ids = [];
      exports.get = () => ({ webSocket: {} });
      exports.webSocketEvent = (e) => {
        if (e.type === "open") {
          ws.addToGroup("all", e.session.id);
          ids.push(e.session.id);
        }
        if (e.type !== "message") return;
        for (const id of ids) ws.send(id, "for " + id);
        ws.sendToGroup("all", "x".repeat(1_000_000));
      };`,
    "services/news/service.json": { sendBufferBytes: 0 },
  }, { args: ["--transport", "ws"] });
  await using members = new AsyncDisposableStack();
  const open = async () => {
    const member = members.use(await Raw.connect(server.port));
    await member.handshake("/services/news");
    return member;
  };
  const first = await open();
  for (let n = 1; n < 80; n++) await open();
  const before = server.memory();
  // The kernel takes some for each of them, and then it waits with us.
  for (let waits = 0; waits < 400 * MIB;) {
    await first.write(frameOf(1, "more"));
    const metrics = await server.text("/metrics");
    waits = Number(/^switchboard_send_buffer_bytes (\d+)/m.exec(metrics)![1]);
  }
  const more = server.memory() - before;
  assert(more < 150 * MIB, `${Math.round(more / MIB)} MiB more`);
});
