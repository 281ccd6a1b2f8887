import { assert, assertEquals, assertMatch } from "@std/assert";
import { Client, connectAndCloseWithoutCode } from "../../helpers/client.ts";
import { allTo, flow } from "../../helpers/flow.ts";
import { frameOf, Raw } from "../../helpers/raw.ts";
import { Board } from "../../helpers/board.ts";
import type { Served } from "../../helpers/served.ts";
import { Server } from "../../helpers/server.ts";
import type { Files } from "../../helpers/site.ts";

/** A service whose flow has one node, with this handler. */
function service(path: string, handler: string, more: Files = {}): Files {
  return {
    "services/a/a.flow.json": flow(path, { node: "./node.js" }, allTo("node")),
    "services/a/node.js": `exports.handler = ${handler};`,
    ...more,
  };
}

/** Says the events back; the `close` event goes to the log. */
const TELLING = `(ev, ctx) => {
  const keys = Object.keys(ev).sort();
  if (ctx.input === "close") console.log(JSON.stringify([keys, ev]));
  else ctx.emit("response", { body: { input: ctx.input, keys, ev } });
}`;

function start(files: Files): Promise<Board> {
  return Board.start(files);
}

Deno.test("contract Lolo 2: every event has the fields that are listed, and nothing else", async (t) => {
  await using server = await start(service("/chat/:room", TELLING));
  const fields = ["headers", "method", "params", "peer", "query", "sessionId"];
  const client = await Client.open(server.ws("/chat/den?a=1&a=2&b=x%20y&__proto__=p"), {
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
});

Deno.test("contract Lolo 2: a session id is its connection's alone", async () => {
  await using server = await start(service("/a", TELLING));
  const ids = new Set<string>();
  for (let n = 0; n < 20; n++) {
    await using client = await Client.open(server.ws("/a"));
    ids.add((await client.nextJson()).ev.sessionId);
  }
  assertEquals(ids.size, 20);
});

Deno.test("contract Lolo 2: a node may change an event; the next one is as it should be", async () => {
  await using server = await start(service(
    "/a/:room",
    `(ev, ctx) => {
      ctx.emit("response", { body: [ev.params, ev.query, typeof ev.headers.host, ev.sessionId.length > 10] });
      ev.params.room = "other"; ev.query.q = "other"; delete ev.headers.host; ev.sessionId = "";
    }`,
  ));
  await using client = await Client.open(server.ws("/a/den?q=1"));
  for (let n = 0; n < 3; n++) {
    assertEquals(await client.nextJson(), [{ room: "den" }, { q: "1" }, "string", true]);
    client.send("again");
  }
});

Deno.test("contract Lolo 2: text comes as a string, binary as Uint8Array", async () => {
  await using server = await start(service(
    "/a",
    `(ev, ctx) => "message" in ev && ctx.emit("response", { body: [
      typeof ev.message, ev.message instanceof Uint8Array, [...ev.message]] })`,
  ));
  await using client = await Client.open(server.ws("/a"));
  client.send("hé");
  assertEquals(await client.nextJson(), ["string", false, ["h", "é"]]);
  client.send(new Uint8Array([0, 255, 7]));
  assertEquals(await client.nextJson(), ["object", true, [0, 255, 7]]);
  client.send("");
  assertEquals(await client.nextJson(), ["string", false, []]);
  client.send(new Uint8Array());
  assertEquals(await client.nextJson(), ["object", true, []]);
});

Deno.test("contract Lolo 2: close events say how the connection ended", async (t) => {
  await using server = await start(service(
    "/a",
    `(ev, ctx) => {
      if (ctx.input === "close") console.log(JSON.stringify([ev.code, ev.reason]));
      if (ev.message === "end") ctx.emit("response", { body: "bye", end: true });
    }`,
    { "services/a/service.json": { maxMessageBytes: 100 } },
  ));
  const ended = async () =>
    JSON.parse((await server.logged(({ message }) => message.startsWith("["))).message);
  await t.step("by the client", async () => {
    const client = await Client.open(server.ws("/a"));
    await client.close(3333, "a reason: é");
    assertEquals(await ended(), [3333, "a reason: é"]);
  });
  await t.step("by the client, without a code", async () => {
    await connectAndCloseWithoutCode(server.ws("/a"));
    assertEquals(await ended(), [1005, ""]);
  });
  await t.step("by response", async () => {
    const client = await Client.open(server.ws("/a"));
    client.send("end");
    assertEquals(await client.next(), "bye");
    assertEquals(await client.untilClosed(), { code: 1000, reason: "" });
    assertEquals(await ended(), [1000, ""]);
  });
  await t.step("by the server, for a limit", async () => {
    const client = await Client.open(server.ws("/a"));
    client.send("x".repeat(101));
    assertEquals((await client.untilClosed()).code, 1009);
    assertEquals(await ended(), [1009, "message too big"]);
  });
  await t.step("on the way", async () => {
    const raw = await Raw.connect(server.port);
    await raw.handshake("/a");
    raw[Symbol.dispose]();
    assertEquals(await ended(), [1006, ""]);
  });
});

Deno.test("contract Lolo 2: named parameters are decoded, each once", async (t) => {
  await using server = await start(service("/chat/:room/:user", TELLING));
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
});

Deno.test("contract Lolo 2: of several paths the more exact one counts, whatever their order", async (t) => {
  const paths = [
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
  const node = (path: string) => ({ use: "lolo/Websocket Trigger", params: { path } });
  const say = `exports.handler = (ev, ctx) =>
    ctx.emit("response", { body: [ctx.input, ev.params] });`;
  await using server = await start({
    // One flow has them all; a second one of the same service has a path as well.
    "services/a/a.flow.json": {
      nodes: {
        ...Object.fromEntries(paths.map((path, index) => [`t${index}`, node(path)])),
        say: { file: "./say.js" },
      },
      edges: paths.map((path, index) => [`t${index}.req`, `say.${path}`]),
    },
    "services/a/b.flow.json": {
      nodes: { t: node("/r/fixed/two"), say: { file: "./say.js" } },
      edges: [["t.req", "say./r/fixed/two"]],
    },
    "services/a/say.js": say,
  });
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

Deno.test("contract Lolo 2: a flow takes nobody else's requests", async (t) => {
  await using server = await start({
    ...service("/:first/:second?", TELLING),
    "services/xp/xp.js": `exports.get = () => ({ body: "xp" });`,
    "services/d/d.js": `exports.onMessage = (text) => text;`,
    "services/d/d.websocket": { handler: "d/d", endpoint: "d" },
  });
  await t.step("pages of the server", async () => {
    for (const path of ["/", "/healthz", "/readyz"]) {
      const response = await server.fetch(path);
      assertEquals(response.status, 200, path);
      await response.body?.cancel();
    }
  });
  await t.step("services of other systems", async () => {
    assertEquals(await server.text("/services/xp"), "xp");
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
  await t.step("it gets what is nobody's", async () => {
    await using client = await Client.open(server.ws("/anything/else"));
    assertEquals((await client.nextJson()).ev.params, { first: "anything", second: "else" });
  });
});

Deno.test("contract Lolo 2: the path speaks websocket and nothing else", async (t) => {
  await using server = await start(service("/chat/:room", TELLING));
  for (const method of ["GET", "POST", "DELETE"]) {
    await t.step(method, async () => {
      const response = await server.fetch("/chat/a", { method });
      assertEquals([response.status, response.headers.get("upgrade")], [426, "websocket"]);
      assertEquals(await response.text(), "Connect a websocket here\n");
    });
  }
  await t.step("a broken handshake is refused as anywhere", async () => {
    using raw = await Raw.connect(server.port);
    assertMatch(await raw.handshake("/chat/a", { "Sec-WebSocket-Key": "x" }), /^HTTP\/1\.1 400 /);
  });
  await t.step("a page of another origin is refused as anywhere", async () => {
    using raw = await Raw.connect(server.port);
    assertMatch(
      await raw.handshake("/chat/a", { Origin: "https://evil.test" }),
      /^HTTP\/1\.1 403 /,
    );
  });
  await t.step("the manifest's rules are the flow's", async () => {
    await using closed = await start(service("/a", TELLING, {
      "services/a/service.json": { allow: ["role:system.authenticated"] },
    }));
    using raw = await Raw.connect(closed.port);
    assertMatch(await raw.handshake("/a"), /^HTTP\/1\.1 401 /);
  });
  await t.step("and so is the number of sessions", async () => {
    await using small = await start(service("/a", TELLING, {
      "services/a/service.json": { maxSessions: 1 },
    }));
    await using client = await Client.open(small.ws("/a"));
    await client.next();
    using raw = await Raw.connect(small.port);
    assertMatch(await raw.handshake("/a"), /^HTTP\/1\.1 503 /);
  });
});

Deno.test("contract Lolo 2: peer is the client, behind trusted proxies too, and cannot be forged", async (t) => {
  const peerOf = async (server: Served, headers: Record<string, string>) => {
    await using client = await Client.open(server.ws("/a"), { headers });
    return (await client.nextJson()).ev.peer;
  };
  const forwarded = { "X-Forwarded-For": "203.0.113.9, 10.0.0.2" };
  await t.step("no proxy is trusted: the header counts for nothing", async () => {
    await using server = await start(service("/a", TELLING));
    const tries: Record<string, string>[] = [{}, forwarded, { Forwarded: "for=203.0.113.9" }];
    for (const headers of tries) {
      assertEquals(await peerOf(server, headers), "127.0.0.1");
    }
  });
  await t.step("another one is trusted: it counts for nothing either", async () => {
    await using server = await start(
      service("/a", TELLING, { "switchboard.json": { trustProxy: ["10.0.0.2"] } }),
    );
    assertEquals(await peerOf(server, forwarded), "127.0.0.1");
  });
  await t.step("this one is trusted", async () => {
    await using server = await start(
      service("/a", TELLING, { "switchboard.json": { trustProxy: ["127.0.0.1", "10.0.0.2"] } }),
    );
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
});

Deno.test("contract Lolo 2: response sends text, bytes, JSON or nothing", async (t) => {
  await using server = await start(service(
    "/a",
    `(ev, ctx) => {
      if (!("message" in ev)) return;
      const CASES = {
        "text": "text", "empty": "", "uint8": new Uint8Array([1, 2]), "buffer": new Uint8Array([3]).buffer,
        "view": new DataView(new Uint8Array([9, 4, 5, 9]).buffer, 1, 2), "object": { a: [1, null] },
        "number": 0, "false": false, "null": null, "date": new Date(0), "toJSON": { toJSON: () => "own" },
      };
      ctx.emit("response", { body: CASES[ev.message], more: "ignored", close: true });
    }`,
  ));
  await using client = await Client.open(server.ws("/a"));
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
      assertEquals(await client.next(), expected);
    });
  }
  assertEquals(client.waiting.length, 0);
});

Deno.test("contract Lolo 2: a response that cannot be sent is an error of the node", async (t) => {
  await using server = await start(service(
    "/a",
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
  ));
  await using client = await Client.open(server.ws("/a"));
  const cases: Record<string, RegExp> = {
    "a ring": /TypeError: Converting circular structure to JSON/,
    "a bigint": /TypeError: Do not know how to serialize a BigInt/,
    "a function": /TypeError: Cannot send a function: it has no JSON/,
    "a symbol": /TypeError: Cannot send a symbol: it has no JSON/,
    "a text": /TypeError: "response" takes { body, end }, got a string/,
    "a number": /TypeError: "response" takes { body, end }, got a number/,
    "true": /TypeError: "response" takes { body, end }, got a boolean/,
  };
  for (const [name, expected] of Object.entries(cases)) {
    await t.step(name, async () => {
      client.send(name);
      const { message } = await server.logged(({ level }) => level === "ERROR");
      assertMatch(message, expected);
      assertMatch(message, /^flow "a", node "node", session /);
    });
  }
  client.send("nothing");
  client.send("fine");
  assertEquals(await client.next(), "fine");
});

Deno.test("contract Lolo 2: any node may respond, at once or later, as often as it likes", async (t) => {
  const files = {
    "services/a/a.flow.json": flow("/a", { one: "./one.js", two: "./two.js" }, [
      ["socket.req", "one.in"],
      ["socket.message", "one.in"],
      ["one.out", "two.in"],
    ]),
    "services/a/one.js": `exports.handler = (ev, { emit, route }) => {
      emit("response", { body: "one" });
      route({ unlike: "the event", message: ev.message });
    };`,
    "services/a/two.js": `exports.handler = async (ev, { emit }) => {
      emit("response", { body: "two" });
      setTimeout(() => emit("response", { body: "later", end: ev.message === "end" }), 20);
    };`,
  };
  await using server = await start(files);
  await using other = await Client.open(server.ws("/a"));
  for (const text of ["one", "two", "later"]) assertEquals(await other.next(), text);
  const client = await Client.open(server.ws("/a"));
  await t.step("on req", async () => {
    for (const text of ["one", "two", "later"]) assertEquals(await client.next(), text);
  });
  await t.step("on a message, and end it", async () => {
    client.send("end");
    for (const text of ["one", "two", "later"]) assertEquals(await client.next(), text);
    assertEquals(await client.untilClosed(), { code: 1000, reason: "" });
  });
  await t.step("nobody else has got anything", () => assertEquals(other.waiting.length, 0));
});

Deno.test("contract Lolo 2: after the connection closed, a response is silent", async () => {
  await using server = await start(service(
    "/a",
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
  ));
  const client = await Client.open(server.ws("/a"));
  client.send("end");
  assertEquals(await client.next(), "last");
  await client.untilClosed();
  assertEquals((await server.logged(({ service }) => service === "a")).message, "through");
  assertEquals(client.waiting.length, 0);
  assertEquals(await server.settled(), { sessions: 0, groups: 0 });
});

Deno.test("contract Lolo 2: who emits a million times reaches a client that reads, and no other", async (t) => {
  await using server = await start(service(
    "/a",
    `(ev, ctx) => {
      if (ev.message === "nobody hears") for (let n = 0; n < 1e6; n++) ctx.emit("signal", n);
      else if (ev.message === "million") for (let n = 0; n < 1e6; n++) ctx.emit("response", { body: "x".repeat(100) });
      if ("message" in ev) ctx.emit("response", { body: "through" });
    }`,
    { "services/a/service.json": { eventTimeoutMs: 60000 } },
  ));
  await t.step("a signal that nobody waits for", async () => {
    await using client = await Client.open(server.ws("/a"));
    client.send("nobody hears");
    assertEquals(await client.next(), "through");
  });
  await t.step("a client that does not read is dropped, and the service goes on", async () => {
    using raw = await Raw.connect(server.port);
    await raw.handshake("/a");
    await raw.write(frameOf(1, "million"));
    await using client = await Client.open(server.ws("/a"));
    client.send("hello");
    assertEquals(await client.next(), "through");
    while ((await server.counts()).sessions > 1);
  });
});

Deno.test("contract Lolo 2: req first, then one message at a time in order, close last", async () => {
  await using server = await start(service(
    "/a",
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
  ));
  using raw = await Raw.connect(server.port);
  await raw.handshake("/a");
  await raw.write(frameOf(1, "one"));
  await raw.write(frameOf(1, "two"));
  await raw.write(frameOf(8, new Uint8Array([3, 232])));
  const { message } = await server.logged(({ service }) => service === "a");
  assertEquals(
    message,
    "begin req, end req, begin one, end one, begin two, end two, begin close, end close",
  );
});

Deno.test("contract Lolo 2: an event is through when all nodes are through with it", async () => {
  await using server = await start({
    "services/a/a.flow.json": flow("/a", {
      fast: "./fast.js",
      slow: "./slow.js",
      last: "./last.js",
    }, [
      ["socket.message", "fast.in"],
      ["fast.out", "slow.in"],
      ["slow.out", "last.in"],
      ["socket.message", "last.in"],
    ]),
    "services/a/fast.js": `exports.handler = (ev, ctx) => ctx.route(ev);`,
    "services/a/slow.js": `exports.handler = async (ev, ctx) => {
      await new Promise((done) => setTimeout(done, 30));
      ctx.route({ ...ev, message: ev.message + " slow" });
    };`,
    "services/a/last.js":
      `exports.handler = (ev, ctx) => ctx.emit("response", { body: ev.message });`,
  });
  await using client = await Client.open(server.ws("/a"));
  client.send("1");
  client.send("2");
  for (const text of ["1", "1 slow", "2", "2 slow"]) assertEquals(await client.next(), text);
});

Deno.test("contract Lolo 2: a slow handler delays its own connection only", async () => {
  await using server = await start(service(
    "/a/:who",
    `async (ev, ctx) => {
      if (ev.message === "wait") await new Promise((go) => globalThis.go = go);
      if (ev.message === "go") globalThis.go();
      if ("message" in ev) ctx.emit("response", { body: ev.message });
    }`,
  ));
  await using slow = await Client.open(server.ws("/a/slow"));
  await using quick = await Client.open(server.ws("/a/quick"));
  slow.send("wait");
  slow.send("behind");
  for (let n = 0; n < 100; n++) {
    quick.send(String(n));
    assertEquals(await quick.next(), String(n));
  }
  assertEquals(slow.waiting.length, 0);
  quick.send("go");
  assertEquals([await slow.next(), await slow.next()], ["wait", "behind"]);
});

Deno.test("contract Lolo 2: 10,000 messages come while the first is being handled: order and memory hold", async () => {
  const padding = "x".repeat(500);
  await using server = await Server.start(service(
    "/a",
    `async (ev, ctx) => {
      if (ctx.input !== "message") return;
      if (ev.message === "go") return globalThis.go();
      if (ev.message === "first") { await new Promise((go) => globalThis.go = go); return; }
      ctx.emit("response", { body: ev.message.slice(0, -500) });
    }`,
  ));
  await using client = await Client.open(server.ws("/a"));
  await using helper = await Client.open(server.ws("/a"));
  client.send("first");
  const before = server.memory();
  for (let n = 0; n < 10_000; n++) client.send(n + padding);
  // Who closes the queue has sent more than may wait; 10,000 may.
  client.send("x".repeat(500));
  helper.send("go");
  for (let n = 0; n < 10_000; n++) assertEquals(await client.next(), String(n));
  assertEquals(await client.next(), "");
  // They are 5 MB; what is kept of each, and their answers, come on top.
  assert(server.memory() - before < 200 * 2 ** 20, `${server.memory() - before} bytes`);
});

Deno.test("contract Lolo 2: a connection manager by hand works as documented", async () => {
  await using server = await start({
    "services/a/a.flow.json": flow("/chat/:room", { manager: "./manager.js" }, allTo("manager")),
    // Keeps emit from req on, and drops it on close.
    "services/a/manager.js": `
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
  });
  await using one = await Client.open(server.ws("/chat/a"));
  const two = await Client.open(server.ws("/chat/a"));
  await using other = await Client.open(server.ws("/chat/b"));
  // Their req events have been handled when they are answered.
  other.send("here");
  assertEquals(await other.next(), "here 3");
  one.send("hello");
  assertEquals([await one.next(), await two.next()], ["hello 3", "hello 3"]);
  await two.close();
  while ((await server.counts()).sessions > 2);
  one.send("alone");
  assertEquals(await one.next(), "alone 2");
  assertEquals(other.waiting.length, 0);
});

Deno.test("contract Lolo 2: what a trigger knows of a client, other services do not get to see", async () => {
  await using server = await start({
    ...service("/a", `(ev, ctx) => ctx.emit("response", { body: ev.sessionId })`),
    "services/spy/spy.js": `
      const { getSession } = require("/lib/websocket");
      exports.get = (req) => ({ contentType: "application/json", body: getSession(req.params.id) });`,
  });
  await using client = await Client.open(server.ws("/a?q=1"), {
    headers: { Cookie: "secret=1", Authorization: "Bearer secret" },
  });
  const id = await client.next() as string;
  const seen = await server.text(`/services/spy?id=${encodeURIComponent(id)}`);
  assertEquals(JSON.parse(seen), { id, service: "a", path: "/a", params: { q: "1" }, data: {} });
});
