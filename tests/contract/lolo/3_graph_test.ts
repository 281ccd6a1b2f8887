import { assertEquals, assertMatch } from "@std/assert";
import { Client } from "../../helpers/client.ts";
import { allTo, flow } from "../../helpers/flow.ts";
import { InProcessServer } from "../../helpers/in_process.ts";
import type { Served } from "../../helpers/served.ts";
import { SharedBoard } from "../../helpers/shared_board.ts";

const MANAGER = { use: "lolo/Connection Manager" };
const SAY = `exports.handler = (ev, ctx) =>
  ctx.emit("response", { body: ctx.functionName + "." + ctx.input });`;
const PASS = `exports.handler = (ev, ctx) => ctx.route(ev);`;

/**
 * Each case has flows of its own: in service `a`, or in one whose manifest, swaps or faults are its own. The cases
 * whose events run in circles come last in `a`: what they log and leave behind is not for the others.
 */
const suite = new SharedBoard();

/** The next error of a service. */
async function errorOf(server: Served, name: string): Promise<string> {
  const line = await server.logged(({ level, service }) => level === "ERROR" && service === name);
  return line.message;
}

suite.add("an out-port feeds its nodes in the order of the edges", {
  "services/a/edges.flow.json": flow("/edges", {
    one: "./edges/say.js",
    two: "./edges/say.js",
    three: "./edges/say.js",
  }, [
    ["socket.req", "two.x"],
    ["socket.req", "three.y"],
    ["socket.req", "one.z"],
    ["socket.req", "two.again"],
  ]),
  "services/a/edges/say.js": SAY,
}, async (server) => {
  await using client = await Client.open(server.ws("/edges"));
  for (const text of ["two.x", "three.y", "one.z", "two.again"]) {
    assertEquals(await client.next(), text);
  }
});

suite.add("a broken flow is named at start-up, and the others run", {
  "services/a/bad.flow.json": flow("/bad", { say: "./edges/say.js" }, [["socket.reqq", "say.in"]]),
  "services/one/one.flow.json": flow("/rooms/:room", { say: "./say.js" }, []),
  "services/one/say.js": SAY,
  "services/two/two.flow.json": flow("/rooms/lobby", { say: "./say.js" }, []),
  "services/two/say.js": SAY,
  "services/stray.flow.json": flow("/stray", {}, []),
}, async (server, t) => {
  const errors = server.log.all.map((line) => JSON.parse(line))
    .filter(({ level }) => level === "ERROR");
  await t.step("an edge", async () => {
    assertMatch(await errorOf(server, "a"), /"services\/a\/bad\.flow\.json"/);
    assertEquals(
      errors.filter(({ service }) => service === "a").map(({ message }) => message),
      [
        'Cannot serve flow "services/a/bad.flow.json": edge ["socket.reqq", "say.in"]: ' +
        'node "socket" has no out-port "reqq", did you mean "req"?',
      ],
    );
    // The one of the case above.
    await using client = await Client.open(server.ws("/edges"));
    assertEquals(await client.next(), "two.x");
    const response = await server.fetch("/bad");
    assertEquals(response.status, 404);
    await response.body?.cancel();
  });
  await t.step("a path that two services want", async () => {
    const of = (name: string) => errors.find(({ service }) => service === name)?.message;
    assertEquals(
      of("one"),
      'Cannot serve flow "services/one/one.flow.json": node "socket": path "/rooms/:room" is for some of the ' +
        'same requests as path "/rooms/lobby" of node "socket" in "services/two/two.flow.json"',
    );
    assertMatch(
      of("two"),
      /"\/rooms\/lobby" is for some of the same requests as path "\/rooms\/:room"/,
    );
    // Neither gets them: who asked for the lobby shall not end up with somebody else.
    for (const path of ["/rooms/lobby", "/rooms/den"]) {
      const response = await server.fetch(path);
      assertEquals(response.status, 404);
      await response.body?.cancel();
    }
  });
  await t.step("a flow that lies where no service is", () => {
    assertEquals(
      errors.find(({ service }) => service === undefined)?.message,
      'Cannot serve flow "services/stray.flow.json": move it into a service folder, services/NAME/',
    );
  });
});

suite.add("a file of the service's name that is a node is no controller", {
  "services/a/named.flow.json": flow("/named", { say: "./a.js" }, [["socket.req", "say.in"]]),
  "services/a/a.js": `${SAY} exports.get = () => ({ body: "xp" });`,
}, async (server) => {
  const response = await server.fetch("/services/a");
  assertEquals(response.status, 404);
  await response.body?.cancel();
  await using client = await Client.open(server.ws("/named"));
  assertEquals(await client.next(), "say.in");
});

suite.add("a manager broadcasts to all, or to those whose params match", {
  "services/a/broadcast.flow.json": flow("/broadcast/:room/:role", {
    manager: MANAGER,
    say: "./broadcast/say.js",
  }, [
    ...allTo("manager"),
    ["manager.out", "say.in"],
    ["say.out", "manager.broadcast"],
  ]),
  "services/a/broadcast/say.js": `exports.handler = (ev, ctx) => {
      if (!("message" in ev)) return;
      const { params, ...more } = JSON.parse(ev.message);
      if (more.body !== undefined) ctx.route({ ...more, ...(params === "own" ? { params: ev.params } : params && { params }) });
      else ctx.route({ message: ev.message, params: {} });
    };`,
}, async (server, t) => {
  const names = ["den/host", "den/guest", "attic/host"];
  const clients: Client[] = [];
  for (const name of names) clients.push(await Client.open(server.ws(`/broadcast/${name}`)));
  const [one] = clients;
  const cases: [string, Record<string, unknown>, string[]][] = [
    ["all", {}, names],
    ["params of none", { params: {} }, names],
    ["null", { params: null }, names],
    ["one of them", { params: { room: "den" } }, ["den/host", "den/guest"]],
    ["the other", { params: { role: "host" } }, ["den/host", "attic/host"]],
    ["both", { params: { role: "host", room: "attic" } }, ["attic/host"]],
    ["an event's own", { params: "own" }, ["den/host"]],
    ["a value that nobody has", { params: { room: "cellar" } }, []],
    ["a parameter that nobody has", { params: { floor: 1 } }, []],
    ["part of a value", { params: { room: "de" } }, []],
    ["a value with a separator", { params: { room: "den&role=guest" } }, []],
  ];
  for (const [name, broadcast, receivers] of cases) {
    await t.step(name, async () => {
      one!.send(JSON.stringify({ ...broadcast, body: name }));
      one!.send(JSON.stringify({ body: "end" }));
      for (const [index, client] of clients.entries()) {
        if (receivers.includes(names[index]!)) assertEquals(await client.next(), name);
        assertEquals(await client.next(), "end");
      }
    });
  }
  await t.step("a message without a body", async () => {
    one!.send('{"hello":1}');
    for (const client of clients) assertEquals(await client.next(), '{"hello":1}');
  });
  await t.step("not to connections that have left", async () => {
    await clients.pop()!.close();
    assertEquals((await server.until(({ sessions }) => sessions <= 2)).sessions, 2);
    one!.send(JSON.stringify({ body: { as: "JSON" } }));
    for (const client of clients) assertEquals(await client.nextJson(), { as: "JSON" });
  });
  for (const client of clients) await client.close();
  assertEquals(await server.settled(), { sessions: 0, groups: 0 });
});

suite.add("a manager passes on what it knows, and takes garbage for what it is", {
  "services/a/garbage.flow.json": flow("/garbage", {
    in: "./garbage/in.js",
    manager: MANAGER,
    out: "./garbage/out.js",
  }, [
    ["socket.message", "in.in"],
    ["in.req", "manager.req"],
    ["in.message", "manager.message"],
    ["in.close", "manager.close"],
    ["in.broadcast", "manager.broadcast"],
    ["manager.out", "out.in"],
  ]),
  "services/a/garbage/in.js": `exports.handler = (ev, ctx) => {
      const [port, event] = JSON.parse(ev.message);
      ctx.route(event === "ev" ? ev : event, port);
    };`,
  "services/a/garbage/out.js":
    `exports.handler = (ev, ctx) => ctx.emit("response", { body: "out" });`,
}, async (server, t) => {
  await using client = await Client.open(server.ws("/garbage"));
  for (const port of ["req", "message", "close"]) {
    await t.step(port, async () => {
      client.send(JSON.stringify([port, "ev"]));
      assertEquals(await client.next(), "out");
    });
  }
  const garbage: [string, unknown, RegExp][] = [
    ["req", 7, /Expected an event, got number/],
    ["req", null, /Expected an event, got null/],
    ["req", {}, /The event has no sessionId/],
    ["close", { sessionId: 7 }, /The event has no sessionId/],
    ["req", { sessionId: "x", params: 7 }, /Expected "params" as an object, got number/],
    ["broadcast", {}, /A broadcast needs a "body" or a "message"/],
    ["broadcast", { body: 1, params: "den" }, /Expected "params" as an object, got string/],
    [
      "broadcast",
      { body: 1, params: { a: 1, b: 2, c: 3, d: 4, e: 5 } },
      /matched by 4 parameters at the most, got a, b, c, d, e: list those that count/,
    ],
  ];
  for (const [port, event, expected] of garbage) {
    await t.step(`${port} ${JSON.stringify(event)}`, async () => {
      client.send(JSON.stringify([port, event]));
      const message = await errorOf(server, "a");
      assertMatch(message, expected);
      assertMatch(message, /^flow "garbage", node "manager", session /);
    });
  }
});

suite.add("a manager matches by the parameters that its node lists", {
  "services/a/match.flow.json": flow(
    "/:a/:b/:c/:d/:e",
    { manager: { ...MANAGER, params: { match: ["e", "none"] } } },
    [["socket.req", "manager.req"], ["socket.message", "manager.broadcast"]],
  ),
}, async (server) => {
  await using one = await Client.open(server.ws("/1/2/3/4/same"));
  await using two = await Client.open(server.ws("/5/6/7/8/same"));
  await using other = await Client.open(server.ws("/1/2/3/4/other"));
  // Each has been let in when it hears itself.
  for (const client of [other, two, one]) client.send("hello");
  assertEquals(await other.next(), "hello");
  assertEquals([await two.next(), await one.next()], ["hello", "hello"]);
  one.send("e");
  while (await one.next() !== "e");
  while (await two.next() !== "e");
  assertEquals(other.waiting.length, 0);
});

suite.add("a very long parameter is matched as any other", {
  "services/a/long.flow.json": flow("/long/:room", { manager: MANAGER }, [
    ["socket.req", "manager.req"],
    ["socket.message", "manager.broadcast"],
  ]),
}, async (server) => {
  const long = "x".repeat(3000);
  await using one = await Client.open(server.ws(`/long/${long}`));
  await using other = await Client.open(server.ws(`/long/${long}y`));
  one.send("one");
  assertEquals(await one.next(), "one");
  other.send("other");
  assertEquals(await other.next(), "other");
});

suite.add("a cycle that ends is fine, one that does not is dropped with its path", {
  "services/a/loop.flow.json": flow("/loop", {
    count: "./loop/count.js",
    back: "./loop/pass.js",
    end: "./loop/end.js",
  }, [
    ["socket.message", "count.in"],
    ["count.again", "back.in"],
    ["back.out", "count.in"],
    ["count.done", "end.in"],
  ]),
  "services/a/loop/count.js": `exports.handler = async (ev, ctx) => {
      if (ev.message.startsWith("slow")) await null;
      ev.count = (ev.count ?? 0) + 1;
      ctx.route(ev, ev.count >= Number(ev.message.split(" ")[1]) ? "done" : "again");
    };`,
  "services/a/loop/pass.js": PASS,
  "services/a/loop/end.js":
    `exports.handler = (ev, ctx) => ctx.emit("response", { body: "after " + ev.count });`,
}, async (server, t) => {
  await using client = await Client.open(server.ws("/loop"));
  for (const kind of ["quick", "slow"]) {
    await t.step(kind, async () => {
      client.send(`${kind} 500`);
      assertEquals(await client.next(), "after 500");
      client.send(`${kind} Infinity`);
      const message = await errorOf(server, "a");
      assertMatch(
        message,
        /^flow "loop", node "count", session \S+: the event has gone 1024 steps/,
      );
      assertEquals(
        message.split(" and is dropped: ")[1],
        "count.in → back.in → count.in → …",
      );
      // The connection and the service go on.
      client.send(`${kind} 1`);
      assertEquals(await client.next(), "after 1");
    });
  }
});

suite.add("an event that multiplies without end is dropped", {
  "services/a/twice.flow.json": flow("/twice", {
    twice: "./twice/twice.js",
    say: "./twice/say.js",
  }, [
    ["socket.message", "twice.in"],
    ["twice.out", "twice.in"],
    ["socket.message", "say.in"],
  ]),
  "services/a/twice/twice.js": `exports.handler = (ev, ctx) => {
      if (ev.message === "quick") { ctx.route(ev); ctx.route(ev); }
      if (ev.message === "slow") return Promise.resolve().then(() => { ctx.route(ev); ctx.route(ev); });
      if (ev.message === "million") for (let n = 0; n < 1e6; n++) ctx.route({});
    };`,
  "services/a/twice/say.js": SAY,
}, async (server, t) => {
  await using client = await Client.open(server.ws("/twice"));
  for (const kind of ["quick", "slow", "million"]) {
    await t.step(kind, async () => {
      client.send(kind);
      const message = await errorOf(server, "a");
      assertMatch(
        message,
        /node "twice", session \S+: the event (is on its way to 16384 nodes at a time|has gone 1024 steps) and is dropped: twice\.in → twice\.in → …$/,
      );
      client.send("fine");
    });
  }
});

suite.add("what a node hands on later is not lost for an overload that is over", {
  "services/a/feed.flow.json": flow(
    "/feed",
    { feed: "./feed/feed.js", sink: "./feed/sink.js" },
    [
      ["socket.message", "feed.in"],
      ["feed.out", "sink.in"],
    ],
  ),
  // Its context is kept from setup, and used for ever.
  "services/a/feed/feed.js": `
      let feed;
      exports.setup = (ctx) => { feed = ctx.route; };
      exports.handler = (ev, { emit }) => {
        if (ev.message === "flood") {
          for (let n = 0; n < 20_000; n++) feed({ wait: true });
          emit("response", { body: "flooded" });
        } else feed({ emit });
      };`,
  "services/a/feed/sink.js": `exports.handler = async (ev) => {
      if (ev.wait) await new Promise(() => {});
      ev.emit("response", { body: "fed" });
    };`,
}, async (server) => {
  await using client = await Client.open(server.ws("/feed"));
  client.send("flood");
  assertEquals(await client.next(), "flooded");
  client.send("again");
  assertEquals(await client.next(), "fed");
});

const managed = (service: string, groups: string[]) => ({
  [`services/${service}/talk.flow.json`]: flow(`/${service}/:room`, { manager: MANAGER }, [
    ["socket.req", "manager.req"],
    ["socket.message", "manager.broadcast"],
  ]),
  [`services/${service}/service.json`]: { groups: { join: groups, send: groups } },
});
suite.add("the groups of a manager are granted like any others", {
  ...managed("refused", ["chat"]),
  ...managed("granted", ["lolo:granted/*"]),
  "services/granted/granted.js": `exports.get = () => ({ body: "fine" });`,
}, async (server, t) => {
  await t.step("refused", async () => {
    await using client = await Client.open(server.ws("/refused/den"));
    assertMatch(
      await errorOf(server, "refused"),
      /node "manager", session \S+: SwitchboardError: Cannot join group "lolo:refused\/talk\/manager": "groups.join" in service.json does not list it/,
    );
    client.send("hello");
    assertMatch(
      await errorOf(server, "refused"),
      /Cannot send to group "lolo:refused\/talk\/manager\?room=den"/,
    );
  });
  await t.step("granted", async () => {
    await using client = await Client.open(server.ws("/granted/den"));
    client.send("hello");
    assertEquals(await client.next(), "hello");
  });
});

const version = (text: string) =>
  `exports.handler = (ev, ctx) =>
    "message" in ev && ctx.route({ params: ev.params, body: "${text}: " + ev.message });`;
const nodes = { manager: MANAGER, say: "./say.js" };
const edges: [string, string][] = [...allTo("manager"), ["manager.out", "say.in"], [
  "say.out",
  "manager.broadcast",
]];
suite.add("a flow is edited with its sockets open, and a manager still knows them", {
  "services/edited/z.flow.json": flow("/edited/:room", nodes, edges),
  "services/edited/say.js": version("one"),
}, async (server, t) => {
  const one = await Client.open(server.ws("/edited/den?q=1"));
  await using two = await Client.open(server.ws("/edited/den"));
  two.send("here");
  assertEquals(await two.next(), "one: here");
  one.send("hello");
  // It may have come before the other one's first message.
  assertMatch(await one.next() as string, /^one: h/);
  assertEquals(await two.next(), "one: hello");
  while (one.waiting.length > 0) await one.next();
  await t.step("a node, and another flow before it", async () => {
    server.site.write({
      "services/edited/say.js": version("two"),
      "services/edited/b.flow.json": flow("/edited-b", { say: "./say.js" }, [[
        "socket.message",
        "say.in",
      ]]),
    });
    await server.board.reload("edited");
    two.send("there");
    assertEquals([await one.next(), await two.next()], ["two: there", "two: there"]);
  });
  await t.step("an isolate that ends", async () => {
    server.board.restart("edited");
    two.send("anew");
    assertEquals([await one.next(), await two.next()], ["two: anew", "two: anew"]);
  });
  await t.step("what it cannot become replaces nothing", async () => {
    server.site.write({
      "services/edited/z.flow.json": flow("/edited/:room", nodes, [["a.b", "c.d"]]),
    });
    let message = "";
    await server.board.reload("edited").catch((error) => message = error.message);
    // The other flow could run; but the sockets of this one would be closed.
    assertMatch(message, /flow "services\/edited\/z\.flow\.json": edge \["a\.b", "c\.d"\]/);
    server.site.write({
      "services/edited/b.flow.json": flow("/edited-b", nodes, [["x.y", "manager.req"]]),
    });
    await server.board.reload("edited").catch((error) => message = error.message);
    assertMatch(message, /flow "services\/edited\/b\.flow\.json": edge \["x\.y", "manager\.req"\]/);
    two.send("still");
    assertEquals([await one.next(), await two.next()], ["two: still", "two: still"]);
  });
  await t.step("a trigger that is no more closes its sockets", async () => {
    const renamed = flow("/edited-elsewhere", nodes, edges);
    const { socket, ...others } = renamed.nodes as Record<string, unknown>;
    server.site.write({
      "services/edited/b.flow.json": flow("/edited-b", { say: "./say.js" }, [[
        "socket.message",
        "say.in",
      ]]),
      "services/edited/z.flow.json": {
        nodes: { entrance: socket, ...others },
        edges: edges.map(([from, to]) => [from.replace("socket", "entrance"), to]),
      },
    });
    await server.board.reload("edited");
    assertEquals(await one.untilClosed(), { code: 1001, reason: "no longer served" });
    assertEquals(await two.untilClosed(), { code: 1001, reason: "no longer served" });
    await using three = await Client.open(server.ws("/edited-elsewhere"));
    assertEquals(three.waiting.length, 0);
  });
  await t.step("and so does a flow that is no more", async () => {
    await using three = await Client.open(server.ws("/edited-elsewhere"));
    Deno.removeSync(`${server.site.root}/services/edited/z.flow.json`);
    await server.board.reload("edited");
    assertEquals(await three.untilClosed(), { code: 1001, reason: "no longer served" });
  });
});

const broken: [string, Record<string, string>, RegExp][] = [
  [
    "setup throws",
    {
      "node.js":
        `exports.handler = () => {};\nexports.setup = async () => { throw new Error("no luck"); };`,
    },
    /setup of flow "talk", node "node": Error: no luck[^]*node\.js:2:/,
  ],
  [
    "no handler",
    { "node.js": `exports.handle = () => {};` },
    /flow "talk", node "node": it exports no handler, and the edge \["socket\.req", "node\.in"\] leads to it/,
  ],
  ["handler is no function", { "node.js": `exports.handler = "text";` }, /it exports no handler/],
  [
    "it throws",
    { "node.js": `throw new TypeError("at once");` },
    /flow "talk", node "node": TypeError: at once[^]*node\.js:1:/,
  ],
  [
    "no syntax",
    { "node.js": `exports.handler = (;` },
    /flow "talk", node "node": [^]*node\.js:1:/,
  ],
  [
    "a module that is not there",
    { "node.js": `require("./none");` },
    /Cannot find module ".\/none"/,
  ],
  ["exports nothing", { "node.js": `module.exports = null;` }, /it exports no handler/],
];
suite.add("a node that does not start says which one it is, and where", {
  ...Object.fromEntries(broken.flatMap(([, files], n) => [
    [
      `services/broken${n}/talk.flow.json`,
      flow(`/broken${n}`, { node: "./node.js" }, [["socket.req", "node.in"]]),
    ],
    ...Object.entries(files).map(([file, text]) => [`services/broken${n}/${file}`, text]),
  ])),
}, async (server, t) => {
  for (const [n, [name, , expected]] of broken.entries()) {
    await t.step(name, async () => {
      const errors = server.log.all.map((line) => JSON.parse(line))
        .filter(({ level, service }) => level === "ERROR" && service === `broken${n}`);
      assertMatch(errors[0]?.message ?? "no error", expected);
      assertEquals(await server.text("/services/granted"), "fine");
      const response = await server.fetch(`/broken${n}`);
      assertEquals(response.status, 503);
      await response.body?.cancel();
    });
  }
});

Deno.test("contract Lolo 3: graphs", suite.run);

Deno.test("contract Lolo 3: a service has several flows, a flow several triggers, beside other systems", async (t) => {
  const trigger = (path: string) => ({ use: "lolo/Websocket Trigger", params: { path } });
  await using server = await InProcessServer.start({
    "services/a/first.flow.json": {
      $schema: "../../flow.schema.json",
      description: "two ways in",
      nodes: {
        one: trigger("/one"),
        two: trigger("/two"),
        say: { file: "say.js", description: "-" },
      },
      edges: [["one.req", "say.one"], ["two.req", "say.two"]],
    },
    "services/a/second.flow.json": flow("/three", { say: "./say.js" }, [[
      "socket.req",
      "say.three",
    ]]),
    "services/a/say.js": SAY,
    "services/a/a.js": `exports.get = () => ({ body: "xp" });`,
    "services/a/d.js": `exports.onMessage = (text) => text;`,
    "services/a/d.websocket": { handler: "a/d", endpoint: "d" },
  });
  for (const name of ["one", "two", "three"]) {
    await t.step(name, async () => {
      await using client = await Client.open(server.ws(`/${name}`));
      assertEquals(await client.next(), `say.${name}`);
    });
  }
  await t.step("XP and Dirigible", async () => {
    assertEquals(await server.text("/services/a"), "xp");
    await using client = await Client.open(server.ws("/websockets/service/d"));
    client.send("d");
    assertEquals(await client.next(), "d");
  });
  await t.step("the table", () => {
    assertMatch(server.output.all.at(-1)!, /^a\s+xp dirigible lolo\s+\/services\/a\s/);
  });
});
