import { assert, assertEquals, assertMatch } from "@std/assert";
import { Client } from "../../helpers/client.ts";
import { allTo, flow } from "../../helpers/flow.ts";
import { SharedBoard } from "../../helpers/shared_board.ts";

const MANAGER = { use: "lolo/Connection Manager" };

/** Each case has flows of its own in service `a`; service `b` is for those that the other flows would disturb. */
const suite = new SharedBoard();

suite.add("setup runs once and is awaited, before the first event", {
  "services/a/setup.flow.json": flow("/setup", {
    first: "./setup/first.js",
    second: "./setup/second.js",
  }, [
    ["socket.req", "second.in"],
  ]),
  // The order is that of the file, and one waits for the other.
  "services/a/setup/first.js": `
    exports.setup = async (ctx) => {
      await new Promise((done) => setTimeout(done, 50));
      globalThis.calls = ["first " + ctx.functionName];
    };`,
  "services/a/setup/second.js": `
    exports.setup = async (ctx) => { globalThis.calls.push("second"); };
    exports.handler = async (ev, ctx) => ctx.emit("response", { body: globalThis.calls });`,
}, async (server) => {
  for (let n = 0; n < 2; n++) {
    await using client = await Client.open(server.ws("/setup"));
    assertEquals(await client.nextJson(), ["first first", "second"]);
  }
});

const here = `async (ev, ctx) => { ctx.emit("response", { body: "here" }); }`;
const modules: Record<string, string> = {
  "node.js": `exports.handler = ${here};`,
  "node.cjs": `module.exports = { handler: ${here} };`,
  "node.mjs": `import { basename } from "node:path"; export const handler = ${here};`,
  "default.mjs": `export default { handler: ${here} };`,
  "node.ts": `export const handler = ${here.replace("(ev, ctx)", "(_: unknown, ctx: any)")};`,
  "lib.js": `exports.handler = require("/lib/shared").handler;`,
};
suite.add("a node is a CommonJS module, an ES module or TypeScript", {
  "lib/shared.js": `exports.handler = ${here};`,
  ...Object.fromEntries(
    Object.entries(modules).flatMap(([file, code]) => [
      [`services/a/kinds/${file}`, code],
      [
        `services/a/kinds-${file.replace(".", "-")}.flow.json`,
        flow(`/kinds/${file}`, { node: `./kinds/${file}` }, [["socket.req", "node.in"]]),
      ],
    ]),
  ),
  "services/b/shared.flow.json": flow("/kinds/shared", { node: "../../lib/shared.js" }, [
    ["socket.req", "node.in"],
  ]),
}, async (server, t) => {
  for (const path of [...Object.keys(modules), "shared"]) {
    await t.step(path, async () => {
      await using client = await Client.open(server.ws(`/kinds/${path}`));
      assertEquals(await client.next(), "here");
    });
  }
});

const showContext =
  `ctx.emit("response", { body: [Object.keys(ctx).sort(), ctx, typeof ctx.log.info] })`;
suite.add("the context has all that is listed, and nothing else", {
  "services/b/chat.flow.json": flow("/context", {
    ports: {
      file: "./context/node.js",
      params: { greeting: "hi", deep: { er: [1] } },
      inputs: ["one", "two"],
      outputs: ["yes", "no"],
    },
    bare: "./context/bare.js",
  }, [["socket.req", "ports.two"], ["ports.no", "bare.x"], ["bare.b", "ports.one"]]),
  // Every process has the first; what it has besides is not granted.
  "services/b/service.json": { permissions: { env: ["PATH", "SWITCHBOARD_TESTS_MISSING"] } },
  "services/b/context/node.js": `
    let setup;
    exports.setup = (ctx) => { setup = [Object.keys(ctx).sort(), ctx.input === undefined]; };
    exports.handler = async (ev, ctx) => {
      if (ctx.input !== "two") return;
      ctx.emit("response", { body: setup });
      ${showContext};
      ctx.route(ev, "no");
    };`,
  "services/b/context/bare.js": `exports.handler = async (ev, ctx) => { ${showContext}; };`,
}, async (server) => {
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
  const variables = Deno.env.toObject();
  assert(Object.keys(variables).length > 1);
  const env = { PATH: variables.PATH };
  await using client = await Client.open(server.ws("/context"));
  assertEquals(await client.nextJson(), [[...members, "addHelper"].sort(), true]);
  const common = { appId: "b/chat", appName: "chat", env, log: {}, state: {} };
  assertEquals(await client.nextJson(), [members, {
    ...common,
    functionId: "b/chat/ports",
    functionName: "ports",
    input: "two",
    inputs: ["one", "two"],
    outputs: ["yes", "no"],
    params: { greeting: "hi", deep: { er: [1] } },
  }, "function"]);
  assertEquals(await client.nextJson(), [members, {
    ...common,
    functionId: "b/chat/bare",
    functionName: "bare",
    input: "x",
    inputs: ["x"],
    outputs: ["b"],
    params: {},
  }, "function"]);
});

const routes: {
  name: string;
  path: string;
  node: unknown;
  edges: [string, string][];
  answers: Record<string, string>;
}[] = [
  {
    name: "the first of its outputs, where they are listed",
    path: "/route/listed",
    node: { file: "./route/go.js", outputs: ["yes", "no", "nowhere"] },
    edges: [["go.no", "say.n"], ["go.yes", "say.y"]],
    answers: {
      default: "say.y default",
      undefined: "say.y undefined",
      no: "say.n no",
      yes: "say.y yes",
    },
  },
  {
    name: "out, where they are not",
    path: "/route/out",
    node: "./route/go.js",
    edges: [["go.other", "say.o"], ["go.out", "say.d"]],
    answers: { default: "say.d default", other: "say.o other", out: "say.d out" },
  },
  {
    name: "the only one that there is",
    path: "/route/only",
    node: "./route/go.js",
    edges: [["go.result", "say.r"]],
    answers: { default: "say.r default", result: "say.r result" },
  },
];
suite.add("route() goes to the default out-port, or to the one that is named", {
  ...Object.fromEntries(routes.map(({ path, node, edges }) => [
    `services/a/${path.slice(1).replace("/", "-")}.flow.json`,
    flow(path, { go: node, say: "./route/say.js" }, [["socket.message", "go.in"], ...edges]),
  ])),
  "services/a/route/go.js": `exports.handler = async (ev, { route }) => {
    if (ev.message === "default") route(ev);
    else if (ev.message === "undefined") route(ev, undefined);
    else route(ev, ev.message);
  };`,
  "services/a/route/say.js": `exports.handler = async (ev, ctx) =>
    ctx.emit("response", { body: ctx.functionName + "." + ctx.input + " " + ev.message });`,
}, async (server, t) => {
  for (const { name, path, answers } of routes) {
    await t.step(name, async () => {
      await using client = await Client.open(server.ws(path));
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

suite.add("a port that does not exist is an error with flow, node and session, and no more", {
  "services/a/ports.flow.json": flow("/ports", { go: "./ports/go.js", end: "./ports/end.js" }, [
    ["socket.message", "go.in"],
    ["go.out", "end.in"],
  ]),
  "services/a/ports/go.js": `exports.handler = (ev, ctx) => ctx.route(ev, ev.message);`,
  "services/a/ports/end.js":
    `exports.handler = (ev, ctx) => ctx.emit("response", { body: "end" });`,
}, async (server) => {
  await using client = await Client.open(server.ws("/ports"));
  for (const port of ["nowhere", "constructor", "__proto__", ""]) {
    client.send(port);
    const { level, message } = await server.logged(({ service }) => service === "a");
    assertEquals(level, "ERROR");
    assertMatch(
      message,
      new RegExp(
        `^flow "ports", node "go", session \\S+: RangeError: There is no out-port "${port}", expected one of out: ` +
          `list it in the node's "outputs" if it may lead nowhere`,
      ),
    );
  }
  client.send("out");
  assertEquals(await client.next(), "end");
});

suite.add("an event travels by reference", {
  "services/a/reference.flow.json": flow(
    "/reference",
    { one: "./reference/one.js", two: "./reference/two.js", three: "./reference/three.js" },
    [
      ["socket.message", "one.in"],
      ["one.out", "two.in"],
      ["two.out", "three.in"],
    ],
  ),
  "services/a/reference/one.js": `exports.handler = async (ev, ctx) => {
    ev.live = { map: new Map([["a", 1]]), hello: () => "hello " + ev.message, self: ev };
    await null;
    ctx.route(ev);
  };`,
  "services/a/reference/two.js":
    `exports.handler = (ev, ctx) => { ev.live.map.set("b", 2); ctx.route(ev); };`,
  "services/a/reference/three.js": `exports.handler = (ev, ctx) => ctx.emit("response", { body: [
    [...ev.live.map], ev.live.hello(), ev.live.self === ev] });`,
}, async (server) => {
  await using client = await Client.open(server.ws("/reference"));
  client.send("you");
  assertEquals(await client.nextJson(), [[["a", 1], ["b", 2]], "hello you", true]);
  client.send("again");
  assertEquals(await client.nextJson(), [[["a", 1], ["b", 2]], "hello again", true]);
});

suite.add("state is a node's own, and stays as long as the isolate", {
  "services/a/state.flow.json": flow(
    "/state",
    { one: "./state/count.js", two: "./state/count.js" },
    [
      ["socket.message", "one.in"],
      ["one.out", "two.in"],
    ],
  ),
  "services/a/state/count.js": `exports.handler = async (ev, ctx) => {
    const { get, set, keys } = ctx.state;
    set("count", (get("count") ?? 0) + (ctx.functionName === "one" ? 1 : 10));
    set("live", get("live") ?? new Map());
    get("live").set(ev.message, true);
    ctx.emit("response", { body: [ctx.functionName, get("count"), keys(), get("live").size,
      get("none") === undefined, get("__proto__") === undefined] });
    ctx.route(ev);
  };`,
}, async (server) => {
  await using first = await Client.open(server.ws("/state"));
  first.send("a");
  assertEquals(await first.nextJson(), ["one", 1, ["count", "live"], 1, true, true]);
  assertEquals(await first.nextJson(), ["two", 10, ["count", "live"], 1, true, true]);
  await using second = await Client.open(server.ws("/state"));
  second.send("b");
  assertEquals(await second.nextJson(), ["one", 2, ["count", "live"], 2, true, true]);
  assertEquals(await second.nextJson(), ["two", 20, ["count", "live"], 2, true, true]);
});

suite.add("once() hears a signal of its event, once and in time", {
  "services/a/once.flow.json": flow("/once", { ask: "./once/ask.js", answer: "./once/answer.js" }, [
    ["socket.message", "ask.in"],
    ["ask.out", "answer.in"],
  ]),
  "services/a/once/ask.js": `exports.handler = async (ev, { once, emit, route, functionName }) => {
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
  "services/a/once/answer.js": `exports.handler = async (ev, { emit }) => {
    if (ev.message === "late") await new Promise((done) => setTimeout(done, 50));
    emit("nobody waits for this");
    emit("done", 1, ev.message);
    emit("done", 2);
    emit("response", { body: "through" });
  };`,
}, async (server, t) => {
  await using client = await Client.open(server.ws("/once"));
  await t.step("with what was emitted", async () => {
    client.send("hello");
    assertEquals(await client.nextJson(), ["done", 1, "hello"]);
    assertEquals(await client.next(), "through");
    const { message } = await server.logged(({ level }) => level === "ERROR");
    assertMatch(
      message,
      /^flow "once", node "ask", session \S+: Error: in a callback\n.*ask\.js:10:/,
    );
  });
  await t.step("not that of another event", async () => {
    client.send("silent");
    assertEquals(await client.next(), "through");
  });
  await t.step("not after its time", async () => {
    client.send("late");
    assertEquals(await client.next(), "through");
    const { message } = await server.logged(({ level }) => level === "ERROR");
    assertMatch(message, /: Error: in a callback\n/);
  });
  await t.step("response is a signal too", async () => {
    client.send("echo");
    assertEquals(await client.next(), "through");
    assertEquals(await client.next(), "seen through");
  });
});

suite.add("once() refuses what cannot wait, and lets only so many", {
  "services/a/limits.flow.json": flow("/limits", { node: "./limits/node.js" }, [[
    "socket.message",
    "node.in",
  ]]),
  "services/a/limits/node.js": `
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
}, async (server, t) => {
  await using client = await Client.open(server.ws("/limits"));
  const expectations: Record<string, RegExp> = {
    "no callback": /^TypeError: once\(\) needs a function to call, got undefined$/,
    "text": /^TypeError: once\(\) needs a function to call, got string$/,
    "time -1": /^RangeError: The time for "x" must be milliseconds, got -1$/,
    "time NaN": /^RangeError: The time for "x" must be milliseconds, got NaN$/,
    "time soon": /^RangeError: The time for "x" must be milliseconds, got soon$/,
    "too many": /^RangeError: At most 1024 callbacks may wait with one event$/,
    "for ever": /^fine$/,
  };
  for (const [name, expected] of Object.entries(expectations)) {
    await t.step(name, async () => {
      client.send(name);
      assertMatch(await client.next() as string, expected);
    });
  }
});

const askDouble = `exports.handler = async (ev, ctx) => {
  const { double } = ctx;
  ctx.emit("response", { body: [typeof double, double?.(21)] });
};`;
suite.add("helpers are in the context of all nodes of their flow", {
  "services/b/helpers-a.flow.json": flow("/helpers", {
    ask: "./helpers/ask.js",
    tools: "./helpers/tools.js",
  }, [
    ["socket.req", "ask.in"],
  ]),
  "services/b/helpers-b.flow.json": flow("/helpers/other", { ask: "./helpers/ask.js" }, [[
    "socket.req",
    "ask.in",
  ]]),
  "services/b/helpers/ask.js": askDouble,
  // It has no handler and no edges: a node may be there for its setup alone.
  "services/b/helpers/tools.js": `exports.setup = async ({ addHelper, functionName }) => {
    const refused = [["route", () => {}], ["addHelper", () => {}], ["", () => {}], ["x"], [1, () => {}]]
      .map((args) => { try { addHelper(...args); } catch (error) { return error.name; } });
    if (refused.join() !== Array(5).fill("TypeError").join()) throw new Error(refused.join());
    addHelper("double", (value) => 2 * value);
    try { addHelper("double", () => 0); } catch (error) { console.log(error.message); }
  };`,
}, async (server) => {
  await using client = await Client.open(server.ws("/helpers"));
  assertEquals(await client.nextJson(), ["function", 42]);
  await using other = await Client.open(server.ws("/helpers/other"));
  assertEquals(await other.nextJson(), ["undefined", null]);
  assertEquals(
    server.log.all.map((line) => JSON.parse(line)).filter(({ service }) => service === "b")
      .map(({ message }) => message),
    ['Every context has a "double" already'],
  );
});

suite.add("what a node logs has its level, and says whose it is", {
  "services/a/logs.flow.json": flow("/logs", { node: "./logs/node.js" }, [[
    "socket.req",
    "node.in",
  ]]),
  "services/a/logs/node.js": `exports.handler = async (ev, { log }) => {
    for (const level of ["trace", "debug", "info", "warn", "error", "fatal"]) log[level]("a %d %j", 1, { b: 2 }, "c");
    log.info();
  };`,
}, async (server) => {
  await using _client = await Client.open(server.ws("/logs"));
  const text = `logs/node: a 1 {"b":2} c`;
  // The server logs from INFO on.
  const levels = ["INFO", "WARN", "ERROR", "ERROR"];
  for (const level of levels) {
    const line = await server.logged(({ service }) => service === "a");
    assertEquals([line.level, line.message], [level, text]);
  }
  assertEquals((await server.logged(({ service }) => service === "a")).message, "logs/node: ");
});

suite.add("a throw is logged with flow, node and session; the connection stays open", {
  "services/a/throws.flow.json": flow("/throws", {
    bad: "./throws/bad.js",
    good: "./throws/good.js",
  }, [
    ["socket.req", "bad.in"],
    ["socket.message", "bad.in"],
    ["socket.close", "bad.in"],
    ["socket.message", "good.in"],
  ]),
  "services/a/throws/bad.js": `
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
  "services/a/throws/good.js": `exports.handler = async (ev, ctx) =>
    ctx.emit("response", { body: [ev.message, ev.sessionId] });`,
}, async (server, t) => {
  const client = await Client.open(server.ws("/throws"));
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
      assertEquals(text.startsWith(`flow "throws", node "bad", session ${id}: `), true, text);
    });
  }
  await t.step("on close", async () => {
    await client.close();
    assertMatch(await logged(), new RegExp(`session ${session}: Error: on in close`));
    assertEquals(await server.settled(), { sessions: 0, groups: 0 });
  });
});

suite.add("a node that never routes holds up nobody", {
  "services/a/quiet.flow.json": flow("/quiet", {
    quiet: "./quiet/quiet.js",
    loud: "./quiet/loud.js",
    manager: MANAGER,
  }, [...allTo("quiet"), ["quiet.out", "loud.in"], ["socket.message", "loud.in"]]),
  "services/a/quiet/quiet.js": `exports.handler = async () => {};`,
  "services/a/quiet/loud.js":
    `exports.handler = (ev, ctx) => ctx.emit("response", { body: ev.message });`,
}, async (server) => {
  await using client = await Client.open(server.ws("/quiet"));
  for (const text of ["one", "two"]) {
    client.send(text);
    assertEquals(await client.next(), text);
  }
  assertEquals(client.waiting.length, 0);
});

Deno.test("contract Lolo 1: functions", suite.run);
