import { assert, assertEquals, assertMatch } from "@std/assert";
import { Board } from "../helpers/board.ts";
import { Server } from "../helpers/server.ts";
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

Deno.test("a service that is told to start anew keeps its sessions, with all that is known of them", async () => {
  await using server = await Board.start({ "services/echo/echo.js": ECHO });
  await using client = await Client.open(server.ws("/services/echo?a=1"));
  client.send("hello");
  assertEquals(await client.next(), "hello");
  server.board.restart("echo");
  assertEquals(server.board.services[0]!.state, "restarting");
  for (let n = 0; n < 100; n++) client.send(String(n));
  client.send("about");
  for (let n = 0; n < 100; n++) assertEquals(await client.next(), String(n));
  assertEquals(await client.nextJson(), [{ color: "blue" }, { a: "1" }, ["all"]]);
  const { state, restarts, lostEvents } = server.board.services[0]!;
  assertEquals({ state, restarts, lostEvents }, { state: "running", restarts: 1, lostEvents: 0 });
});

Deno.test("requests and new sockets wait for a service that starts anew", async () => {
  await using server = await Board.start({ "services/echo/echo.js": ECHO });
  server.board.restart("echo");
  const response = fetch(server.http("/services/echo"));
  await using client = await Client.open(server.ws("/services/echo"));
  assertEquals(await (await response).text(), "up");
  client.send("hello");
  assertEquals(await client.next(), "hello");
});

Deno.test("of a handler that is cut off, its session gets an error event, and the count is the log's", async () => {
  await using server = await Board.start({ "services/echo/echo.js": ECHO });
  await using one = await Client.open(server.ws("/services/echo"));
  for (const message of ["wait", "behind", "it"]) one.send(message);
  assertEquals(await one.next(), "begun");
  server.board.restart("echo");
  // How many of them the isolate had taken is for the two threads to say.
  const { lostEvents } = server.board.services[0]!;
  const events = lostEvents === 1 ? "1 event" : `${lostEvents} events`;
  assert(lostEvents >= 1 && lostEvents <= 3, events);
  assertMatch(await one.next() as string, new RegExp(`^error: ${events} lost: `));
  for (const left of ["behind", "it"].slice(lostEvents - 1)) assertEquals(await one.next(), left);
  one.send("again");
  assertEquals(await one.next(), "again");
  assert(
    server.log.all.some((line) => line.includes(`start anew, lost ${events} of 1 session; it`)),
    server.log.all.join("\n"),
  );
});

Deno.test("a socket that closes while its service starts anew gets its close event", async () => {
  await using server = await Board.start({ "services/echo/echo.js": ECHO });
  const client = await Client.open(server.ws("/services/echo"));
  client.send("hello");
  await client.next();
  server.board.restart("echo");
  await client.close(4001);
  await server.board.settled();
  await using other = await Client.open(server.ws("/services/echo"));
  other.send("after");
  assertEquals(await other.next(), "after");
  const closed = server.log.all.filter((line) => line.includes("closed")).map((line) =>
    JSON.parse(line)
  );
  assertEquals(closed.map(({ level, service, message }) => [level, service, message]), [[
    "INFO",
    "echo",
    "closed 4001",
  ]]);
  assertEquals(server.board.stats, { sessions: 1, groups: 1, slow: 0 });
});

Deno.test("who sends more than may wait for a service that starts anew is closed with 1013", async () => {
  await using server = await Board.start({
    "services/echo/real.cjs": ECHO,
    "services/echo/echo.mjs": `
      import { existsSync } from "node:fs";
      import real from "./real.cjs";
      while (existsSync(import.meta.dirname + "/hold")) await new Promise((done) => setTimeout(done, 10));
      export const { get, webSocketEvent } = real;
    `,
  });
  await using calm = await Client.open(server.ws("/services/echo"));
  using loud = await Raw.connect(server.port);
  await loud.handshake("/services/echo");
  await loud.write(frameOf(1, "both are open"));
  assertEquals((await loud.frame())?.opcode, 1);
  calm.send("and handled");
  assertEquals(await calm.next(), "and handled");
  server.site.write({ "services/echo/hold": "" });
  server.board.restart("echo");
  calm.send("waiting");
  for (let n = 0; n < 16_384; n++) await loud.write(frameOf(1, "x"));
  // The answer to a ping says that all before it has come.
  await loud.write(frameOf(9));
  assertEquals((await loud.frame())?.opcode, 10);
  await loud.write(frameOf(1, "too much"));
  const frame = await loud.frame();
  assertEquals([frame?.opcode, ...frame!.payload.subarray(0, 2)], [8, 1013 >> 8, 1013 & 255]);
  Deno.removeSync(`${server.site.root}/services/echo/hold`);
  assertEquals(await calm.next(), "waiting");
  assertEquals(server.board.services[0]!.lostEvents, 0);
});

Deno.test("a service that does not start any more stays down: 1011 for its sockets, 503 for its URLs", async () => {
  await using server = await Server.start({
    "services/echo/echo.js": ECHO,
    "services/echo/service.json": { eventTimeoutMs: 200 },
    "services/fine/fine.js": "exports.get = () => ({ body: 'fine', webSocket: {} });",
  });
  await using _fine = await Client.open(server.ws("/services/fine"));
  const client = await Client.open(server.ws("/services/echo"));
  server.site.write({ "services/echo/echo.js": "exports.get = (" });
  client.send("spin");
  assertEquals((await client.untilClosed()).code, 1011);
  const tried = server.log.all.map((line) => JSON.parse(line).message as string);
  assertMatch(tried[0]!, /has not answered for 200 ms.*starts anew in 100 ms/);
  for (const [index, wait] of [200, 400, 800, 1600].entries()) {
    assertMatch(tried[index + 1]!, new RegExp(`echo\\.js:1:\\d+[^]*tried again in ${wait} ms$`));
  }
  assertMatch(tried[5]!, /tried often enough, and stays down$/);
  const response = await server.fetch("/services/echo");
  await response.body?.cancel();
  assertEquals([response.status, response.headers.has("retry-after")], [503, true]);
  const ready = await server.fetch("/readyz");
  assertEquals([ready.status, (await ready.json()).services.echo.state], [503, "failed"]);
  assertEquals(await server.text("/services/fine"), "fine");
  assertEquals(await server.counts(), { sessions: 1, groups: 0 });

  server.site.write({ "services/echo/echo.js": ECHO });
  server.process.kill("SIGHUP");
  await server.logged(({ service, message }) =>
    service === "echo" && message.startsWith("Swapped in")
  );
  assertEquals(await server.text("/services/echo"), "up");
});

Deno.test("restart() of a service that is not there says so", async () => {
  await using server = await Board.start({});
  let message = "";
  try {
    server.board.restart("nobody");
  } catch (error) {
    message = (error as Error).message;
  }
  assertEquals(message, 'There is no service "nobody"');
});
