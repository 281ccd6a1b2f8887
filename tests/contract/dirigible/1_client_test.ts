import { assert, assertEquals, assertMatch } from "@std/assert";
import { Client } from "../../helpers/client.ts";
import { Certificate, Peer } from "../../helpers/peer.ts";
import { Board } from "../../helpers/board.ts";
import type { Served } from "../../helpers/served.ts";
import { Server } from "../../helpers/server.ts";
import type { Files } from "../../helpers/site.ts";

/** Runs the code of a message, and sends what it returns or throws; handlers report to the group "told". */
const SCRIPTED = `
  const ws = require("/lib/websocket");
  const websockets = require("net/v4/websockets");
  const AsyncFunction = (async () => {}).constructor;
  const store = {};
  exports.get = () => ({ webSocket: {} });
  exports.webSocketEvent = async ({ type, session: { id }, message }) => {
    if (type !== "message") return;
    try {
      const value = await new AsyncFunction("websockets", "ws", "id", "store", "require", message)(websockets, ws, id, store, require);
      ws.send(id, JSON.stringify({ value: value ?? null }));
    } catch (error) {
      ws.send(id, JSON.stringify({ error: error.name + ": " + error.message }));
    }
  };
`;

/** A handler that tells the service's group all that it is called for. */
const handlerOf = (service: string) => `
  const ws = require("/lib/xp/websocket");
  const w = require("/net/websockets");
  let calls = 0;
  const tell = (...what) => ws.sendToGroup("told ${service}", JSON.stringify({ told: [...what, ++calls] }));
  const seen = () => [w.getMethod(), w.getMessage() instanceof Uint8Array ? "bytes" : w.getMessage(), w.getError() && "text",
    [w.isOnOpen(), w.isOnMessage(), w.isOnError(), w.isOnClose()].indexOf(true)];
  exports.onOpen = (...args) => tell("open", args, seen());
  exports.onMessage = async (message, ...more) => {
    if (message === "throw") throw new Error("in onMessage");
    if (message === "slow") await new Promise((done) => setTimeout(done, 50));
    tell("message", message instanceof Uint8Array ? [...message] : message, more.length, seen());
  };
  exports.onError = (text) => tell("error", text, seen());
  exports.onClose = (code) => tell("close", code, seen());
`;

/** A service that does as it is told, and may connect to these hosts. */
function scripted(service: string, net: string[], eventTimeoutMs = 30_000): Files {
  return {
    [`services/${service}/${service}.js`]: SCRIPTED,
    [`services/${service}/handler.js`]: handlerOf(service),
    [`services/${service}/service.json`]: { permissions: { net }, eventTimeoutMs },
  };
}

/** Two clients of the service: one commands it, the other is told what its handlers are called for. */
class Desk implements AsyncDisposable {
  private constructor(readonly client: Client, readonly ear: Client) {}

  static async open(server: Served, service = "out"): Promise<Desk> {
    const open = () => Client.open(server.ws(`/services/${service}`));
    const desk = new Desk(await open(), await open());
    desk.ear.send(`ws.addToGroup("told ${service}", id)`);
    assertEquals(await desk.ear.nextJson(), { value: null });
    return desk;
  }

  /** What the code returns. */
  async run(code: string): Promise<unknown> {
    this.client.send(code);
    const answer = await this.client.nextJson();
    assert("value" in answer, JSON.stringify(answer));
    return answer.value;
  }

  /** What the code throws. */
  async fails(code: string): Promise<string> {
    this.client.send(code);
    const answer = await this.client.nextJson();
    assert("error" in answer, JSON.stringify(answer));
    return answer.error;
  }

  /** The next thing that a handler was called for, without the number of the call. */
  async told(): Promise<unknown[]> {
    const { told } = await this.ear.nextJson();
    return told.slice(0, -1);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.close();
    await this.ear.close();
  }
}

/** A busy machine may take as long for a thousand connections. */
const PATIENT = { startMs: 60_000, dialMs: 60_000 };

Deno.test("contract Dirigible 1: outbound clients", async (t) => {
  using certificate = await Certificate.make();
  await using peer = await Peer.start();
  await using secure = await Peer.start(certificate);
  const hosts = [
    `127.0.0.1:${peer.port}`,
    `127.0.0.1:${peer.rudePort}`,
    "127.0.0.1:9",
    `localhost:${secure.port}`,
  ];
  await using server = await Board.start({
    ...scripted("out", hosts),
    ...scripted("other", hosts, 1000),
    "services/out/esm.mjs": `
      import { sendToGroup } from "/lib/xp/websocket";
      import { getMessage } from "net/websockets";
      export const onMessage = () => sendToGroup("told out", JSON.stringify({ told: ["esm", getMessage(), 0] }));
    `,
    "services/out/empty.js": "",
    "services/out/throws.js": `
      const ws = require("/lib/xp/websocket");
      exports.onOpen = () => { throw new Error("in onOpen"); };
      exports.onMessage = (m) => ws.sendToGroup("told out", JSON.stringify({ told: ["after", m, 0] }));
      exports.onError = () => ws.sendToGroup("told out", JSON.stringify({ told: ["onError", 0] }));
      exports.onClose = () => { throw new Error("in onClose"); };
    `,
    "services/out/count.js": `
      const ws = require("/lib/xp/websocket");
      const counts = { open: 0, message: 0, close: 0, error: 0 };
      const count = (what) => {
        if (++counts[what] === 1000 || what === "error") ws.sendToGroup("told out", JSON.stringify({ told: [what, counts[what], 0] }));
      };
      exports.onOpen = () => count("open");
      exports.onMessage = () => count("message");
      exports.onError = () => count("error");
      exports.onClose = () => count("close");
    `,
  }, { waits: PATIENT });
  await using desk = await Desk.open(server);
  const create = (uri: string, handler = "out/handler", more = "") =>
    `store.c = websockets.createWebsocket(${JSON.stringify(uri)}, "${handler}"${more});`;
  const none = async () => assertEquals(await desk.run("return websockets.getClients()"), []);

  await t.step("the documented sample delivers before it closes", async () => {
    await desk.run(
      `${
        create(peer.url("/silent"))
      } store.c.send("hello"); websockets.getClientByHandler("out/handler").close();`,
    );
    assertEquals(await peer.says("message", "/silent"), "hello");
    assertEquals(await peer.says("close", "/silent"), 1000);
    assertEquals(await desk.told(), ["open", [], ["onopen", null, null, 0]]);
    assertEquals(await desk.told(), ["close", 1000, ["onclose", null, null, 3]]);
  });

  await t.step(
    "what is sent before it is open goes out first, in order, and nothing is lost",
    async () => {
      await desk.run(`${create(peer.url("/echo"))} for (let n = 0; n < 200; n++) store.c.send(n);`);
      assertEquals((await desk.told())[0], "open");
      await desk.run(`store.c.send("last")`).catch(() => {});
      for (let n = 0; n < 200; n++) assertEquals(await peer.says("message", "/echo"), String(n));
      assertEquals(await peer.says("message", "/echo"), "last");
      await desk.run("store.c.close()");
      while ((await desk.told())[0] !== "close");
    },
  );

  await t.step("each event with its arguments, and what the getters say meanwhile", async () => {
    await desk.run(create(peer.url("/greet")));
    assertEquals(await desk.told(), ["open", [], ["onopen", null, null, 0]]);
    assertEquals(await desk.told(), ["message", "welcome", 0, ["onmessage", "welcome", null, 1]]);
    assertEquals(
      await desk.run(
        "return [websockets.getMethod(), websockets.getMessage(), websockets.getError(), websockets.isOnOpen()]",
      ),
      [null, null, null, false],
    );
    await desk.run("store.c.close()");
    assertEquals(await desk.told(), ["close", 1000, ["onclose", null, null, 3]]);
    await none();
  });

  await t.step("bytes", async () => {
    await desk.run(create(peer.url("/bytes")));
    assertEquals((await desk.told())[0], "open");
    assertEquals(await desk.told(), ["message", [1, 2, 255], 0, ["onmessage", "bytes", null, 1]]);
    await desk.run("store.c.close()");
    assertEquals((await desk.told())[0], "close");
  });

  await t.step(
    "an asynchronous handler keeps the order, and one that throws harms nothing",
    async () => {
      await desk.run(
        `${create(peer.url("/echo"))} for (const m of ["slow", "throw", "quick"]) store.c.send(m);`,
      );
      assertEquals((await desk.told())[0], "open");
      assertEquals([(await desk.told())[1], (await desk.told())[1]], ["slow", "quick"]);
      await server.logged(({ message }) =>
        /onMessage\(\) of out\/handler: Error: in onMessage/.test(message)
      );
      await desk.run("store.c.close()");
      assertEquals((await desk.told())[0], "close");
    },
  );

  await t.step(
    "throws in onOpen and onClose are logged, and are no errors of the transport",
    async () => {
      await desk.run(`${create(peer.url("/echo"), "out/throws")} store.c.send("x");`);
      assertEquals(await desk.told(), ["after", "x"]);
      await desk.run("store.c.close()");
      await server.logged(({ message }) => message.includes("in onOpen"));
      await server.logged(({ message }) => message.includes("in onClose"));
    },
  );

  await t.step("a handler as ES module, and one with none of the functions", async () => {
    await desk.run(`${create(peer.url("/greet"), "/out/esm")}`);
    assertEquals(await desk.told(), ["esm", "welcome"]);
    await desk.run("store.c.close()");
    await desk.run(`${create(peer.url("/greet"), "out/empty")} store.c.close()`);
    await none();
  });

  await t.step("a handler is loaded once: its state lives on", async () => {
    const before = (await (async () => {
      await desk.run(create(peer.url("/greet")));
      return [await desk.ear.nextJson(), await desk.ear.nextJson()];
    })())[1].told.at(-1);
    await desk.run(`store.c.close()`);
    assertEquals((await desk.ear.nextJson()).told.at(-1), before + 1);
  });

  await t.step("metadata and lookups", async () => {
    const [list, same, first, exact, unknown] = await desk.run(`
      const a = websockets.createWebsocket("${peer.url("/one")}", "out/handler", "graalvm");
      const b = websockets.createWebsocket("${peer.url("/two")}", "out/handler");
      const list = websockets.getClients();
      const found = [websockets.getClient(a.id) === a && websockets.getClient(b.id) === b,
        websockets.getClientByHandler("out/handler") === a,
        websockets.getClientByHandler("/out/handler"), websockets.getClient("nobody")];
      a.close(); b.close(); b.close();
      return [list, ...found, websockets.getClients().length];
    `) as unknown[];
    assertEquals(
      (list as { id: string }[]).map(({ id, ...rest }) => [typeof id, rest]),
      [
        ["string", { uri: peer.url("/one"), handler: "out/handler", engine: "graalvm" }],
        ["string", { uri: peer.url("/two"), handler: "out/handler", engine: "javascript" }],
      ],
    );
    assertEquals([same, first, exact, unknown], [true, true, null, null]);
    await none();
    const told = [];
    for (let n = 0; n < 4; n++) told.push((await desk.told())[0]);
    assertEquals(told.sort(), ["close", "close", "open", "open"]);
  });

  await t.step(
    "after close() a send throws; a second close() does nothing; onClose comes once",
    async () => {
      await desk.run(create(peer.url("/echo")));
      assertEquals((await desk.told())[0], "open");
      assertMatch(
        await desk.fails(`store.c.close(); store.c.close(); store.c.send("x")`),
        /the client is closed/,
      );
      assertEquals((await desk.told())[0], "close");
      assertMatch(await desk.fails(`store.c.send("x")`), /the client is closed/);
    },
  );

  await t.step("what is no text becomes one, and nothing is a TypeError", async () => {
    await desk.run(`${create(peer.url("/echo"))}`);
    assertEquals((await desk.told())[0], "open");
    await desk.run(`store.c.send(42)`);
    assertEquals((await desk.told())[1], "42");
    for (const value of ["null", "undefined", ""]) {
      assertMatch(await desk.fails(`store.c.send(${value})`), /^TypeError: Cannot send/);
    }
    await desk.run("store.c.close()");
    assertEquals((await desk.told())[0], "close");
  });

  await t.step("the peer closes with a code", async () => {
    await desk.run(create(peer.url("/close")));
    assertEquals((await desk.told())[0], "open");
    assertEquals((await desk.told()).slice(0, 2), ["close", 4001]);
    await none();
  });

  await t.step("the peer drops the connection", async () => {
    await desk.run(`${create(peer.rude("/drop"))} store.c.send("x")`);
    assertEquals((await desk.told())[0], "open");
    const rest = [await desk.told()];
    if (rest[0]![0] === "error") rest.push(await desk.told());
    assertEquals(rest.at(-1)!.slice(0, 2), ["close", 1006]);
    await none();
  });

  const failing: [string, string][] = [
    ["is refused", "ws://127.0.0.1:9/"],
    ["answers 200", peer.url("/plain")],
    ["drops the handshake", peer.rude("/now")],
  ];
  for (const [name, uri] of failing) {
    await t.step(`a connection that ${name}: onError, and it is dropped`, async () => {
      await desk.run(`${create(uri)} store.c.send("lost")`);
      const [kind, text, seen] = await desk.told();
      assertEquals([kind, seen], ["error", ["onerror", null, "text", 2]]);
      assertMatch(text as string, /^Cannot connect to ws:/);
      await none();
      assertMatch(await desk.fails(`store.c.send("x")`), /the client is closed/);
    });
  }

  const wrong: [string, string, RegExp][] = [
    ["no URI", `"nonsense", "out/handler"`, /expected a ws: or wss: URI/],
    ["http:", `"http://127.0.0.1/", "out/handler"`, /expected a ws: or wss: URI/],
    ["a fragment", `"ws://127.0.0.1/#x", "out/handler"`, /expected a ws: or wss: URI/],
    ["an empty one", `"", "out/handler"`, /expected a ws: or wss: URI/],
    ["none at all", "", /expected a ws: or wss: URI/],
    ["no handler", `"${peer.url("/echo")}"`, /Cannot (find|load)/],
    ["a missing handler", `"${peer.url("/echo")}", "out/none"`, /Cannot find module "out\/none"/],
    ["a handler of another service", `"${peer.url("/echo")}", "other/handler"`, /lies outside of/],
    ["a handler with ..", `"${peer.url("/echo")}", "out/../other/handler"`, /lies outside of/],
    ["a handler of the system", `"${peer.url("/echo")}", "../../../etc/passwd"`, /lies outside of/],
    [
      "an unknown engine",
      `"${peer.url("/echo")}", "out/handler", "lua"`,
      /no engine "lua", only javascript, graalvm, rhino, nashorn, v8/,
    ],
  ];
  for (const [name, args, error] of wrong) {
    await t.step(`throws at once: ${name}`, async () => {
      assertMatch(await desk.fails(`websockets.createWebsocket(${args})`), error);
      await none();
    });
  }
  for (const engine of ["javascript", "graalvm", "rhino", "nashorn", "v8"]) {
    await t.step(`engine ${engine}`, async () => {
      await desk.run(`${create(peer.url("/echo"), "out/empty", `, "${engine}"`)} store.c.close()`);
    });
  }

  await t.step("a host that the manifest does not list", async () => {
    assertMatch(
      await desk.fails(`websockets.createWebsocket("ws://127.0.0.1:10/", "out/handler")`),
      /^NotCapable: Requires net access to "127\.0\.0\.1:10"/,
    );
    await none();
    await server.logged(({ message }) =>
      /^Denied net "127\.0\.0\.1:10"; .*"permissions": \{ "net": \["127\.0\.0\.1:10"\] \}/.test(
        message,
      )
    );
  });

  await t.step("all names of the module are one module", async () => {
    assertEquals(
      await desk.run(
        `return ["net/websockets", "/net/websockets", "/net/v4/websockets"].every((id) => require(id) === websockets)`,
      ),
      true,
    );
  });

  await t.step("a thousand clients of one service", async () => {
    assertEquals(
      await desk.run(`
      for (let n = 0; n < 1000; n++) websockets.createWebsocket("${
        peer.url("/echo")
      }", "out/count").send("number " + n);
      return websockets.getClients().length;
    `),
      1000,
    );
    const told = [await desk.told(), await desk.told()].sort();
    assertEquals(told, [["message", 1000], ["open", 1000]]);
    assertEquals(
      await desk.run(`
      for (const { id } of websockets.getClients()) websockets.getClient(id).close();
      return websockets.getClients().length;
    `),
      0,
    );
    assertEquals(await desk.told(), ["close", 1000]);
  });

  await t.step("wss, to a peer whose certificate is trusted and no other", async (t) => {
    const code = `websockets.createWebsocket("${
      secure.url("/echo")
    }", "out/handler").send("secret")`;
    await t.step("trusted", async () => {
      const env = { DENO_CERT: certificate.authority };
      await using server = await Server.start(scripted("out", hosts), { env });
      await using desk = await Desk.open(server);
      await desk.run(code);
      assertEquals((await desk.told())[0], "open");
      assertEquals((await desk.told()).slice(0, 2), ["message", "secret"]);
    });
    await t.step("unknown", async () => {
      await desk.run(code);
      const [kind, text] = await desk.told();
      assertEquals(kind, "error");
      assertMatch(text as string, /certificate/i);
    });
  });

  const connect = async (path: string, { client }: Desk = desk, service = "out") => {
    client.send(
      `websockets.createWebsocket("${peer.url(path)}", "${service}/handler").send("open")`,
    );
    assertEquals(await client.nextJson(), { value: null });
    assertEquals(await peer.says("message", path), "open");
  };
  await t.step("clients are closed when their isolate stops", async (t) => {
    await t.step("at a swap, with 1000", async () => {
      await connect("/swap");
      await server.board.reload("out");
      assertEquals(await peer.says("close", "/swap"), 1000);
    });
    await t.step("when it has to be stopped, abruptly", async () => {
      await using other = await Desk.open(server, "other");
      await connect("/spin", other, "other");
      other.client.send("while (true);");
      assert([0, 1006].includes(await peer.says("close", "/spin") as number));
      await server.logged(({ message }) => message.includes("runs again"));
    });
    await t.step("with the server, with 1000", async () => {
      await connect("/stop");
      await server.board.close();
      assertEquals(await peer.says("close", "/stop"), 1000);
    });
  });

  await t.step("connections that are not made in time", async (t) => {
    await using server = await Board.start(scripted("out", hosts), { waits: { dialMs: 2000 } });
    await using desk = await Desk.open(server);
    const createHanging = (name: string) =>
      `store.${name} = websockets.createWebsocket("${peer.rude("/hang")}", "out/handler");`;
    await t.step("more than may wait to be sent is refused", async () => {
      // One that does not read: what is sent to it waits.
      await desk.run(createHanging("full"));
      assertMatch(
        await desk.fails(`for (let n = 0; n < 40; n++) store.full.send("x".repeat(1e6))`),
        /^Error: Cannot send to ws:.*: 16000000 bytes wait for it already/,
      );
      await desk.run("store.full.close()");
      assertEquals((await desk.told())[0], "error");
    });
    await t.step("a connection that never answers: onError, and it is dropped", async () => {
      await desk.run(`${createHanging("hung")} store.hung.send("lost")`);
      const [kind, text, seen] = await desk.told();
      assertEquals([kind, seen], ["error", ["onerror", null, "text", 2]]);
      assertMatch(text as string, /did not answer within 2000 ms/);
      assertEquals(await desk.run("return websockets.getClients()"), []);
      assertMatch(await desk.fails(`store.hung.send("x")`), /the client is closed/);
    });
  });
});
