import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { Client } from "../../helpers/client.ts";
import { SharedBoard } from "../../helpers/shared_board.ts";

const SHOW = `
  const { send } = require("/lib/xp/websocket");
  exports.get = (req) => req.webSocket
    ? { webSocket: { data: { context: req.contextPath } } }
    : { body: { context: req.contextPath, path: req.path } };
  exports.webSocketEvent = (e) => e.type === "open" && send(e.session.id, JSON.stringify([e.data.context, e.session.path]));
`;

/** What a request's URL is depends on the transport, and so does what the portal makes of it: both run on both. */
const suite = new SharedBoard({ "switchboard.json": { app: "com.example.app" } });

suite.add("URLs of services", {
  "services/chat/chat.js": SHOW,
  "services/two words/two words.js": SHOW,
  "apis/data/data.js": SHOW,
  "webapp/webapp.js": SHOW,
}, async (server, t) => {
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

suite.add("/lib/xp/portal (contract XP 6)", {
  "services/urls/urls.js": `
    const portal = require("/lib/xp/portal");
    const { send } = require("/lib/xp/websocket");
    const attempt = ([name, params]) => {
      try { return portal[name](params); } catch (error) { return error.name + ": " + error.message; }
    };
    let early;
    try { early = portal.serviceUrl({ service: "x", type: "absolute" }); } catch (error) { early = error.message; }
    exports.post = async (req) => {
      const calls = JSON.parse(req.body);
      await null;
      return { body: calls.map(attempt) };
    };
    exports.get = (req) => req.webSocket ? { webSocket: {} } : { body: { early } };
    exports.webSocketEvent = (e) => e.type === "message" && send(e.session.id, attempt(JSON.parse(e.message)));
  `,
}, async (server, t) => {
  const call = async (...calls: [string, unknown][]): Promise<string[]> =>
    JSON.parse(
      await server.text("/services/urls", { method: "POST", body: JSON.stringify(calls) }),
    );
  const host = `127.0.0.1:${server.port}`;

  const cases: [string, unknown, string][] = [
    ["serviceUrl", { service: "chat" }, "/_/service/com.example.app/chat"],
    ["serviceUrl", { service: "chat", type: "server" }, "/_/service/com.example.app/chat"],
    [
      "serviceUrl",
      { service: "a b", params: { x: 1, y: ["a", "&"], none: null } },
      "/_/service/com.example.app/a%20b?x=1&y=a&y=%26",
    ],
    ["serviceUrl", { service: "c", application: "other" }, "/_/service/other/c"],
    [
      "serviceUrl",
      { service: "c", type: "absolute" },
      `http://${host}/_/service/com.example.app/c`,
    ],
    ["serviceUrl", { service: "c", type: "websocket" }, `ws://${host}/_/service/com.example.app/c`],
    ["apiUrl", { api: "data" }, "/api/com.example.app:data"],
    ["apiUrl", { api: "other:data", path: "a/b c" }, "/api/other:data/a/b%20c"],
    [
      "apiUrl",
      { api: "data", path: ["x/y"], params: { q: 1 } },
      "/api/com.example.app:data/x%2Fy?q=1",
    ],
    ["apiUrl", { api: "data", type: "websocket" }, `ws://${host}/api/com.example.app:data`],
  ];
  for (const [name, params, url] of cases) {
    await t.step(`${name}(${JSON.stringify(params)})`, async () => {
      assertEquals(await call([name, params]), [url]);
    });
  }

  await t.step("the URLs lead where they say", async () => {
    const [url] = await call(["serviceUrl", { service: "urls", type: "websocket" }]);
    await using client = await Client.open(url!);
    client.send(JSON.stringify(["serviceUrl", { service: "urls", type: "websocket" }]));
    assertEquals(await client.next(), url);
  });

  await t.step("wrong arguments are a TypeError", async () => {
    const results = await call(
      ["serviceUrl", {}],
      ["serviceUrl", null],
      ["serviceUrl", { service: "x", type: "ftp" }],
      ["apiUrl", {}],
    );
    for (const result of results) assertMatch(result, /^TypeError: Cannot call (service|api)Url/);
  });

  await t.step("without a request there is no host", async () => {
    assertMatch(
      JSON.parse(await server.text("/services/urls")).early,
      /inside a request or an event/,
    );
  });
});

Deno.test("contract XP 5: URLs", suite.run);
