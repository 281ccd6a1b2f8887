import { assertEquals, assertMatch } from "@std/assert";
import { Client } from "../../helpers/client.ts";
import { Server } from "../../helpers/server.ts";
import { ECHO, RUNS } from "./attempt.ts";

/** Runs the code of a message, and sends what it returns or throws. */
const SCRIPTED = `
  const ws = require("/lib/websocket");
  const AsyncFunction = (async () => {}).constructor;
  exports.get = () => ({ webSocket: {} });
  exports.webSocketEvent = async ({ type, session: { id }, message }) => {
    if (type !== "message") return;
    try { ws.send(id, JSON.stringify(await new AsyncFunction("ws", "id", message)(ws, id) ?? "done")); }
    catch (error) { ws.send(id, JSON.stringify(String(error))); }
  };
`;

async function run(client: Client, code: string): Promise<unknown> {
  client.send(code);
  return await client.nextJson();
}

Deno.test("what a service hands to the host is bounded", async (t) => {
  await using server = await Server.start({
    "switchboard.json": { limits: { groupsPerSession: 16384 } },
    "services/flood/flood.js": SCRIPTED,
    "services/flood/service.json": { eventTimeoutMs: 60_000 },
    "services/large/large.js": RUNS,
    "services/large/service.json": { sendBufferBytes: 0, eventTimeoutMs: 60_000 },
    "services/calm/calm.js": ECHO,
  });
  await using client = await Client.open(server.ws("/services/flood"));

  await t.step("a list of 250,000 to leave out", async () => {
    client.send(`
      ws.addToGroup("all", id);
      const except = Array.from({ length: 250_000 }, (_, n) => "nobody" + n);
      for (let n = 0; n < 3; n++) ws.sendToGroup("all", "x", { except });
    `);
    for (let n = 0; n < 3; n++) assertEquals(await client.next(), "x");
    assertEquals(await client.nextJson(), "done");
  });

  await t.step("a line of the log without end", async () => {
    assertEquals(await run(client, `log.info("z".repeat(1e6))`), "done");
    const { message } = await server.logged(({ message }) => message.startsWith("zzz"));
    assertEquals(message, `${"z".repeat(16_384)} …`);
  });

  await t.step("groups of one session, while another may join", async () => {
    await using twin = await Client.open(server.ws("/services/flood"));
    const many = `for (let n = 0; n < 20_000; n++) ws.addToGroup("g" + n, id);`;
    assertEquals(await run(client, `${many} return ws.getGroups(id).length`), 16_384);
    assertEquals(await run(twin, `ws.addToGroup("mine", id); return ws.getGroups(id)`), ["mine"]);
  });

  await t.step(
    "more than can be held is refused, and what can be held arrives",
    (t) => refusesTooMuch(t, server),
  );

  await t.step("nothing of it is left", async () => {
    await client.close();
    assertEquals(await server.settled(), { sessions: 0, groups: 0 });
  });
});

async function refusesTooMuch(t: Deno.TestContext, server: Server): Promise<void> {
  const told = (code: string) =>
    `// \ntry { ${code} } catch (error) { ws.send(id, error.name + ": " + error.message) }`;
  await using calm = await Client.open(server.ws("/services/calm"));
  await using client = await Client.open(server.ws("/services/large"));
  await t.step("a text of a gigabyte", async () => {
    client.send(told(`ws.send(id, "x".repeat(2 ** 30))`));
    assertMatch(await client.next() as string, /^RangeError: Invalid string length/);
  });
  await t.step("a text of 20 MB arrives", async () => {
    client.send(told(`ws.send(id, "x".repeat(20_000_000))`));
    assertEquals((await client.next()).length, 20_000_000);
  });
  await t.step("the name of a group that is too long", async () => {
    client.send(told(`ws.addToGroup("g".repeat(1025), id)`));
    assertMatch(await client.next() as string, /^RangeError: A group's name .* 1024 .* 1025/);
    client.send(
      told(`ws.addToGroup("g".repeat(1024), id); ws.send(id, String(ws.getGroups(id).length))`),
    );
    assertEquals(await client.next(), "1");
  });
  await t.step("a recursion without end", async () => {
    client.send(told("(function deep() { deep() })()"));
    assertMatch(await client.next() as string, /^RangeError: Maximum call stack/);
  });
  await t.step("a flood of operations, while another service answers", async () => {
    client.send(
      told(`for (let n = 0; n < 200_000; n++) ws.send("nobody", "x"); ws.send(id, "through")`),
    );
    for (let round = 0; round < 5; round++) {
      calm.send(`round ${round}`);
      assertEquals(await calm.next(), `round ${round}`);
    }
    assertEquals(await client.next(), "through");
  });
  await t.step("a hundred thousand groups", async () => {
    client.send(told(`
      for (let n = 0; n < 100_000; n++) ws.addToGroup("group " + n, id);
      ws.send(id, String(ws.getGroups(id).length));`));
    calm.send("meanwhile");
    assertEquals(await calm.next(), "meanwhile");
    assertEquals(await client.next(), "16384");
    await server.logged(({ service, message }) =>
      service === "large" && /^Denied another group/.test(message)
    );
    await using second = await Client.open(server.ws("/services/large"));
    second.send(told(`ws.addToGroup("one more", id); ws.send(id, ws.getGroups(id).join())`));
    assertEquals(await second.next(), "one more");
  });
}
