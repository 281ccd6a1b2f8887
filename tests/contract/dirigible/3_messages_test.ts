import { assertEquals, assertMatch } from "@std/assert";
import { Client } from "../../helpers/client.ts";
import { SharedBoard } from "../../helpers/shared_board.ts";

/** Asks a module of a service. */
async function ask(client: Client, module: string, params: unknown = {}) {
  client.send(JSON.stringify({ module, params }));
  return await client.nextJson();
}

/** Runs the code of a parameter, and sends what it returns. */
const SCRIPTED = `
  var context = require("core/context");
  var globals = require("core/globals");
  var websocket = require("net/websocket");
  var value = new Function("context", "globals", "websocket", "require", context.get("code"))(
    context, globals, websocket, require);
  if (value !== "silent") websocket.getSession().sendText(JSON.stringify([value === undefined ? null : value]));
`;

const run = async (client: Client, code: string) =>
  (await ask(client, "/script/run.js", { code }))[0];

/** The chat of Dirigible's documentation, in our words: who is there, and a text from one to another. */
const CHAT = `
  var context = require("core/context");
  var globals = require("core/globals");
  var websocket = require("service/websocket");
  var users = globals.get("users");
  if (users === null) { users = []; globals.set("users", users); }
  var session = websocket.getSession();
  var type = context.get("type");
  if (type === "welcome") {
    users.push({ name: context.get("from"), session: session });
    session.sendText(JSON.stringify({ type: "welcome", name: context.get("from") }));
  } else if (type === "message") {
    users.forEach(function (user) {
      if (user.name === context.get("to")) {
        user.session.sendTextAsync(JSON.stringify({ from: context.get("from"), text: context.get("text") }));
      }
    });
  } else if (type === "list") {
    session.sendText(JSON.stringify(users.map(function (user) { return user.name; })));
  }
`;

/** The modules of all cases are at one path, of services with other limits than in `4_sockets_test.ts`. */
const suite = new SharedBoard();

suite.add("the documented chat", {
  "services/chat/chat_service.js": CHAT,
  "services/chat/service.json": { messageModules: ["chat_service.js", "listed.js"] },
}, async (server) => {
  await using tom = await Client.open(server.ws("/service/js"));
  await using eva = await Client.open(server.ws("/service/js"));
  const module = "/chat/chat_service.js";
  assertEquals(await ask(tom, module, { type: "welcome", from: "Tom" }), {
    type: "welcome",
    name: "Tom",
  });
  assertEquals(await ask(eva, module, { type: "welcome", from: "Eva" }), {
    type: "welcome",
    name: "Eva",
  });
  tom.send(
    JSON.stringify({ module, params: { type: "message", from: "Tom", to: "Eva", text: "Hi" } }),
  );
  assertEquals(await eva.nextJson(), { from: "Tom", text: "Hi" });
  assertEquals(await ask(tom, module, { type: "list" }), ["Tom", "Eva"]);
  await eva.close();
  tom.send(
    JSON.stringify({ module, params: { type: "message", from: "Tom", to: "Eva", text: "?" } }),
  );
  await server.logged(({ service, message }) =>
    service === "chat" && /was dropped: it is closed/.test(message)
  );
  assertEquals(await ask(tom, module, { type: "list" }), ["Tom", "Eva"]);
});

suite.add("context, globals and sessions", {
  "services/script/run.js": SCRIPTED,
  "services/script/counted.js": `
    var counter = require("./counter");
    counter.runs++;
    require("net/websocket").getSession().sendText(JSON.stringify([counter.runs, typeof mine]));
    var mine = 1;
  `,
  "services/script/counter.js": "exports.runs = 0;",
  "services/script/folder/deep.js": "require('net/websocket').getSession().sendText('[\"deep\"]');",
  "services/script/throws.js": "throw new Error('a secret');",
  "services/script/service.json": {
    messageModules: ["run.js", "counted.js", "folder/deep.js", "throws.js"],
  },
}, async (server, t) => {
  await using one = await Client.open(server.ws("/service/js"));
  await using two = await Client.open(server.ws("/service/js"));

  await t.step("a module runs once for each message, and its requires run once", async () => {
    for (const runs of [1, 2, 3]) {
      assertEquals(await ask(one, "/script/counted.js"), [runs, "undefined"]);
    }
  });
  await t.step("its file is read once", async () => {
    server.site.write({ "services/script/counted.js": "throw new Error('read again');" });
    assertEquals(await ask(one, "/script/counted.js"), [4, "undefined"]);
  });
  await t.step("a module in a folder, and without a slash in front", async () => {
    assertEquals(await ask(one, "/script/folder/deep.js"), ["deep"]);
    assertEquals(await ask(one, "script/folder/deep.js"), ["deep"]);
  });
  await t.step("params are texts", async () => {
    const params = {
      code: "return ['a', 'b', 'c', 'd', 'e'].map(context.get)",
      a: 1,
      b: true,
      c: "x",
      d: "",
    };
    assertEquals(await ask(one, "/script/run.js", params), [["1", "true", "x", "", null]]);
  });
  await t.step("what is set lasts for that message", async () => {
    assertEquals(await run(one, "context.set('x', [1]); return context.get('x')"), [1]);
    assertEquals(await run(one, "return context.get('x')"), null);
  });
  await t.step("also in its own timers, while others are handled", async () => {
    const later =
      `setTimeout(() => websocket.getSession().sendText('["' + context.get("who") + '"]'), 30); return "silent"`;
    one.send(JSON.stringify({ module: "/script/run.js", params: { code: later, who: "one" } }));
    two.send(JSON.stringify({ module: "/script/run.js", params: { code: later, who: "two" } }));
    assertEquals([await one.nextJson(), await two.nextJson()], [["one"], ["two"]]);
  });
  await t.step("globals are one map for the service, and hold the thing itself", async () => {
    assertEquals(await run(one, "return globals.get('list') === null"), true);
    assertEquals(await run(one, "globals.set('list', [1])"), null);
    assertEquals(await run(two, "globals.get('list').push(2); return globals.get('list')"), [1, 2]);
    assertEquals(await run(one, "return globals.get('list')"), [1, 2]);
  });
  await t.step("sessions: the same object each time, ids, all that are open", async () => {
    assertEquals(await run(one, "globals.set('session', websocket.getSession())"), null);
    assertEquals(await run(one, "return globals.get('session') === websocket.getSession()"), true);
    assertEquals(await run(two, "return globals.get('session') === websocket.getSession()"), false);
    assertEquals(await run(two, "return websocket.getOpenSessions().length"), 2);
    assertMatch(await run(two, "return websocket.getSession().getId()") as string, /^\S+\.\S+$/);
    assertEquals(
      await run(two, "return websocket.getOpenSessions().includes(globals.get('session'))"),
      true,
    );
  });
  await t.step("all ids of the modules lead to the same", async () => {
    const same = (...ids: string[]) =>
      run(
        one,
        `return ${JSON.stringify(ids)}.every((id) => require(id) === require(${
          JSON.stringify(ids[0])
        }))`,
      );
    assertEquals(await same("core/context", "/core/context"), true);
    assertEquals(await same("core/globals", "/core/globals"), true);
    assertEquals(
      await same("net/websocket", "/net/websocket", "service/websocket", "/service/websocket"),
      true,
    );
  });
  await t.step("a module that throws: the client learns that, the log why", async () => {
    assertEquals(await ask(one, "/script/throws.js"), {
      error: { code: "FAILED", message: "The module failed; the server's log says why" },
    });
    await server.logged(({ message }) => /throws\.js: Error: a secret/.test(message));
  });
  await t.step("a swap keeps the sessions, and globals begin anew", async () => {
    server.site.write({ "services/script/run.js": SCRIPTED.replace("[value", '["new", value') });
    await server.board.reload("script");
    const again = async (code: string) => (await ask(one, "/script/run.js", { code }))[1];
    assertEquals(await again("return websocket.getOpenSessions().length"), 2);
    assertEquals(await again("return globals.get('list') === null"), true);
  });
  await t.step("and nothing is left of clients that have gone", async () => {
    await one.close();
    await two.close();
    assertEquals(await server.settled(), { sessions: 0, groups: 0 });
  });
});

suite.add("a client starts listed modules and nothing else", {
  "services/chat/listed.js": "require('net/websocket').getSession().sendText('[\"listed\"]');",
  "services/chat/secret.js": "require('net/websocket').getSession().sendText('[\"secret\"]');",
  "services/plain/plain.js": "exports.get = () => ({ body: 'plain' });",
  "services/users/users.js": "require('net/websocket').getSession().sendText('[\"users\"]');",
  "services/users/service.json": {
    messageModules: ["users.js"],
    allow: ["role:system.authenticated"],
  },
  "services/away/away.js": "require('net/websocket').getSession().sendText('[\"away\"]');",
  "services/away/service.json": { messageModules: ["away.js"], origins: ["https://example.com"] },
  "lib/shared.js": "",
}, async (server, t) => {
  await using client = await Client.open(server.ws("/service/js"));
  const code = async () => (await client.nextJson()).error?.code;

  const modules = [
    "/chat/secret.js",
    "/chat/none.js",
    "/none/none.js",
    "/plain/plain.js",
    "/chat/../chat/secret.js",
    "/chat/./listed.js",
    "/chat//listed.js",
    "/script/../chat/listed.js",
    "/../chat/listed.js",
    "/chat/listed",
    "/chat/listed.js/",
    "/chat/%6cisted.js",
    "/chat/..%2fsecret.js",
    "/chat\\listed.js",
    "/etc/passwd",
    `${server.site.root}/services/chat/listed.js`,
    `file://${server.site.root}/services/chat/listed.js`,
    "/chat/listed.js\u0000",
    "/lib/shared.js",
    "chat",
    "/chat/",
    "",
    "/",
    "/__proto__/constructor",
    "/chat/constructor",
    "/chat/service.json",
  ];
  for (const module of modules) {
    await t.step(
      `not listed: ${JSON.stringify(module)}`.replace(server.site.root, "ROOT"),
      async () => {
        client.send(JSON.stringify({ module }));
        assertEquals(await code(), "UNKNOWN_MODULE");
      },
    );
  }
  await t.step("one that is not listed reads like one that is not there", async () => {
    const [secret, none] = [
      await ask(client, "/chat/secret.js"),
      await ask(client, "/chat/absent.js"),
    ];
    assertEquals(
      secret.error.message.replace("secret", ""),
      none.error.message.replace("absent", ""),
    );
  });

  const bad: [string, unknown, string][] = [
    ["no JSON", "x", "BAD_JSON"],
    ["nothing", "", "BAD_JSON"],
    ["a cut text", '{"module":"/chat/li', "BAD_JSON"],
    ["null", null, "BAD_REQUEST"],
    ["a list", [], "BAD_REQUEST"],
    ["a number", 1, "BAD_REQUEST"],
    ["no module", {}, "BAD_REQUEST"],
    ["a module that is no text", { module: 1 }, "BAD_REQUEST"],
    ["params that are a list", { module: "/chat/listed.js", params: [] }, "BAD_REQUEST"],
    ["params that are a text", { module: "/chat/listed.js", params: "x" }, "BAD_REQUEST"],
    ["params that are null", { module: "/chat/listed.js", params: null }, "BAD_REQUEST"],
    ["an object in params", { module: "/chat/listed.js", params: { a: {} } }, "BAD_REQUEST"],
    ["a list in params", { module: "/chat/listed.js", params: { a: [] } }, "BAD_REQUEST"],
    [
      "the reserved session",
      { module: "/chat/listed.js", params: { "websocket-session": "x" } },
      "BAD_REQUEST",
    ],
    ["a prototype", '{"module":"/chat/listed.js","params":{"__proto__":"x"}}', "BAD_REQUEST"],
  ];
  for (const [name, message, expected] of bad) {
    await t.step(name, async () => {
      client.send(typeof message === "string" ? message : JSON.stringify(message));
      assertEquals(await code(), expected);
    });
  }
  await t.step("a service for authenticated clients", async () => {
    client.send(JSON.stringify({ module: "/users/users.js" }));
    assertEquals(await code(), "FORBIDDEN");
  });
  await t.step("a service for pages of another origin", async () => {
    await using own = await Client.open(server.ws("/service/js"), {
      headers: { Origin: server.http("") },
    });
    assertEquals((await ask(own, "/away/away.js")).error.code, "FORBIDDEN");
    assertEquals(await ask(own, "/chat/listed.js"), ["listed"]);
    await using away = await Client.open(server.ws("/service/js"), {
      headers: { Origin: "https://example.com" },
    });
    assertEquals(await ask(away, "/away/away.js"), ["away"]);
    assertEquals((await ask(away, "/chat/listed.js")).error.code, "FORBIDDEN");
  });
  await t.step("the socket is still open, for modules of two services", async () => {
    assertEquals(await ask(client, "/chat/listed.js"), ["listed"]);
    assertEquals(await ask(client, "/script/folder/deep.js"), ["deep"]);
    assertEquals((await client.close(1000)).code, 1000);
    assertEquals(await server.settled(), { sessions: 0, groups: 0 });
  });
});

const lists = [
  "none.js",
  "../other/other.js",
  "/etc/passwd",
  "a/../m.js",
  "",
  "folder",
  "./m.js",
  "a\\m.js",
];
suite.add("a manifest that lists what is not a module of the service", {
  ...Object.fromEntries(lists.flatMap((module, index) => [
    [`services/s${index}/m.js`, ""],
    [`services/s${index}/folder/x.js`, ""],
    [`services/s${index}/service.json`, { messageModules: [module] }],
  ])),
  "services/esm/esm.mjs": "export default 1;",
  "services/esm/service.json": { messageModules: ["esm.mjs"] },
}, async (server, t) => {
  const lines = server.log.all.map((line) => JSON.parse(line));
  for (const [index, module] of lists.entries()) {
    await t.step(JSON.stringify(module), () => {
      const line = lines.find(({ service }) => service === `s${index}`);
      assertMatch(line?.message ?? "", /"messageModules/);
    });
  }
  await t.step("an ES module cannot be run anew", () => {
    assertMatch(
      lines.find(({ service }) => service === "esm")?.message ?? "",
      /services\/esm\/esm\.mjs must be a CommonJS module/,
    );
  });
  await t.step("the others run", async () => {
    assertEquals(await server.text("/services/plain"), "plain");
  });
});

Deno.test("contract Dirigible 3: modules for messages", suite.run);
