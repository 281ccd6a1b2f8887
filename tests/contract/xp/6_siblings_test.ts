import { assert, assertEquals, assertMatch } from "@std/assert";
import { Client } from "../../helpers/client.ts";
import { SharedBoard } from "../../helpers/shared_board.ts";

const suite = new SharedBoard();

suite.add("/lib/xp/event", {
  "services/listens/listens.js": `
    const events = require("/lib/xp/event");
    const { addToGroup, sendToGroup } = require("/lib/xp/websocket");
    const hear = (as, options = {}) => events.listener({ ...options,
      callback: (event) => sendToGroup("ears", JSON.stringify({ as, ...event })) });
    hear("exact", { type: "custom.news" });
    hear("star", { type: "custom.n*", localOnly: true });
    hear("other", { type: "node.*" });
    events.listener({ type: "custom.boom", callback: () => { throw new Error("listener threw"); } });
    events.listener({ type: "custom.boom", callback: async () => { throw new Error("listener rejected"); } });
    exports.get = () => ({ webSocket: {} });
    exports.webSocketEvent = (e) => {
      if (e.type !== "open") return;
      addToGroup("ears", e.session.id);
      sendToGroup("ears", '"ready"');
    };
  `,
  "services/sends/sends.js": `
    import { send, listener } from "/lib/xp/event";
    const attempt = (call) => { try { call(); return "ok"; } catch (error) { return error.name + ": " + error.message; } };
    export function post(req) { send(JSON.parse(req.body)); return { status: 204 }; }
    export const get = () => ({ body: [
      attempt(() => send()), attempt(() => send({})), attempt(() => send({ type: "x", data: { n: 5n } })),
      attempt(() => listener()), attempt(() => listener({ type: "x" })), attempt(() => listener({ type: "x", callback: "y" })),
    ] });
  `,
}, async (server, t) => {
  const send = async (event: unknown) => {
    const response = await server.fetch("/services/sends", {
      method: "POST",
      body: JSON.stringify(event),
    });
    assertEquals(response.status, 204);
  };
  await using ears = await Client.open(server.ws("/services/listens"));
  assertEquals(await ears.nextJson(), "ready");

  await t.step("what one service sends, another hears, with custom. in front", async () => {
    await send({ type: "news", data: { n: [1] }, distributed: true });
    for (const as of ["exact", "star"]) {
      const { timestamp, ...event } = await ears.nextJson();
      assertEquals(event, {
        as,
        type: "custom.news",
        distributed: true,
        localOrigin: true,
        data: { n: [1] },
      });
      assert(Math.abs(Date.now() - timestamp) < 60_000);
    }
  });

  await t.step("* at the end of a type stands for any text", async () => {
    await send({ type: "nothing" });
    const event = await ears.nextJson();
    assertEquals([event.as, event.type, event.data], ["star", "custom.nothing", {}]);
  });

  await t.step("an error in a listener is logged and stops no other listener", async () => {
    await send({ type: "boom" });
    await server.logged(({ message }) => /custom\.boom.*listener threw/.test(message));
    await server.logged(({ message }) => /custom\.boom.*listener rejected/.test(message));
    await send({ type: "news" });
    assertEquals((await ears.nextJson()).as, "exact");
    assertEquals((await ears.nextJson()).as, "star");
  });

  await t.step("wrong arguments are a TypeError that names them", async () => {
    const results: string[] = JSON.parse(await server.text("/services/sends"));
    for (
      const [index, part] of ['"type"', '"type"', "BigInt", '"type"', '"callback"', '"callback"']
        .entries()
    ) {
      assertMatch(results[index]!, new RegExp(`^TypeError: .*${part}`));
    }
  });
});

suite.add("/lib/xp/auth", {
  "services/who/who.js": `
    import { getUser, hasRole } from "/lib/xp/auth";
    import { send } from "/lib/xp/websocket";
    const show = () => [getUser(), hasRole("system.admin"), hasRole("role:system.everyone"), hasRole("system.authenticated")];
    let early;
    try { getUser(); } catch (error) { early = error.message; }
    export const get = async (req) => { await null; return req.webSocket ? { webSocket: {} } : { body: [...show(), early] }; };
    export const webSocketEvent = (e) => e.type === "open" && send(e.session.id, JSON.stringify(show()));
  `,
}, async (server, t) => {
  await t.step("without authentication: null, and only the role of every client", async () => {
    const [user, ...rest] = JSON.parse(await server.text("/services/who"));
    assertEquals([user, ...rest.slice(0, 3)], [null, false, true, false]);
    assertMatch(rest[3], /only inside a request or an event/);
  });

  await t.step("in events as in requests", async () => {
    await using client = await Client.open(server.ws("/services/who"));
    assertEquals(await client.nextJson(), [null, false, true, false]);
  });
});

Deno.test("contract XP 6: siblings of lib/xp/websocket", suite.run);
