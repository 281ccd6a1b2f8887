import { assert, assertEquals, assertMatch } from "@std/assert";
import { Board } from "../helpers/board.ts";
import type { LogLine } from "../helpers/served.ts";
import { Client } from "../helpers/client.ts";
import { frameOf, Raw } from "../helpers/raw.ts";

/** A controller that does as it is told, and says what it gets. */
const ECHO = `
  const ws = require("/lib/websocket");
  exports.get = () => ({ body: "up", webSocket: { data: { color: "blue" } } });
  exports.webSocketEvent = async (e) => {
    const id = e.session.id;
    if (e.type === "open") ws.addToGroup("all", id);
    if (e.type === "error") ws.send(id, "error: " + e.error);
    if (e.type === "close") log.info("closed %s", e.closeReason);
    if (e.type !== "message") return;
    if (e.message === "spin") while (true);
    if (e.message === "wait") { ws.send(id, "begun"); await new Promise(() => {}); }
    if (e.message === "about") return ws.send(id, JSON.stringify([e.data, e.session.params, ws.getGroups(id)]));
    ws.send(id, e.message);
  };
`;

/** What the server says of a service. */
const serviceOf = (server: Board, key: string) =>
  server.board.services.find((service) => service.key === key)!;

Deno.test("a service is restarted", async (t) => {
  await using server = await Board.start({
    "services/echo/echo.js": ECHO,
    "services/held/real.cjs": ECHO,
    "services/held/held.mjs": `
      import { existsSync } from "node:fs";
      import real from "./real.cjs";
      while (existsSync(import.meta.dirname + "/hold")) await new Promise((done) => setTimeout(done, 10));
      export const { get, webSocketEvent } = real;
    `,
    "services/broken/broken.js": ECHO,
    "services/broken/service.json": { eventTimeoutMs: 1000 },
    "services/fine/fine.js": "exports.get = () => ({ body: 'fine', webSocket: {} });",
  });
  await t.step(
    "a service that is restarted keeps its sessions and their data",
    async () => {
      await using client = await Client.open(server.ws("/services/echo?a=1"));
      client.send("hello");
      assertEquals(await client.next(), "hello");
      server.board.restart("echo");
      assertEquals(serviceOf(server, "echo").state, "restarting");
      for (let n = 0; n < 100; n++) client.send(String(n));
      client.send("about");
      for (let n = 0; n < 100; n++) assertEquals(await client.next(), String(n));
      assertEquals(await client.nextJson(), [{ color: "blue" }, { a: "1" }, ["all"]]);
      const { state, restarts, lostEvents } = serviceOf(server, "echo");
      assertEquals({ state, restarts, lostEvents }, {
        state: "running",
        restarts: 1,
        lostEvents: 0,
      });
    },
  );

  await t.step("requests and new sockets wait for a service that starts anew", async () => {
    await server.settled();
    server.board.restart("echo");
    const response = fetch(server.http("/services/echo"));
    await using client = await Client.open(server.ws("/services/echo"));
    assertEquals(await (await response).text(), "up");
    client.send("hello");
    assertEquals(await client.next(), "hello");
  });

  await t.step(
    "of a handler that is cut off, its session gets an error event, and the count is the log's",
    async () => {
      await server.settled();
      const { lostEvents: before } = serviceOf(server, "echo");
      await using one = await Client.open(server.ws("/services/echo"));
      for (const message of ["wait", "behind", "it"]) one.send(message);
      assertEquals(await one.next(), "begun");
      server.board.restart("echo");
      // How many of them the isolate had taken is for the two threads to say.
      const lostEvents = serviceOf(server, "echo").lostEvents - before;
      const events = lostEvents === 1 ? "1 event" : `${lostEvents} events`;
      assert(lostEvents >= 1 && lostEvents <= 3, events);
      assertMatch(await one.next() as string, new RegExp(`^error: ${events} lost: `));
      for (const left of ["behind", "it"].slice(lostEvents - 1)) {
        assertEquals(await one.next(), left);
      }
      one.send("again");
      assertEquals(await one.next(), "again");
      assert(
        server.log.all.some((line) =>
          line.includes(`is being restarted, lost ${events} of 1 session; it`)
        ),
        server.log.all.join("\n"),
      );
    },
  );

  await t.step(
    "a socket that closes during a restart gets its close event",
    async () => {
      await server.settled();
      const before = server.log.all.length;
      const client = await Client.open(server.ws("/services/echo"));
      client.send("hello");
      await client.next();
      server.board.restart("echo");
      await client.close(4001);
      await server.board.settled();
      await using other = await Client.open(server.ws("/services/echo"));
      other.send("after");
      assertEquals(await other.next(), "after");
      const closed = server.log.all.slice(before).filter((line) => line.includes("closed")).map((
        line,
      ) => JSON.parse(line));
      assertEquals(closed.map(({ level, service, message }) => [level, service, message]), [[
        "INFO",
        "echo",
        "closed 4001",
      ]]);
      assertEquals(server.board.stats, { sessions: 1, groups: 1, slow: 0 });
    },
  );

  await t.step(
    "a client that sends more than may be queued during a restart is closed with 1013",
    async () => {
      await using calm = await Client.open(server.ws("/services/held"));
      using loud = await Raw.connect(server.port);
      await loud.handshake("/services/held");
      await loud.write(frameOf(1, "both are open"));
      assertEquals((await loud.frame())?.opcode, 1);
      calm.send("and handled");
      assertEquals(await calm.next(), "and handled");
      server.site.write({ "services/held/hold": "" });
      server.board.restart("held");
      calm.send("waiting");
      for (let n = 0; n < 16_384; n++) await loud.write(frameOf(1, "x"));
      // The answer to a ping says that all before it has come.
      await loud.write(frameOf(9));
      assertEquals((await loud.frame())?.opcode, 10);
      await loud.write(frameOf(1, "too much"));
      const frame = await loud.frame();
      assertEquals([frame?.opcode, ...frame!.payload.subarray(0, 2)], [8, 1013 >> 8, 1013 & 255]);
      Deno.removeSync(`${server.site.root}/services/held/hold`);
      assertEquals(await calm.next(), "waiting");
      assertEquals(serviceOf(server, "held").lostEvents, 0);
    },
  );

  await t.step(
    "a service that does not start any more stays down: 1011 for its sockets, 503 for its URLs",
    async () => {
      assertEquals(await server.settled(), { sessions: 0, groups: 0 });
      await using _fine = await Client.open(server.ws("/services/fine"));
      const client = await Client.open(server.ws("/services/broken"));
      server.site.write({ "services/broken/broken.js": "exports.get = (" });
      client.send("spin");
      assertEquals((await client.untilClosed()).code, 1011);
      const tried = server.log.all.map((line): LogLine => JSON.parse(line))
        .filter(({ service }) => service === "broken").map(({ message }) => message);
      assertMatch(tried[0]!, /has not answered for 1000 ms.*restarts in 100 ms/);
      for (const [index, wait] of [200, 400, 800, 1600].entries()) {
        assertMatch(
          tried[index + 1]!,
          new RegExp(`broken\\.js:1:\\d+[^]*next attempt in ${wait} ms$`),
        );
      }
      assertMatch(tried[5]!, /it has failed too often and stays down$/);
      const response = await server.fetch("/services/broken");
      await response.body?.cancel();
      assertEquals([response.status, response.headers.has("retry-after")], [503, true]);
      const ready = await server.fetch("/readyz");
      assertEquals([ready.status, (await ready.json()).services.broken.state], [503, "failed"]);
      assertEquals(await server.text("/services/fine"), "fine");
      assertEquals(await server.counts(), { sessions: 1, groups: 0 });

      server.site.write({ "services/broken/broken.js": ECHO });
      await server.board.reload("broken");
      assertEquals(await server.text("/services/broken"), "up");
    },
  );

  await t.step("restart() of a service that is not there says so", () => {
    let message = "";
    try {
      server.board.restart("nobody");
    } catch (error) {
      message = (error as Error).message;
    }
    assertEquals(message, 'There is no service "nobody"');
  });
});
