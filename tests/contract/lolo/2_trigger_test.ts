import { assert, assertEquals, assertMatch } from "@std/assert";
import { Board } from "../../helpers/board.ts";
import { Client, connectAndCloseWithoutCode, nextTexts } from "../../helpers/client.ts";
import { allTo, flow } from "../../helpers/flow.ts";
import { frameOf, Raw } from "../../helpers/raw.ts";
import type { Served } from "../../helpers/served.ts";
import { Server } from "../../helpers/server.ts";
import { SharedBoard } from "../../helpers/shared_board.ts";
import type { Files } from "../../helpers/site.ts";

/** A flow with one node, which has this handler. */
function oneNode(name: string, path: string, handler: string, service = "a"): Files {
  return {
    [`services/${service}/${name}.flow.json`]: flow(path, { node: `./${name}.js` }, allTo("node")),
    [`services/${service}/${name}.js`]: `exports.handler = ${handler};`,
  };
}

/** Says the events back. */
const TELLING = `(ev, ctx) =>
  ctx.emit("response", { body: { input: ctx.input, keys: Object.keys(ev).sort(), ev } })`;

/** Each case has a flow of its own: in service `a`, or in one whose manifest says something else. */
const suite = new SharedBoard({
  // A flow that has a million things to send answers no handshake meanwhile.
  "switchboard.json": { limits: { requestTimeoutMs: 60_000 } },
});

suite.add(
  "every event has the fields that are listed, and nothing else",
  oneNode(
    "fields",
    "/fields/:room",
    `(ev, ctx) => {
      if (ctx.input === "close") console.log(JSON.stringify([Object.keys(ev).sort(), ev]));
      else (${TELLING})(ev, ctx);
    }`,
  ),
  async (server, t) => {
    const fields = ["headers", "method", "params", "peer", "query", "sessionId"];
    const client = await Client.open(server.ws("/fields/den?a=1&a=2&b=x%20y&__proto__=p"), {
      headers: { "X-Custom": "Yes", "ACCEPT-LANGUAGE": "test" },
    });
    let id = "";
    const check = (ev: Record<string, unknown>) => {
      id = ev.sessionId as string;
      assertEquals(
        [ev.peer, ev.method, ev.params],
        ["127.0.0.1", "GET", { room: "den" }],
      );
      assertEquals(Object.entries(ev.query as object), [
        ["a", ["1", "2"]],
        ["b", "x y"],
        ["__proto__", "p"],
      ]);
      const headers = ev.headers as Record<string, string>;
      assertEquals([headers["x-custom"], headers["accept-language"]], ["Yes", "test"]);
      assertEquals(Object.keys(headers).filter((name) => name !== name.toLowerCase()), []);
    };
    await t.step("req", async () => {
      const { input, keys, ev } = await client.nextJson();
      assertEquals([input, keys], ["req", fields]);
      check(ev);
    });
    await t.step("message", async () => {
      client.send("hello");
      const { input, keys, ev } = await client.nextJson();
      assertEquals([input, keys, ev.message], ["message", [...fields, "message"].sort(), "hello"]);
      assertEquals(ev.sessionId, id);
      check(ev);
    });
    await t.step("close", async () => {
      await client.close(4001, "see you");
      const { message } = await server.logged(({ service }) => service === "a");
      const [keys, ev] = JSON.parse(message);
      assertEquals(keys, [...fields, "code", "reason"].sort());
      assertEquals([ev.code, ev.reason, ev.sessionId], [4001, "see you", id]);
      check(ev);
    });
  },
);

suite.add(
  "a session id is its connection's alone",
  oneNode("ids", "/ids", TELLING),
  async (server) => {
    const ids = new Set<string>();
    for (let n = 0; n < 20; n++) {
      await using client = await Client.open(server.ws("/ids"));
      ids.add((await client.nextJson()).ev.sessionId);
    }
    assertEquals(ids.size, 20);
  },
);

suite.add(
  "a node may change an event; the next one is as it should be",
  oneNode(
    "change",
    "/change/:room",
    `(ev, ctx) => {
      ctx.emit("response", { body: [ev.params, ev.query, typeof ev.headers.host, ev.sessionId.length > 10] });
      ev.params.room = "other"; ev.query.q = "other"; delete ev.headers.host; ev.sessionId = "";
    }`,
  ),
  async (server) => {
    await using client = await Client.open(server.ws("/change/den?q=1"));
    for (let n = 0; n < 3; n++) {
      assertEquals(await client.nextJson(), [{ room: "den" }, { q: "1" }, "string", true]);
      client.send("again");
    }
  },
);

suite.add(
  "text comes as a string, binary as Uint8Array",
  oneNode(
    "types",
    "/types",
    `(ev, ctx) => "message" in ev && ctx.emit("response", { body: [
      typeof ev.message, ev.message instanceof Uint8Array, [...ev.message]] })`,
  ),
  async (server) => {
    await using client = await Client.open(server.ws("/types"));
    client.send("hé");
    assertEquals(await client.nextJson(), ["string", false, ["h", "é"]]);
    client.send(new Uint8Array([0, 255, 7]));
    assertEquals(await client.nextJson(), ["object", true, [0, 255, 7]]);
    client.send("");
    assertEquals(await client.nextJson(), ["string", false, []]);
    client.send(new Uint8Array());
    assertEquals(await client.nextJson(), ["object", true, []]);
  },
);

suite.add(
  "close events say how the connection ended",
  {
    ...oneNode(
      "ends",
      "/ends",
      `(ev, ctx) => {
      if (ctx.input === "close") console.log(JSON.stringify([ev.code, ev.reason]));
      if (ev.message === "end") ctx.emit("response", { body: "bye", end: true });
    }`,
      "limited",
    ),
    "services/limited/service.json": { maxMessageBytes: 100, eventTimeoutMs: 60_000 },
  },
  async (server, t) => {
    const ended = async () =>
      JSON.parse((await server.logged(({ message }) => message.startsWith("["))).message);
    await t.step("by the client", async () => {
      const client = await Client.open(server.ws("/ends"));
      await client.close(3333, "a reason: é");
      assertEquals(await ended(), [3333, "a reason: é"]);
    });
    await t.step("by the client, without a code", async () => {
      await connectAndCloseWithoutCode(server.ws("/ends"));
      assertEquals(await ended(), [1005, ""]);
    });
    await t.step("by response", async () => {
      const client = await Client.open(server.ws("/ends"));
      client.send("end");
      assertEquals(await client.next(), "bye");
      assertEquals(await client.untilClosed(), { code: 1000, reason: "" });
      assertEquals(await ended(), [1000, ""]);
    });
    await t.step("by the server, for a limit", async () => {
      const client = await Client.open(server.ws("/ends"));
      client.send("x".repeat(101));
      assertEquals((await client.untilClosed()).code, 1009);
      assertEquals(await ended(), [1009, "message too big"]);
    });
    await t.step("on the way", async () => {
      const raw = await Raw.connect(server.port);
      await raw.handshake("/ends");
      raw[Symbol.dispose]();
      assertEquals(await ended(), [1006, ""]);
    });
  },
);

suite.add(
  "named parameters are decoded, each once",
  oneNode("params", "/chat/:room/:user", TELLING),
  async (server, t) => {
    const cases: Record<string, Record<string, string>> = {
      "/chat/a/b": { room: "a", user: "b" },
      "/chat/caf%C3%A9/b%20c": { room: "café", user: "b c" },
      "/chat/a%2Fb/c": { room: "a/b", user: "c" },
      "/chat/a%252Fb/c": { room: "a%2Fb", user: "c" },
      "/ch%61t/a/b": { room: "a", user: "b" },
      "/chat/%2e%2e%2f/b": { room: "../", user: "b" },
      "/chat/:x/*": { room: ":x", user: "*" },
      "/chat/a+b/c;d=e": { room: "a+b", user: "c;d=e" },
      "/chat/__proto__/constructor": { room: "__proto__", user: "constructor" },
    };
    for (const [path, params] of Object.entries(cases)) {
      await t.step(path, async () => {
        await using client = await Client.open(server.ws(path));
        assertEquals((await client.nextJson()).ev.params, params);
      });
    }
    const refused: Record<string, number> = {
      "/chat": 404,
      "/chat/": 404,
      "/chat/a": 404,
      "/chat/a/": 404,
      "/chat/a/b/": 404,
      "/chat/a/b/c": 404,
      "/chat//b": 404,
      "/Chat/a/b": 404,
      "//chat/a/b": 404,
      "/chat/../a/b": 404,
      "/chat/%zz/b": 400,
      "/chat/%ff/b": 400,
      "/chat/a%/b": 400,
    };
    for (const [path, status] of Object.entries(refused)) {
      await t.step(`${path}: ${status}`, async () => {
        using raw = await Raw.connect(server.port);
        assertMatch(await raw.handshake(path), new RegExp(`^HTTP/1\\.1 ${status} `));
      });
    }
  },
);

const PATHS = [
  "/r/*",
  "/r/:rest*",
  "/r/:some+",
  "/r/:maybe?",
  "/r/:one",
  "/r/v:version",
  "/r/fixed",
  "/r/:one/edit",
  "/r/fixed/:two",
];
const trigger = (path: string) => ({ use: "lolo/Websocket Trigger", params: { path } });
suite.add("of several paths the more exact one counts, whatever their order", {
  // One flow has them all; a second one of the same service has a path as well.
  "services/a/several.flow.json": {
    nodes: {
      ...Object.fromEntries(PATHS.map((path, index) => [`t${index}`, trigger(path)])),
      say: { file: "./several/say.js" },
    },
    edges: PATHS.map((path, index) => [`t${index}.req`, `say.${path}`]),
  },
  "services/a/several-second.flow.json": {
    nodes: { t: trigger("/r/fixed/two"), say: { file: "./several/say.js" } },
    edges: [["t.req", "say./r/fixed/two"]],
  },
  "services/a/several/say.js": `exports.handler = (ev, ctx) =>
    ctx.emit("response", { body: [ctx.input, ev.params] });`,
}, async (server, t) => {
  const cases: Record<string, [string, Record<string, string>]> = {
    "/r/fixed": ["/r/fixed", {}],
    "/r/v2": ["/r/v:version", { version: "2" }],
    "/r/v": ["/r/:one", { one: "v" }],
    "/r/x": ["/r/:one", { one: "x" }],
    "/r": ["/r/:maybe?", {}],
    "/r/x/edit": ["/r/:one/edit", { one: "x" }],
    "/r/fixed/edit": ["/r/fixed/:two", { two: "edit" }],
    "/r/fixed/two": ["/r/fixed/two", {}],
    "/r/x/y": ["/r/:some+", { some: "x/y" }],
    "/r/x/y/z": ["/r/:some+", { some: "x/y/z" }],
    "/r/": ["/r/*", { 0: "" }],
    "/r/x/": ["/r/*", { 0: "x/" }],
  };
  for (const [path, expected] of Object.entries(cases)) {
    await t.step(path, async () => {
      await using client = await Client.open(server.ws(path));
      assertEquals(await client.nextJson(), expected);
    });
  }
});

suite.add(
  "the path speaks websocket and nothing else",
  {
    ...oneNode("speaks", "/speaks/:room", TELLING),
    ...oneNode("closed", "/closed", TELLING, "closed"),
    "services/closed/service.json": { allow: ["role:system.authenticated"] },
    ...oneNode("small", "/small", TELLING, "small"),
    "services/small/service.json": { maxSessions: 1 },
  },
  async (server, t) => {
    for (const method of ["GET", "POST", "DELETE"]) {
      await t.step(method, async () => {
        const response = await server.fetch("/speaks/a", { method });
        assertEquals([response.status, response.headers.get("upgrade")], [426, "websocket"]);
        assertEquals(await response.text(), "Connect a websocket here\n");
      });
    }
    await t.step("a broken handshake is refused as anywhere", async () => {
      using raw = await Raw.connect(server.port);
      assertMatch(
        await raw.handshake("/speaks/a", { "Sec-WebSocket-Key": "x" }),
        /^HTTP\/1\.1 400 /,
      );
    });
    await t.step("a page of another origin is refused as anywhere", async () => {
      using raw = await Raw.connect(server.port);
      assertMatch(
        await raw.handshake("/speaks/a", { Origin: "https://evil.test" }),
        /^HTTP\/1\.1 403 /,
      );
    });
    await t.step("the manifest's rules are the flow's", async () => {
      using raw = await Raw.connect(server.port);
      assertMatch(await raw.handshake("/closed"), /^HTTP\/1\.1 401 /);
    });
    await t.step("and so is the number of sessions", async () => {
      await using client = await Client.open(server.ws("/small"));
      await client.next();
      using raw = await Raw.connect(server.port);
      assertMatch(await raw.handshake("/small"), /^HTTP\/1\.1 503 /);
    });
  },
);

const PEER = oneNode("peer", "/peer", TELLING);

async function peerOf(server: Served, headers: Record<string, string>): Promise<string> {
  await using client = await Client.open(server.ws("/peer"), { headers });
  return (await client.nextJson()).ev.peer;
}

suite.add(
  "peer is the client, behind trusted proxies too, and cannot be forged",
  PEER,
  async (server, t) => {
    const forwarded = { "X-Forwarded-For": "203.0.113.9, 10.0.0.2" };
    await t.step("no proxy is trusted: the header counts for nothing", async () => {
      const tries: Record<string, string>[] = [{}, forwarded, { Forwarded: "for=203.0.113.9" }];
      for (const headers of tries) {
        assertEquals(await peerOf(server, headers), "127.0.0.1");
      }
    });
    await t.step("this one is trusted", async () => {
      const settings = { trustProxy: ["127.0.0.1", "10.0.0.2"] };
      await using server = await Board.start({ ...PEER, "switchboard.json": settings });
      const cases: [string, string][] = [
        ["203.0.113.9", "203.0.113.9"],
        ["203.0.113.9, 10.0.0.2", "203.0.113.9, 10.0.0.2"],
        // What the client has made up comes before what the first proxy has seen.
        ["6.6.6.6, 203.0.113.9, 10.0.0.2", "203.0.113.9, 10.0.0.2"],
        ["10.0.0.2, 203.0.113.9", "203.0.113.9"],
        ["10.0.0.2", "127.0.0.1"],
        ["", "127.0.0.1"],
      ];
      for (const [header, peer] of cases) {
        assertEquals(await peerOf(server, { "X-Forwarded-For": header }), peer, header);
      }
      assertEquals(await peerOf(server, {}), "127.0.0.1");
    });
  },
);

suite.add(
  "response sends text, bytes, JSON or nothing",
  oneNode(
    "sends",
    "/sends",
    `(ev, ctx) => {
      if (!("message" in ev)) return;
      const CASES = {
        "text": "text", "empty": "", "uint8": new Uint8Array([1, 2]), "buffer": new Uint8Array([3]).buffer,
        "view": new DataView(new Uint8Array([9, 4, 5, 9]).buffer, 1, 2), "object": { a: [1, null] },
        "number": 0, "false": false, "null": null, "date": new Date(0), "toJSON": { toJSON: () => "own" },
      };
      ctx.emit("response", { body: CASES[ev.message], more: "ignored", close: true });
    }`,
  ),
  async (server, t) => {
    await using client = await Client.open(server.ws("/sends"));
    const cases: Record<string, unknown> = {
      text: "text",
      empty: "",
      uint8: new Uint8Array([1, 2]),
      buffer: new Uint8Array([3]),
      view: new Uint8Array([4, 5]),
      object: '{"a":[1,null]}',
      number: "0",
      false: "false",
      null: "null",
      date: '"1970-01-01T00:00:00.000Z"',
      toJSON: '"own"',
    };
    for (const [name, expected] of Object.entries(cases)) {
      await t.step(name, async () => {
        client.send("absent");
        client.send(name);
        const isBytes = expected instanceof Uint8Array;
        assertEquals(await (isBytes ? client.nextBytes() : client.next()), expected);
      });
    }
    assertEquals(client.waiting.length, 0);
  },
);

suite.add(
  "a response that cannot be sent is an error of the node",
  oneNode(
    "unsendable",
    "/unsendable",
    `async (ev, ctx) => {
      const ring = {}; ring.ring = ring;
      const CASES = {
        "a ring": { body: ring }, "a bigint": { body: 1n }, "a function": { body: () => {} },
        "a symbol": { body: Symbol("s") }, "a text": "text", "a number": 7, "true": true,
      };
      if (ev.message === "nothing") { ctx.emit("response"); ctx.emit("response", null); ctx.emit("response", {}); }
      else if (ev.message === "fine") ctx.emit("response", { body: "fine" });
      else if ("message" in ev) ctx.emit("response", CASES[ev.message]);
    }`,
  ),
  async (server, t) => {
    await using client = await Client.open(server.ws("/unsendable"));
    const cases: Record<string, RegExp> = {
      "a ring": /TypeError: Converting circular structure to JSON/,
      "a bigint": /TypeError: Do not know how to serialize a BigInt/,
      "a function": /TypeError: Cannot send a function: JSON cannot hold it/,
      "a symbol": /TypeError: Cannot send a symbol: JSON cannot hold it/,
      "a text": /TypeError: "response" takes { body, end }, got a string/,
      "a number": /TypeError: "response" takes { body, end }, got a number/,
      "true": /TypeError: "response" takes { body, end }, got a boolean/,
    };
    for (const [name, expected] of Object.entries(cases)) {
      await t.step(name, async () => {
        client.send(name);
        const { message } = await server.logged(({ level }) => level === "ERROR");
        assertMatch(message, expected);
        assertMatch(message, /^flow "unsendable", node "node", session /);
      });
    }
    client.send("nothing");
    client.send("fine");
    assertEquals(await client.next(), "fine");
  },
);

suite.add(
  "any node may respond, at once or later, as often as it likes",
  {
    "services/a/any.flow.json": flow("/any", { one: "./any/one.js", two: "./any/two.js" }, [
      ["socket.req", "one.in"],
      ["socket.message", "one.in"],
      ["one.out", "two.in"],
    ]),
    "services/a/any/one.js": `exports.handler = (ev, { emit, route }) => {
      emit("response", { body: "one" });
      route({ unlike: "the event", message: ev.message });
    };`,
    "services/a/any/two.js": `exports.handler = async (ev, { emit }) => {
      emit("response", { body: "two" });
      setTimeout(() => emit("response", { body: "later", end: ev.message === "end" }), 20);
    };`,
  },
  async (server, t) => {
    await using other = await Client.open(server.ws("/any"));
    for (const text of ["one", "two", "later"]) assertEquals(await other.next(), text);
    const client = await Client.open(server.ws("/any"));
    await t.step("on req", async () => {
      for (const text of ["one", "two", "later"]) assertEquals(await client.next(), text);
    });
    await t.step("on a message, and end it", async () => {
      client.send("end");
      for (const text of ["one", "two", "later"]) assertEquals(await client.next(), text);
      assertEquals(await client.untilClosed(), { code: 1000, reason: "" });
    });
    await t.step("no other client got anything", () => assertEquals(other.waiting.length, 0));
  },
);

suite.add(
  "after the connection closed, a response is silent",
  oneNode(
    "after",
    "/after",
    `async (ev, ctx) => {
      if (ev.message === "end") {
        ctx.emit("response", { body: "last", end: 1 });
        ctx.emit("response", { body: "too late" });
        ctx.emit("response", { end: true });
      }
      if (ctx.input !== "close") return;
      ctx.emit("response", { body: "gone" });
      // Not even what has no JSON is an error then.
      ctx.emit("response", { body: 1n, end: true });
      setTimeout(() => { ctx.emit("response", { body: "gone" }); console.log("through"); }, 20);
    }`,
  ),
  async (server) => {
    const client = await Client.open(server.ws("/after"));
    client.send("end");
    assertEquals(await client.next(), "last");
    await client.untilClosed();
    assertEquals((await server.logged(({ service }) => service === "a")).message, "through");
    assertEquals(client.waiting.length, 0);
    assertEquals(await server.settled(), { sessions: 0, groups: 0 });
  },
);

suite.add(
  "a million emits reach their client, and no other",
  {
    ...oneNode(
      "million",
      "/million",
      `(ev, ctx) => {
      if (ev.message === "nobody hears") for (let n = 0; n < 1e6; n++) ctx.emit("signal", n);
      else if (ev.message === "million") for (let n = 0; n < 1e6; n++) ctx.emit("response", { body: "x".repeat(100) });
      if ("message" in ev) ctx.emit("response", { body: "through" });
    }`,
      "limited",
    ),
  },
  async (server, t) => {
    await t.step("a signal without a waiting callback", async () => {
      await using client = await Client.open(server.ws("/million"));
      client.send("nobody hears");
      assertEquals(await client.next(), "through");
    });
    await t.step("a client that does not read is dropped, and the service goes on", async () => {
      using raw = await Raw.connect(server.port);
      await raw.handshake("/million");
      await raw.write(frameOf(1, "million"));
      await using client = await Client.open(server.ws("/million"), { deadlineMs: 60_000 });
      client.send("hello");
      assertEquals(await client.next(), "through");
      assertEquals((await server.until(({ sessions }) => sessions <= 1)).sessions, 1);
    });
  },
);

suite.add(
  "req first, then one message at a time in order, close last",
  oneNode(
    "order",
    "/order",
    `async (ev, ctx) => {
      const log = (text) => ctx.state.set("log", [...ctx.state.get("log") ?? [], text]);
      const what = ev.message ?? ctx.input;
      log("begin " + what);
      // The earlier, the longer: whoever did not wait would come first.
      const wait = { req: 60, one: 40, two: 20, close: 0 }[what];
      await new Promise((done) => setTimeout(done, wait));
      log("end " + what);
      if (what === "close") console.log(ctx.state.get("log").join(", "));
    }`,
  ),
  async (server) => {
    using raw = await Raw.connect(server.port);
    await raw.handshake("/order");
    await raw.write(frameOf(1, "one"));
    await raw.write(frameOf(1, "two"));
    await raw.write(frameOf(8, new Uint8Array([3, 232])));
    const { message } = await server.logged(({ service }) => service === "a");
    assertEquals(
      message,
      "begin req, end req, begin one, end one, begin two, end two, begin close, end close",
    );
  },
);

suite.add("an event is through when all nodes are through with it", {
  "services/a/through.flow.json": flow("/through", {
    fast: "./through/fast.js",
    slow: "./through/slow.js",
    last: "./through/last.js",
  }, [
    ["socket.message", "fast.in"],
    ["fast.out", "slow.in"],
    ["slow.out", "last.in"],
    ["socket.message", "last.in"],
  ]),
  "services/a/through/fast.js": `exports.handler = (ev, ctx) => ctx.route(ev);`,
  "services/a/through/slow.js": `exports.handler = async (ev, ctx) => {
      await new Promise((done) => setTimeout(done, 30));
      ctx.route({ ...ev, message: ev.message + " slow" });
    };`,
  "services/a/through/last.js":
    `exports.handler = (ev, ctx) => ctx.emit("response", { body: ev.message });`,
}, async (server) => {
  await using client = await Client.open(server.ws("/through"));
  client.send("1");
  client.send("2");
  for (const text of ["1", "1 slow", "2", "2 slow"]) assertEquals(await client.next(), text);
});

suite.add(
  "a slow handler delays its own connection only",
  oneNode(
    "slow",
    "/slow/:who",
    `async (ev, ctx) => {
      if (ev.message === "wait") await new Promise((go) => globalThis.go = go);
      if (ev.message === "go") globalThis.go();
      if ("message" in ev) ctx.emit("response", { body: ev.message });
    }`,
  ),
  async (server) => {
    await using slow = await Client.open(server.ws("/slow/slow"));
    await using quick = await Client.open(server.ws("/slow/quick"));
    slow.send("wait");
    slow.send("behind");
    for (let n = 0; n < 100; n++) {
      quick.send(String(n));
      assertEquals(await quick.next(), String(n));
    }
    assertEquals(slow.waiting.length, 0);
    quick.send("go");
    assertEquals([await slow.next(), await slow.next()], ["wait", "behind"]);
  },
);

suite.add("a connection manager by hand works as documented", {
  "services/a/hand.flow.json": flow(
    "/hand/:room",
    { manager: "./hand/manager.js" },
    allTo("manager"),
  ),
  // Keeps emit from req on, and drops it on close.
  "services/a/hand/manager.js": `
      const connections = {};
      exports.handler = async (ev, ctx) => {
        const { sessionId, message, params } = ev;
        const { emit, input } = ctx;
        switch (input) {
          case "req":
            connections[sessionId] = { emit, room: params.room };
            break;
          case "close":
            delete connections[sessionId];
            break;
          case "message":
            for (const { emit, room } of Object.values(connections)) {
              if (room === params.room) emit("response", { body: message + " " + Object.keys(connections).length });
            }
        }
      };`,
}, async (server) => {
  await using one = await Client.open(server.ws("/hand/a"));
  const two = await Client.open(server.ws("/hand/a"));
  await using other = await Client.open(server.ws("/hand/b"));
  // Their req events have been handled when they are answered.
  other.send("here");
  assertEquals(await other.next(), "here 3");
  one.send("hello");
  assertEquals([await one.next(), await two.next()], ["hello 3", "hello 3"]);
  await two.close();
  assertEquals((await server.until(({ sessions }) => sessions <= 2)).sessions, 2);
  one.send("alone");
  assertEquals(await one.next(), "alone 2");
  assertEquals(other.waiting.length, 0);
});

suite.add("other services do not see what a trigger knows of a client", {
  ...oneNode("knows", "/knows", `(ev, ctx) => ctx.emit("response", { body: ev.sessionId })`),
  "services/limited/limited.js": `
      const { getSession } = require("/lib/websocket");
      exports.get = (req) => ({ contentType: "application/json", body: getSession(req.params.id) });`,
}, async (server) => {
  await using client = await Client.open(server.ws("/knows?q=1"), {
    headers: { Cookie: "secret=1", Authorization: "Bearer secret" },
  });
  const id = await client.next() as string;
  const seen = await server.text(`/services/limited?id=${encodeURIComponent(id)}`);
  assertEquals(JSON.parse(seen), {
    id,
    service: "a",
    path: "/knows",
    params: { q: "1" },
    data: {},
  });
});

Deno.test("contract Lolo 2: the trigger", suite.run);

/** A board on which a flow takes all that nobody else does, and a proxy is trusted that there is not. */
const greedy = new SharedBoard({ "switchboard.json": { trustProxy: ["10.0.0.2"] } });

greedy.add("a flow takes nobody else's requests", {
  ...oneNode("greedy", "/:first/:second?", TELLING),
  "services/others/others.js": `exports.get = () => ({ body: "xp" });`,
  "services/others/d.js": `exports.onMessage = (text) => text;`,
  "services/others/d.websocket": { handler: "others/d", endpoint: "d" },
}, async (server, t) => {
  await t.step("pages of the server", async () => {
    for (const path of ["/", "/healthz", "/readyz"]) {
      const response = await server.fetch(path);
      assertEquals(response.status, 200, path);
      await response.body?.cancel();
    }
  });
  await t.step("services of other systems", async () => {
    assertEquals(await server.text("/services/others"), "xp");
    await using client = await Client.open(server.ws("/websockets/service/d"));
    client.send("dirigible");
    assertEquals(await client.next(), "dirigible");
  });
  await t.step("URLs that would be theirs", async () => {
    for (const path of ["/services/none", "/webapp/app", "/api/app:none", "/_/service"]) {
      using raw = await Raw.connect(server.port);
      const isTheirs = path !== "/_/service";
      assertMatch(await raw.handshake(path), isTheirs ? /^HTTP\/1\.1 404 / : /^HTTP\/1\.1 101 /);
    }
  });
  await t.step("it gets requests that no other service has", async () => {
    await using client = await Client.open(server.ws("/anything/else"));
    assertEquals((await client.nextJson()).ev.params, { first: "anything", second: "else" });
  });
});

greedy.add(
  "peer is the client: a proxy that is not the trusted one counts for nothing",
  PEER,
  async (server) => {
    assertEquals(await peerOf(server, { "X-Forwarded-For": "203.0.113.9, 10.0.0.2" }), "127.0.0.1");
  },
);

Deno.test("contract Lolo 2: a trigger for all paths", greedy.run);

Deno.test("contract Lolo 2: 10,000 messages come while the first is being handled: order and memory hold", async () => {
  const padding = "x".repeat(500);
  await using server = await Server.start(oneNode(
    "many",
    "/many",
    `async (ev, ctx) => {
      if (ctx.input !== "message") return;
      if (ev.message === "go") return globalThis.go();
      if (ev.message === "first") { await new Promise((go) => globalThis.go = go); return; }
      ctx.emit("response", { body: ev.message.slice(0, -500) });
    }`,
  ));
  await using client = await Client.open(server.ws("/many"), { deadlineMs: 60_000 });
  await using helper = await Client.open(server.ws("/many"));
  client.send("first");
  const before = server.memory();
  for (let n = 0; n < 10_000; n++) client.send(n + padding);
  // Who closes the queue has sent more than may wait; 10,000 may.
  client.send("x".repeat(500));
  helper.send("go");
  assertEquals(await nextTexts(client, 10_001), [
    ...Array.from({ length: 10_000 }, (_, n) => String(n)),
    "",
  ]);
  // They are 5 MB; what is kept of each, and their answers, come on top.
  assert(server.memory() - before < 200 * 2 ** 20, `${server.memory() - before} bytes`);
});
