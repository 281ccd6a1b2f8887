import { assertEquals, assertMatch } from "@std/assert";
import { Client } from "../../helpers/client.ts";
import { Raw } from "../../helpers/raw.ts";
import { SharedBoard } from "../../helpers/shared_board.ts";

// These cases depend on the transport: they run on both.

const artefact = (handler: string, endpoint: string) => ({ handler, endpoint });

/** Asks a module of a service. */
async function ask(client: Client, module: string, params: unknown = {}) {
  client.send(JSON.stringify({ module, params }));
  return await client.nextJson();
}

const ECHO = "require('net/websocket').getSession().sendText(JSON.stringify(['got it']));";

const suite = new SharedBoard({
  "services/tell/tell.websocket": artefact("tell/handler", "tell"),
  // It says what it is called with.
  "services/tell/handler.js": `
    var websockets = require("net/v4/websockets");
    var ws = require("lib/xp/websocket");
    exports.onOpen = function (from) { ws.send(from, JSON.stringify(["onOpen", from, arguments.length])); };
    exports.onMessage = function (message, from) {
      if (message === "boom") throw new Error("boom");
      if (message instanceof Uint8Array) return ["bytes", Array.from(message)];
      return [message, from, websockets.getMethod(), websockets.getMessage(), websockets.getError(),
        websockets.isOnOpen(), websockets.isOnMessage(), websockets.isOnError(), websockets.isOnClose()];
    };
    exports.onError = function (text, from) { console.log("error %s %s", text, from); };
    exports.onClose = function (from, code) { console.log("closed %s %s", from, code); };
  `,
  "services/tell/service.json": { maxMessageBytes: 1000 },
  // Two services at one path; they have three sessions together.
  "services/small/m.js": ECHO,
  "services/small/service.json": {
    messageModules: ["m.js"],
    maxMessageBytes: 200,
    maxSessions: 1,
  },
  "services/large/m.js": ECHO,
  "services/large/close.js": "require('net/websocket').getSession().close();",
  "services/large/service.json": {
    messageModules: ["m.js", "close.js"],
    maxMessageBytes: 2000,
    maxSessions: 2,
  },
});

suite.add("endpoints: an endpoint has two URLs, and no others", {}, async (server, t) => {
  for (const path of ["/websockets/v4/service/tell", "/websockets/service/tell"]) {
    await t.step(path, async () => {
      await using client = await Client.open(server.ws(path));
      const [call, id, count] = await client.nextJson();
      assertEquals([call, count], ["onOpen", 1]);
      client.send("hello");
      assertEquals(await client.nextJson(), [
        "hello",
        id,
        "onmessage",
        "hello",
        null,
        false,
        true,
        false,
        false,
      ]);
    });
  }
  await t.step("404 before the upgrade for an unknown one", async () => {
    for (
      const path of [
        "/websockets/service/none",
        "/websockets/v4/service/",
        "/websockets/service/tell/more",
        "/websockets/v3/service/tell",
        "/services/tell",
      ]
    ) {
      using raw = await Raw.connect(server.port);
      assertMatch(await raw.handshake(path), /^HTTP\/1\.1 404 /, path);
    }
  });
  await t.step("426 for a plain request", async () => {
    const response = await server.fetch("/websockets/service/tell");
    assertEquals([response.status, response.headers.get("upgrade")], [426, "websocket"]);
    await response.body?.cancel();
  });
  await t.step("a broken handshake is refused as anywhere", async () => {
    using raw = await Raw.connect(server.port);
    const head = await raw.handshake("/websockets/service/tell", { "Sec-WebSocket-Version": "8" });
    assertMatch(head, /^HTTP\/1\.1 426 /);
  });
});

suite.add("endpoints: the four functions, and what becomes of a frame", {}, async (server, t) => {
  const client = await Client.open(server.ws("/websockets/service/tell"));
  const [, id] = await client.nextJson();
  await t.step("binary frames are bytes", async () => {
    client.send(new Uint8Array([1, 2, 255]));
    assertEquals(await client.nextJson(), ["bytes", [1, 2, 255]]);
  });
  await t.step("a throw is logged, closes nothing, and is no error of the transport", async () => {
    client.send("boom");
    await server.logged(({ service, message }) =>
      service === "tell" &&
      /onMessage\(\) of tell\/handler\.js: Error: boom\n.*handler\.js:/.test(message)
    );
    client.send("still here");
    assertEquals((await client.nextJson())[0], "still here");
  });
  await t.step("text over the limit: onError, close with 1009", async () => {
    client.send("x".repeat(1001));
    assertEquals((await client.untilClosed()).code, 1009);
    await server.logged(({ message }) =>
      message === `error Message is larger than 1000 bytes ${id}`
    );
    await server.logged(({ message }) => message === `closed ${id} 1009`);
  });
  assertEquals(await server.settled(), { sessions: 0, groups: 0 });
});

suite.add("endpoints: the handler's service decides which clients may enter", {
  "services/users/users.js": "exports.onMessage = (m) => m;",
  "services/users/users.websocket": artefact("users/users", "users"),
  "services/users/service.json": { allow: ["role:system.authenticated"] },
  "services/away/away.js": "exports.onMessage = (m) => m;",
  "services/away/away.websocket": artefact("away/away", "away"),
  "services/away/service.json": { origins: ["https://example.com"], maxSessions: 1 },
}, async (server, t) => {
  const status = async (path: string, headers = {}) => {
    using raw = await Raw.connect(server.port);
    return (await raw.handshake(path, headers)).slice(9, 12);
  };
  await t.step("allow", async () => {
    assertEquals(await status("/websockets/service/users"), "401");
  });
  await t.step("origins", async () => {
    const own = { Origin: `http://127.0.0.1` };
    assertEquals(await status("/websockets/service/away", own), "403");
    assertEquals(
      await status("/websockets/service/away", { Origin: "https://example.com" }),
      "101",
    );
  });
  await t.step("maxSessions", async () => {
    await server.settled();
    await using _one = await Client.open(server.ws("/websockets/service/away"), {
      headers: { Origin: "https://example.com" },
    });
    assertEquals(
      await status("/websockets/service/away", { Origin: "https://example.com" }),
      "503",
    );
  });
});

suite.add("messages: each service keeps its own limits on a shared path", {}, async (server, t) => {
  const padded = (module: string, length: number) =>
    JSON.stringify({ module, params: { padding: "x".repeat(length) } });
  await t.step("what is too much for one is not for another", async () => {
    await using client = await Client.open(server.ws("/service/js"));
    client.send(padded("/large/m.js", 1000));
    assertEquals(await client.nextJson(), ["got it"]);
    client.send(padded("/small/m.js", 1000));
    assertEquals((await client.untilClosed()).code, 1009);
  });
  await t.step("what is too much for all closes before it is read", async () => {
    await using client = await Client.open(server.ws("/service/js"));
    client.send(padded("/large/m.js", 3000));
    assertEquals((await client.untilClosed()).code, 1009);
  });
  await t.step("a full service says so, and the others answer", async () => {
    await server.settled();
    await using one = await Client.open(server.ws("/service/js"));
    await using two = await Client.open(server.ws("/service/js"));
    assertEquals(await ask(one, "/small/m.js"), ["got it"]);
    assertEquals((await ask(two, "/small/m.js")).error.code, "UNAVAILABLE");
    assertEquals(await ask(two, "/large/m.js"), ["got it"]);
  });
});

suite.add(
  "messages: silent clients take no more sockets than the services have sessions",
  {},
  async (server) => {
    await server.settled();
    const silent = [];
    for (let n = 0; n < 3; n++) silent.push(await Client.open(server.ws("/service/js")));
    assertEquals((await server.until(({ sessions }) => sessions >= 3)).sessions, 3);
    using raw = await Raw.connect(server.port);
    assertMatch(await raw.handshake("/service/js"), /^HTTP\/1\.1 503 [^]*retry-after: \d/i);
    await silent[0]!.close();
    assertEquals((await server.until(({ sessions }) => sessions <= 2)).sessions, 2);
    await using late = await Client.open(server.ws("/service/js"));
    assertEquals(await ask(late, "/small/m.js"), ["got it"]);
    for (const client of silent) await client.close();
  },
);

suite.add("messages: a client starts listed modules and nothing else", {}, async (server, t) => {
  await using client = await Client.open(server.ws("/service/js"));
  const code = async () => (await client.nextJson()).error?.code;
  await t.step("bytes", async () => {
    client.send(new Uint8Array([1, 2, 3]));
    assertEquals(await code(), "BAD_REQUEST");
  });
  await t.step("a page that no service lets in gets no socket", async () => {
    using raw = await Raw.connect(server.port);
    assertMatch(
      await raw.handshake("/service/js", { Origin: "https://evil.example" }),
      /^HTTP\/1\.1 403 /,
    );
  });
  await t.step("the socket is still open", async () => {
    assertEquals(await ask(client, "/large/m.js"), ["got it"]);
    assertEquals((await client.close(1000)).code, 1000);
    assertEquals(await server.settled(), { sessions: 0, groups: 0 });
  });
});

suite.add("messages: close() of a session closes the socket", {}, async (server) => {
  const client = await Client.open(server.ws("/service/js"));
  client.send(JSON.stringify({ module: "/large/close.js" }));
  assertEquals((await client.untilClosed()).code, 1000);
});

Deno.test("contract Dirigible 4: sockets", suite.run);
