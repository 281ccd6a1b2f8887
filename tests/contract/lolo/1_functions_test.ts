import { assertEquals, assertMatch } from "@std/assert";
import { Client } from "../../helpers/client.ts";
import { allTo, flow } from "../../helpers/flow.ts";
import { Board } from "../../helpers/board.ts";
import { Server } from "../../helpers/server.ts";

const MANAGER = { use: "lolo/Connection Manager" };

Deno.test("contract Lolo 1: setup runs once and is awaited, before the first event", async () => {
  await using server = await Board.start({
    "services/a/a.flow.json": flow("/a", { first: "./first.js", second: "./second.js" }, [
      ["socket.req", "second.in"],
    ]),
    // The order is that of the file, and one waits for the other.
    "services/a/first.js": `
      exports.setup = async (ctx) => {
        await new Promise((done) => setTimeout(done, 50));
        globalThis.calls = ["first " + ctx.functionName];
      };`,
    "services/a/second.js": `
      exports.setup = async (ctx) => { globalThis.calls.push("second"); };
      exports.handler = async (ev, ctx) => ctx.emit("response", { body: globalThis.calls });`,
  });
  for (let n = 0; n < 2; n++) {
    await using client = await Client.open(server.ws("/a"));
    assertEquals(await client.nextJson(), ["first first", "second"]);
  }
});

Deno.test("contract Lolo 1: a node is a CommonJS module, an ES module or TypeScript", async (t) => {
  const handler = `async (ev, ctx) => { ctx.emit("response", { body: "here" }); }`;
  const modules: Record<string, string> = {
    "node.js": `exports.handler = ${handler};`,
    "node.cjs": `module.exports = { handler: ${handler} };`,
    "node.mjs": `import { basename } from "node:path"; export const handler = ${handler};`,
    "default.mjs": `export default { handler: ${handler} };`,
    "node.ts": `export const handler = ${handler.replace("(ev, ctx)", "(_: unknown, ctx: any)")};`,
    "lib.js": `exports.handler = require("/lib/shared").handler;`,
  };
  const files = Object.keys(modules);
  await using server = await Board.start({
    "lib/shared.js": `exports.handler = ${handler};`,
    ...Object.fromEntries(files.map((file) => [`services/a/${file}`, modules[file]])),
    ...Object.fromEntries(files.map((file) => [
      `services/a/${file.replace(".", "-")}.flow.json`,
      flow(`/${file}`, { node: `./${file}` }, [["socket.req", "node.in"]]),
    ])),
    "services/b/b.flow.json": flow("/shared", { node: "../../lib/shared.js" }, [
      ["socket.req", "node.in"],
    ]),
  });
  for (const path of [...files, "shared"]) {
    await t.step(path, async () => {
      await using client = await Client.open(server.ws(`/${path}`));
      assertEquals(await client.next(), "here");
    });
  }
});

Deno.test("contract Lolo 1: the context has all that is listed, and nothing else", async () => {
  const say = `ctx.emit("response", { body: [Object.keys(ctx).sort(), ctx, typeof ctx.log.info] })`;
  await using server = await Server.start({
    "services/a/chat.flow.json": flow("/a", {
      ports: {
        file: "./node.js",
        params: { greeting: "hi", deep: { er: [1] } },
        inputs: ["one", "two"],
        outputs: ["yes", "no"],
      },
      bare: "./bare.js",
    }, [["socket.req", "ports.two"], ["ports.no", "bare.x"], ["bare.b", "ports.one"]]),
    "services/a/service.json": { permissions: { env: ["GRANTED", "MISSING"] } },
    "services/a/node.js": `
      let setup;
      exports.setup = (ctx) => { setup = [Object.keys(ctx).sort(), ctx.input === undefined]; };
      exports.handler = async (ev, ctx) => {
        if (ctx.input !== "two") return;
        ctx.emit("response", { body: setup });
        ${say};
        ctx.route(ev, "no");
      };`,
    "services/a/bare.js": `exports.handler = async (ev, ctx) => { ${say}; };`,
  }, { env: { GRANTED: "yes", SECRET: "no" } });
  const members = [
    "appId",
    "appName",
    "emit",
    "env",
    "functionId",
    "functionName",
    "input",
    "inputs",
    "log",
    "once",
    "outputs",
    "params",
    "route",
    "state",
  ];
  await using client = await Client.open(server.ws("/a"));
  assertEquals(await client.nextJson(), [[...members, "addHelper"].sort(), true]);
  const common = { appId: "a/chat", appName: "chat", env: { GRANTED: "yes" }, log: {}, state: {} };
  assertEquals(await client.nextJson(), [members, {
    ...common,
    functionId: "a/chat/ports",
    functionName: "ports",
    input: "two",
    inputs: ["one", "two"],
    outputs: ["yes", "no"],
    params: { greeting: "hi", deep: { er: [1] } },
  }, "function"]);
  assertEquals(await client.nextJson(), [members, {
    ...common,
    functionId: "a/chat/bare",
    functionName: "bare",
    input: "x",
    inputs: ["x"],
    outputs: ["b"],
    params: {},
  }, "function"]);
});

Deno.test("contract Lolo 1: route() goes to the default out-port, or to the one that is named", async (t) => {
  const say = `exports.handler = async (ev, ctx) =>
    ctx.emit("response", { body: ctx.functionName + "." + ctx.input + " " + ev.message });`;
  const go = `exports.handler = async (ev, { route }) => {
    if (ev.message === "default") route(ev);
    else if (ev.message === "undefined") route(ev, undefined);
    else route(ev, ev.message);
  };`;
  const cases: [string, unknown, [string, string][], Record<string, string>][] = [
    [
      "the first of its outputs, where they are listed",
      { file: "./go.js", outputs: ["yes", "no", "nowhere"] },
      [["go.no", "say.n"], ["go.yes", "say.y"]],
      { default: "say.y default", undefined: "say.y undefined", no: "say.n no", yes: "say.y yes" },
    ],
    [
      "out, where they are not",
      "./go.js",
      [["go.other", "say.o"], ["go.out", "say.d"]],
      { default: "say.d default", other: "say.o other", out: "say.d out" },
    ],
    [
      "the only one that there is",
      "./go.js",
      [["go.result", "say.r"]],
      { default: "say.r default", result: "say.r result" },
    ],
  ];
  for (const [name, node, edges, answers] of cases) {
    await t.step(name, async () => {
      await using server = await Board.start({
        "services/a/a.flow.json": flow("/a", { go: node, say: "./say.js" }, [
          ["socket.message", "go.in"],
          ...edges,
        ]),
        "services/a/go.js": go,
        "services/a/say.js": say,
      });
      await using client = await Client.open(server.ws("/a"));
      for (const [message, answer] of Object.entries(answers)) {
        client.send(message);
        assertEquals(await client.next(), answer);
      }
      if (name.startsWith("the first")) {
        // It is there, and leads nowhere.
        client.send("nowhere");
        client.send("no");
        assertEquals(await client.next(), "say.n no");
      }
    });
  }
});

Deno.test("contract Lolo 1: a port that does not exist is an error with flow, node and session, and no more", async () => {
  await using server = await Board.start({
    "services/a/talk.flow.json": flow("/a", { go: "./go.js", end: "./end.js" }, [
      ["socket.message", "go.in"],
      ["go.out", "end.in"],
    ]),
    "services/a/go.js": `exports.handler = (ev, ctx) => ctx.route(ev, ev.message);`,
    "services/a/end.js": `exports.handler = (ev, ctx) => ctx.emit("response", { body: "end" });`,
  });
  await using client = await Client.open(server.ws("/a"));
  for (const port of ["nowhere", "constructor", "__proto__", ""]) {
    client.send(port);
    const { level, message } = await server.logged(({ service }) => service === "a");
    assertEquals(level, "ERROR");
    assertMatch(
      message,
      new RegExp(
        `^flow "talk", node "go", session \\S+: RangeError: There is no out-port "${port}", expected one of out: ` +
          `list it in the node's "outputs" if it may lead nowhere`,
      ),
    );
  }
  client.send("out");
  assertEquals(await client.next(), "end");
});

Deno.test("contract Lolo 1: an event travels by reference", async () => {
  await using server = await Board.start({
    "services/a/a.flow.json": flow(
      "/a",
      { one: "./one.js", two: "./two.js", three: "./three.js" },
      [
        ["socket.message", "one.in"],
        ["one.out", "two.in"],
        ["two.out", "three.in"],
      ],
    ),
    "services/a/one.js": `exports.handler = async (ev, ctx) => {
      ev.live = { map: new Map([["a", 1]]), hello: () => "hello " + ev.message, self: ev };
      await null;
      ctx.route(ev);
    };`,
    "services/a/two.js":
      `exports.handler = (ev, ctx) => { ev.live.map.set("b", 2); ctx.route(ev); };`,
    "services/a/three.js": `exports.handler = (ev, ctx) => ctx.emit("response", { body: [
      [...ev.live.map], ev.live.hello(), ev.live.self === ev] });`,
  });
  await using client = await Client.open(server.ws("/a"));
  client.send("you");
  assertEquals(await client.nextJson(), [[["a", 1], ["b", 2]], "hello you", true]);
  client.send("again");
  assertEquals(await client.nextJson(), [[["a", 1], ["b", 2]], "hello again", true]);
});

Deno.test("contract Lolo 1: state is a node's own, and stays as long as the isolate", async () => {
  await using server = await Board.start({
    "services/a/a.flow.json": flow("/a", { one: "./count.js", two: "./count.js" }, [
      ["socket.message", "one.in"],
      ["one.out", "two.in"],
    ]),
    "services/a/count.js": `exports.handler = async (ev, ctx) => {
      const { get, set, keys } = ctx.state;
      set("count", (get("count") ?? 0) + (ctx.functionName === "one" ? 1 : 10));
      set("live", get("live") ?? new Map());
      get("live").set(ev.message, true);
      ctx.emit("response", { body: [ctx.functionName, get("count"), keys(), get("live").size,
        get("none") === undefined, get("__proto__") === undefined] });
      ctx.route(ev);
    };`,
  });
  await using first = await Client.open(server.ws("/a"));
  first.send("a");
  assertEquals(await first.nextJson(), ["one", 1, ["count", "live"], 1, true, true]);
  assertEquals(await first.nextJson(), ["two", 10, ["count", "live"], 1, true, true]);
  await using second = await Client.open(server.ws("/a"));
  second.send("b");
  assertEquals(await second.nextJson(), ["one", 2, ["count", "live"], 2, true, true]);
  assertEquals(await second.nextJson(), ["two", 20, ["count", "live"], 2, true, true]);
});

Deno.test("contract Lolo 1: once() hears a signal of its event, once and in time", async (t) => {
  await using server = await Board.start({
    "services/a/a.flow.json": flow("/a", { ask: "./ask.js", answer: "./answer.js" }, [
      ["socket.message", "ask.in"],
      ["ask.out", "answer.in"],
    ]),
    "services/a/ask.js": `exports.handler = async (ev, { once, emit, route, functionName }) => {
      const say = (body) => emit("response", { body });
      if (ev.message === "silent") return route(ev);
      if (ev.message === "echo") {
        once("response", (answer) => say("seen " + answer.body));
        return route(ev);
      }
      if (ev.message === "late") once("done", (...args) => say(["late", ...args]), 0);
      else once("done", (...args) => say(["done", ...args]));
      once("done", async () => { throw new Error("in a callback"); });
      route(ev);
    };`,
    "services/a/answer.js": `exports.handler = async (ev, { emit }) => {
      if (ev.message === "late") await new Promise((done) => setTimeout(done, 50));
      emit("nobody waits for this");
      emit("done", 1, ev.message);
      emit("done", 2);
      emit("response", { body: "through" });
    };`,
  });
  await using client = await Client.open(server.ws("/a"));
  await t.step("with what was emitted", async () => {
    client.send("hello");
    assertEquals(await client.nextJson(), ["done", 1, "hello"]);
    assertEquals(await client.next(), "through");
    const { message } = await server.logged(({ level }) => level === "ERROR");
    assertMatch(message, /^flow "a", node "ask", session \S+: Error: in a callback\n.*ask\.js:10:/);
  });
  await t.step("not that of another event", async () => {
    client.send("silent");
    assertEquals(await client.next(), "through");
  });
  await t.step("not after its time", async () => {
    client.send("late");
    assertEquals(await client.next(), "through");
  });
  await t.step("response is a signal too", async () => {
    client.send("echo");
    assertEquals(await client.next(), "through");
    assertEquals(await client.next(), "seen through");
  });
});

Deno.test("contract Lolo 1: once() refuses what cannot wait, and lets only so many", async (t) => {
  await using server = await Board.start({
    "services/a/a.flow.json": flow("/a", { node: "./node.js" }, [["socket.message", "node.in"]]),
    "services/a/node.js": `
      const CASES = {
        "no callback": (ctx) => ctx.once("x"),
        "text": (ctx) => ctx.once("x", "call me"),
        "time -1": (ctx) => ctx.once("x", () => {}, -1),
        "time NaN": (ctx) => ctx.once("x", () => {}, NaN),
        "time soon": (ctx) => ctx.once("x", () => {}, "soon"),
        "too many": (ctx) => { for (let n = 0; n <= 1024; n++) ctx.once("x" + n % 7, () => {}, 1000); },
        "for ever": (ctx) => { ctx.once("x", () => ctx.emit("response", { body: "fine" }), Infinity); ctx.emit("x"); },
      };
      exports.handler = async (ev, ctx) => {
        try { CASES[ev.message](ctx); } catch (error) { ctx.emit("response", { body: String(error) }); }
      };`,
  });
  await using client = await Client.open(server.ws("/a"));
  const cases: Record<string, RegExp> = {
    "no callback": /^TypeError: once\(\) needs a function to call, got undefined$/,
    "text": /^TypeError: once\(\) needs a function to call, got string$/,
    "time -1": /^RangeError: The time for "x" must be milliseconds, got -1$/,
    "time NaN": /^RangeError: The time for "x" must be milliseconds, got NaN$/,
    "time soon": /^RangeError: The time for "x" must be milliseconds, got soon$/,
    "too many": /^RangeError: At most 1024 callbacks may wait with one event$/,
    "for ever": /^fine$/,
  };
  for (const [name, expected] of Object.entries(cases)) {
    await t.step(name, async () => {
      client.send(name);
      assertMatch(await client.next() as string, expected);
    });
  }
});

Deno.test("contract Lolo 1: helpers are in the context of all nodes of their flow", async () => {
  const ask = `exports.handler = async (ev, ctx) => {
    const { double } = ctx;
    ctx.emit("response", { body: [typeof double, double?.(21)] });
  };`;
  await using server = await Board.start({
    "services/a/a.flow.json": flow("/a", { ask: "./ask.js", tools: "./tools.js" }, [
      ["socket.req", "ask.in"],
    ]),
    "services/a/b.flow.json": flow("/b", { ask: "./ask.js" }, [["socket.req", "ask.in"]]),
    "services/a/ask.js": ask,
    // It has no handler and no edges: a node may be there for its setup alone.
    "services/a/tools.js": `exports.setup = async ({ addHelper, functionName }) => {
      const refused = [["route", () => {}], ["addHelper", () => {}], ["", () => {}], ["x"], [1, () => {}]]
        .map((args) => { try { addHelper(...args); } catch (error) { return error.name; } });
      if (refused.join() !== Array(5).fill("TypeError").join()) throw new Error(refused.join());
      addHelper("double", (value) => 2 * value);
      try { addHelper("double", () => 0); } catch (error) { console.log(error.message); }
    };`,
  });
  await using client = await Client.open(server.ws("/a"));
  assertEquals(await client.nextJson(), ["function", 42]);
  await using other = await Client.open(server.ws("/b"));
  assertEquals(await other.nextJson(), ["undefined", null]);
  assertEquals(
    server.log.all.map((line) => JSON.parse(line).message),
    ['There is a "double" in every context already'],
  );
});

Deno.test("contract Lolo 1: what a node logs has its level, and says whose it is", async () => {
  await using server = await Board.start({
    "services/a/talk.flow.json": flow("/a", { node: "./node.js" }, [["socket.req", "node.in"]]),
    "services/a/node.js": `exports.handler = async (ev, { log }) => {
      for (const level of ["trace", "debug", "info", "warn", "error", "fatal"]) log[level]("a %d %j", 1, { b: 2 }, "c");
      log.info();
    };`,
  });
  await using _client = await Client.open(server.ws("/a"));
  const text = `talk/node: a 1 {"b":2} c`;
  // The server logs from INFO on.
  const levels = ["INFO", "WARN", "ERROR", "ERROR"];
  for (const level of levels) {
    const line = await server.logged(({ service }) => service === "a");
    assertEquals([line.level, line.message], [level, text]);
  }
  assertEquals((await server.logged(({ service }) => service === "a")).message, "talk/node: ");
});

Deno.test("contract Lolo 1: a throw is logged with flow, node and session; the connection stays open", async (t) => {
  await using server = await Board.start({
    "services/a/talk.flow.json": flow("/a", { bad: "./bad.js", good: "./good.js" }, [
      ["socket.req", "bad.in"],
      ["socket.message", "bad.in"],
      ["socket.close", "bad.in"],
      ["socket.message", "good.in"],
    ]),
    "services/a/bad.js": `
      const WAYS = {
        "sync": () => { throw new Error("sync"); },
        "async": async () => { await null; throw new Error("async"); },
        "text": () => { throw "text"; },
        "nothing": () => { throw undefined; },
        "odd": () => { throw { get message() { throw new Error("again"); } }; },
        "thenable": () => ({ then(_, reject) { reject(new Error("thenable")); } }),
        "bad thenable": () => ({ get then() { throw new Error("bad thenable"); } }),
        "nested": () => Promise.reject(new AggregateError([], "nested")),
      };
      exports.handler = (ev, ctx) => {
        if (!("message" in ev)) throw new Error("on " + ctx.input + " " + ("code" in ev ? "close" : "req"));
        return WAYS[ev.message]();
      };`,
    "services/a/good.js": `exports.handler = async (ev, ctx) =>
      ctx.emit("response", { body: [ev.message, ev.sessionId] });`,
  });
  const client = await Client.open(server.ws("/a"));
  const logged = async () => (await server.logged(({ level }) => level === "ERROR")).message;
  assertMatch(await logged(), /Error: on in req\n/);
  const ways: Record<string, RegExp> = {
    "sync": /Error: sync\n.*bad\.js:3:/,
    "async": /Error: async\n.*bad\.js:4:/,
    "text": /: text$/,
    "nothing": /: undefined$/,
    "odd": /: /,
    "thenable": /Error: thenable\n/,
    "bad thenable": /Error: bad thenable\n/,
    "nested": /AggregateError: nested/,
  };
  let session = "";
  for (const [way, expected] of Object.entries(ways)) {
    await t.step(way, async () => {
      client.send(way);
      const [message, id] = await client.nextJson();
      assertEquals(message, way);
      session = id;
      const text = await logged();
      assertMatch(text, expected);
      assertEquals(text.startsWith(`flow "talk", node "bad", session ${id}: `), true, text);
    });
  }
  await t.step("on close", async () => {
    await client.close();
    assertMatch(await logged(), new RegExp(`session ${session}: Error: on in close`));
    assertEquals(await server.settled(), { sessions: 0, groups: 0 });
  });
});

Deno.test("contract Lolo 1: a node that never routes holds up nobody", async () => {
  await using server = await Board.start({
    "services/a/a.flow.json": flow("/a", {
      quiet: "./quiet.js",
      loud: "./loud.js",
      manager: MANAGER,
    }, [...allTo("quiet"), ["quiet.out", "loud.in"], ["socket.message", "loud.in"]]),
    "services/a/quiet.js": `exports.handler = async () => {};`,
    "services/a/loud.js":
      `exports.handler = (ev, ctx) => ctx.emit("response", { body: ev.message });`,
  });
  await using client = await Client.open(server.ws("/a"));
  for (const text of ["one", "two"]) {
    client.send(text);
    assertEquals(await client.next(), text);
  }
  assertEquals(client.waiting.length, 0);
});
