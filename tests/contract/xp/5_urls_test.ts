import { assertEquals, assertStringIncludes } from "@std/assert";
import { Client } from "../../helpers/client.ts";
import { Board } from "../../helpers/board.ts";

const SHOW = `
  const { send } = require("/lib/xp/websocket");
  exports.get = (req) => req.webSocket
    ? { webSocket: { data: { context: req.contextPath } } }
    : { body: { context: req.contextPath, path: req.path } };
  exports.webSocketEvent = (e) => e.type === "open" && send(e.session.id, JSON.stringify([e.data.context, e.session.path]));
`;

Deno.test("contract XP 5: URLs", async (t) => {
  await using server = await Board.start({
    "switchboard.json": { app: "com.example.app" },
    "services/chat/chat.js": SHOW,
    "services/two words/two words.js": SHOW,
    "apis/data/data.js": SHOW,
    "webapp/webapp.js": SHOW,
  });

  const found: [string, string][] = [
    ["/services/chat", "/services/chat"],
    ["/services/chat/", "/services/chat"],
    ["/services/chat/more/of/it", "/services/chat"],
    ["/services/two%20words/x", "/services/two%20words"],
    ["/_/service/com.example.app/chat", "/_/service/com.example.app/chat"],
    ["/_/service/com.example.app/chat/x", "/_/service/com.example.app/chat"],
    ["/any/base/_/service/com.example.app/chat", "/any/base/_/service/com.example.app/chat"],
    ["/api/com.example.app:data", "/api/com.example.app:data"],
    ["/api/com.example.app:data/x/y", "/api/com.example.app:data"],
    ["/site/a/_/com.example.app:data/x", "/site/a/_/com.example.app:data"],
    ["/webapp/com.example.app/", "/webapp/com.example.app"],
    ["/webapp/com.example.app/deep/page", "/webapp/com.example.app"],
  ];
  for (const [path, context] of found) {
    await t.step(`${path}: requests and websockets`, async () => {
      const body = JSON.parse(await server.text(path));
      assertEquals(body, { context, path: decodeURIComponent(path) });
      await using client = await Client.open(server.ws(path));
      assertEquals(await client.nextJson(), [context, decodeURIComponent(path)]);
    });
  }

  const lost: [string, number][] = [
    ["/services", 404],
    ["/services/", 404],
    ["/services/nobody", 404],
    ["/services/constructor", 404],
    ["/services/__proto__", 404],
    ["/services/%63hat%2F..", 404],
    ["/_/service/com.example.app", 404],
    ["/_/service/other.app/chat", 404],
    ["/_/service", 404],
    ["/_/", 404],
    ["/_", 404],
    ["/api/data", 404],
    ["/api/:data", 404],
    ["/api/com.example.app:", 404],
    ["/api/other:data", 404],
    ["/webapp/other/", 404],
    ["/webapp", 404],
    ["/nothing", 404],
    ["/%", 400],
    ["/services/%E0%A4%A", 400],
  ];
  for (const [path, status] of lost) {
    await t.step(`${path}: ${status}`, async () => {
      const response = await server.fetch(path);
      await response.body?.cancel();
      assertEquals(response.status, status);
    });
  }

  await t.step("another application: the error says which one this is", async () => {
    const text = await server.text("/_/service/other.app/chat");
    assertStringIncludes(text, '"other.app"');
    assertStringIncludes(text, '"com.example.app"');
  });
});
