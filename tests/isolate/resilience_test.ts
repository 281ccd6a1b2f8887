import { assert, assertEquals, assertMatch } from "@std/assert";
import { Client } from "../helpers/client.ts";
import { Switchboard } from "../../mod.ts";
import { Board } from "../helpers/board.ts";
import { Raw } from "../helpers/raw.ts";
import { Server } from "../helpers/server.ts";
import { Site } from "../helpers/site.ts";

Deno.test("what one service does harms itself only", async (t) => {
  // It takes as long as a service may take to load: meanwhile the others are tested.
  const slow = Board.start({
    "services/never/never.mjs": "await new Promise(() => {}); export const get = () => ({});",
    "services/fine/fine.js": "exports.get = () => ({ body: 'fine' });",
  });
  await using server = await Board.start({
    "switchboard.json": { limits: { groupsPerSession: 0 } },
    "services/flood/flood.js": `
      const ws = require("/lib/websocket");
      exports.get = () => ({ webSocket: {} });
      exports.webSocketEvent = async ({ type, session: { id }, message }) => {
        if (type !== "message") return;
        if (message === "sync") for (let n = 0; n < 100_000; n++) ws.send("nobody", "x".repeat(100));
        if (message === "async") {
          for (let n = 0; n < 10_000; n++) { ws.send("nobody", "x"); await null; }
        }
        if (message === "groups") {
          for (let n = 0; n < 10_000; n++) ws.addToGroup("g" + n, id);
          for (let n = 0; n < 10_000; n++) ws.removeFromGroup("g" + n, id);
        }
        if (message === "large") ws.send(id, "y".repeat(20_000_000));
        ws.send(id, "done");
      };
    `,
    "services/flood/service.json": { sendBufferBytes: 0 },
    "services/calm/calm.js": `
      const ws = require("/lib/xp/websocket");
      exports.get = () => ({ webSocket: {} });
      exports.webSocketEvent = (e) => e.type === "message" && ws.send(e.session.id, e.message);
    `,
    "services/leaky/leaky.js": `
      const ws = require("/lib/xp/websocket");
      exports.get = () => ({ webSocket: {} });
      const acts = {
        timer: () => setTimeout(() => { throw new Error("from a timer"); }),
        rejection: () => void Promise.reject(new Error("left alone")),
        odd: () => void Promise.reject({ toString() { throw 1; } }),
        microtask: () => queueMicrotask(() => { throw new Error("from a microtask"); }),
      };
      exports.webSocketEvent = (e) => {
        if (e.type !== "message") return;
        acts[e.message]?.();
        ws.send(e.session.id, "ok");
      };
    `,
    "services/news/news.js": `
      const ws = require("/lib/xp/websocket");
      exports.get = () => ({ webSocket: {} });
      exports.webSocketEvent = (e) => {
        if (e.type === "open") ws.addToGroup("all", e.session.id);
        if (e.type === "message") ws.sendToGroup("all", "x".repeat(60_000));
        if (e.type === "close") log.info("closed %s, %s left", e.closeReason, ws.getGroupSize("all") - 1);
      };
    `,
    "services/news/service.json": { sendBufferBytes: 200_000 },
    "services/quits/quits.js": `
      const ways = { close: () => self.close(), deno: () => Deno.exit(3), process: () => process.exit(3) };
      const ws = require("/lib/xp/websocket");
      exports.get = () => ({ webSocket: {} });
      exports.webSocketEvent = (e) => {
        if (e.type === "message") ways[e.message]();
        if (e.type === "error") ws.send(e.session.id, e.error);
      };
    `,
    "services/spins/spins.js": `
      const ws = require("/lib/xp/websocket");
      exports.get = () => ({ body: "up", webSocket: {} });
      exports.webSocketEvent = (e) => {
        if (e.type === "open") ws.addToGroup("all", e.session.id);
        if (e.type === "message" && e.message === "spin") while (true);
        if (e.type === "message") ws.sendToGroup("all", e.message);
        if (e.type === "error") ws.send(e.session.id, e.error);
      };
    `,
    "services/spins/service.json": { eventTimeoutMs: 1000 },
    "services/fine/fine.js": "exports.get = () => ({ body: 'fine', webSocket: {} });",
    "services/early/early.js": `
      import { getGroupSize, sendToGroup } from "/lib/xp/websocket";
      const early = getGroupSize("nobody");
      let later;
      setTimeout(() => { sendToGroup("nobody", "x"); later = getGroupSize("nobody"); });
      export const get = () => ({ body: { early, later } });
    `,
  });
  await t.step(
    "a controller that floods the host is held back, and the others answer",
    async (t) => {
      await using calm = await Client.open(server.ws("/services/calm"));
      for (const how of ["sync", "async", "groups"]) {
        await t.step(how, async () => {
          await using flood = await Client.open(server.ws("/services/flood"));
          flood.send(how);
          for (let round = 0; round < 5; round++) {
            calm.send(`${how} ${round}`);
            assertEquals(await calm.next(), `${how} ${round}`);
          }
          assertEquals(await flood.next(), "done");
        });
      }

      await t.step("a message of 20 MB arrives whole", async () => {
        await using flood = await Client.open(server.ws("/services/flood"));
        flood.send("large");
        assertEquals((await flood.next()).length, 20_000_000);
        assertEquals(await flood.next(), "done");
      });

      await t.step("nothing is left", async () => {
        await calm.close();
        assertEquals(await server.settled(), { sessions: 0, groups: 0 });
        assertEquals(server.log.all, []);
      });
    },
  );

  await t.step(
    "what a controller leaves behind in timers and promises is logged and ends nothing",
    async (t) => {
      await using client = await Client.open(server.ws("/services/leaky"));
      const acts: [string, RegExp][] = [
        ["timer", /Uncaught Error: from a timer\n.*leaky\.js:5/],
        ["rejection", /Unhandled rejection: Error: left alone\n.*leaky\.js:6/],
        ["odd", /Unhandled rejection: /],
        ["microtask", /Uncaught Error: from a microtask/],
      ];
      for (const [act, line] of acts) {
        await t.step(act, async () => {
          client.send(act);
          assertEquals(await client.next(), "ok");
          await server.logged(({ message }) => line.test(message));
          client.send("still here?");
          assertEquals(await client.next(), "ok");
        });
      }
    },
  );

  await t.step(
    "a client that does not read is dropped with 3008 and its groups are left",
    async () => {
      await server.settled();
      using stalled = await Raw.connect(server.port);
      assertMatch(await stalled.handshake("/services/news"), /^HTTP\/1\.1 101 /);
      await using reader = await Client.open(server.ws("/services/news"));
      let isDropped = false;
      const dropped = server.logged(({ message }) => message === "closed 3008, 1 left").then(() =>
        isDropped = true
      );
      for (let sent = 0; !isDropped && sent < 2000; sent++) {
        reader.send("more");
        assertEquals((await reader.next()).length, 60_000);
      }
      await dropped;
      assertEquals(await server.counts(), { sessions: 1, groups: 1 });
    },
  );

  await t.step("a controller cannot end its own worker", async () => {
    await using client = await Client.open(server.ws("/services/quits"));
    for (const way of ["close", "deno", "process"]) {
      client.send(way);
      assertMatch(
        await client.next() as string,
        /^Error: Cannot use (close|Deno\.exit|process\.exit)\(\) in a service/,
      );
    }
  });

  await t.step(
    "a service that stops answering is restarted, with its sockets open",
    async () => {
      await server.settled();
      await using one = await Client.open(server.ws("/services/spins"));
      await using two = await Client.open(server.ws("/services/spins"));
      one.send("both");
      assertEquals([await one.next(), await two.next()], ["both", "both"]);
      one.send("spin");
      assertEquals(await server.text("/services/fine"), "fine");
      one.send("after");
      two.send("too");
      assertEquals(await one.next(), "1 event lost: the service ended while it handled it");
      assertEquals([await one.next(), await one.next()].sort(), ["after", "too"]);
      assertEquals([await two.next(), await two.next()].sort(), ["after", "too"]);
      await server.logged(({ service, message }) =>
        service === "spins" &&
        /has not answered for 1000 ms, lost 1 event of 1 session; it restarts in 100 ms/.test(
          message,
        )
      );
      assertEquals(await server.text("/services/spins"), "up");
      const { services } = await (await server.fetch("/readyz")).json();
      assertEquals(services.spins, { state: "running", restarts: 1, lostEvents: 1 });
      assertEquals(await server.counts(), { sessions: 2, groups: 1 });
    },
  );

  await t.step("a service may use groups while it loads, and in timers", async () => {
    assertEquals(JSON.parse(await server.text("/services/early")), { early: 0, later: 0 });
  });

  await t.step(
    "a service that takes too long to load is given up, and the others run",
    async () => {
      await using server = await slow;
      const line = server.log.all.find((line) => line.includes("did not load within"));
      assert(line, server.log.all.join("\n"));
      assertEquals(await server.text("/services/fine"), "fine");
      const response = await server.fetch("/services/never");
      await response.body?.cancel();
      assertEquals(response.status, 503);
    },
  );
});

Deno.test("a server can be stopped while a service loads", async () => {
  using site = Site.make({
    "services/never/never.mjs": "await new Promise(() => {}); export const get = () => ({});",
  });
  const lines: string[] = [];
  const board = await Switchboard.open({
    root: site.root,
    port: 0,
    log: (_, text) => lines.push(text),
  });
  await board.listen();
  await board.close();
  assertEquals(lines, []);
});

Deno.test("a close handler that never ends does not keep the server from stopping", async () => {
  const server = await Server.start({
    "services/stuck/stuck.js": `
      exports.get = () => ({ webSocket: {} });
      exports.webSocketEvent = (e) => e.type === "close" ? new Promise(() => {}) : undefined;
    `,
    "services/stuck/service.json": { eventTimeoutMs: 1000 },
  });
  try {
    const client = await Client.open(server.ws("/services/stuck"));
    while ((await server.counts()).sessions < 1) await new Promise((done) => setTimeout(done, 5));
    assertEquals((await server.stop()).code, 0);
    assertEquals((await client.untilClosed()).code, 1001);
  } finally {
    await server[Symbol.asyncDispose]();
  }
});
