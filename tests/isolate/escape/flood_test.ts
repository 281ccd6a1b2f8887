import { assertEquals } from "@std/assert";
import { Client } from "../../helpers/client.ts";
import { Server } from "../../helpers/server.ts";

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
    "services/flood/service.json": { eventTimeoutMs: 20_000 },
  });
  await using client = await Client.open(server.ws("/services/flood"));

  await t.step("a list of a million to leave out", async () => {
    client.send(`
      ws.addToGroup("all", id);
      const except = Array.from({ length: 1e6 }, (_, n) => "nobody" + n);
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

  await t.step("nothing of it is left", async () => {
    await client.close();
    assertEquals(await server.settled(), { sessions: 0, groups: 0 });
  });
});
