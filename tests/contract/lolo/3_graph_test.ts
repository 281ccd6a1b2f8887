import { assertEquals, assertMatch } from "@std/assert";
import { Board } from "../../helpers/board.ts";
import { Server } from "../../helpers/server.ts";
import { Client } from "../../helpers/client.ts";
import { allTo, flow } from "../../helpers/flow.ts";

const MANAGER = { use: "lolo/Connection Manager" };
const SAY = `exports.handler = (ev, ctx) =>
  ctx.emit("response", { body: ctx.functionName + "." + ctx.input });`;
const PASS = `exports.handler = (ev, ctx) => ctx.route(ev);`;

Deno.test("contract Lolo 3: an out-port feeds its nodes in the order of the edges", async () => {
  await using server = await Board.start({
    "services/a/a.flow.json": flow("/a", { one: "./say.js", two: "./say.js", three: "./say.js" }, [
      ["socket.req", "two.x"],
      ["socket.req", "three.y"],
      ["socket.req", "one.z"],
      ["socket.req", "two.again"],
    ]),
    "services/a/say.js": SAY,
  });
  await using client = await Client.open(server.ws("/a"));
  for (const text of ["two.x", "three.y", "one.z", "two.again"]) {
    assertEquals(await client.next(), text);
  }
});

Deno.test("contract Lolo 3: a service has several flows, a flow several triggers, beside other systems", async (t) => {
  const trigger = (path: string) => ({ use: "lolo/Websocket Trigger", params: { path } });
  await using server = await Server.start({
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

Deno.test("contract Lolo 3: a file of the service's name that is a node is no controller", async () => {
  await using server = await Board.start({
    "services/a/a.flow.json": flow("/a", { say: "./a.js" }, [["socket.req", "say.in"]]),
    "services/a/a.js": `${SAY} exports.get = () => ({ body: "xp" });`,
  });
  const response = await server.fetch("/services/a");
  assertEquals(response.status, 404);
  await response.body?.cancel();
  await using client = await Client.open(server.ws("/a"));
  assertEquals(await client.next(), "say.in");
});

Deno.test("contract Lolo 3: a cycle that ends is fine, one that does not is dropped with its path", async (t) => {
  await using server = await Board.start({
    "services/a/loop.flow.json": flow("/a", {
      count: "./count.js",
      back: "./pass.js",
      end: "./end.js",
    }, [
      ["socket.message", "count.in"],
      ["count.again", "back.in"],
      ["back.out", "count.in"],
      ["count.done", "end.in"],
    ]),
    "services/a/count.js": `exports.handler = async (ev, ctx) => {
      if (ev.message.startsWith("slow")) await null;
      ev.count = (ev.count ?? 0) + 1;
      ctx.route(ev, ev.count >= Number(ev.message.split(" ")[1]) ? "done" : "again");
    };`,
    "services/a/pass.js": PASS,
    "services/a/end.js":
      `exports.handler = (ev, ctx) => ctx.emit("response", { body: "after " + ev.count });`,
  });
  await using client = await Client.open(server.ws("/a"));
  for (const kind of ["quick", "slow"]) {
    await t.step(kind, async () => {
      client.send(`${kind} 500`);
      assertEquals(await client.next(), "after 500");
      client.send(`${kind} Infinity`);
      const { message } = await server.logged(({ level }) => level === "ERROR");
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

Deno.test("contract Lolo 3: an event that multiplies without end is dropped", async (t) => {
  await using server = await Board.start({
    "services/a/a.flow.json": flow("/a", { twice: "./twice.js", say: "./say.js" }, [
      ["socket.message", "twice.in"],
      ["twice.out", "twice.in"],
      ["socket.message", "say.in"],
    ]),
    "services/a/twice.js": `exports.handler = (ev, ctx) => {
      if (ev.message === "quick") { ctx.route(ev); ctx.route(ev); }
      if (ev.message === "slow") return Promise.resolve().then(() => { ctx.route(ev); ctx.route(ev); });
      if (ev.message === "million") for (let n = 0; n < 1e6; n++) ctx.route({});
    };`,
    "services/a/say.js": SAY,
  });
  await using client = await Client.open(server.ws("/a"));
  for (const kind of ["quick", "slow", "million"]) {
    await t.step(kind, async () => {
      client.send(kind);
      const { message } = await server.logged(({ level }) => level === "ERROR");
      assertMatch(
        message,
        /node "twice", session \S+: the event (is on its way to 16384 nodes at a time|has gone 1024 steps) and is dropped: twice\.in → twice\.in → …$/,
      );
      client.send("fine");
    });
  }
});

Deno.test("contract Lolo 3: what a node hands on later is not lost for an overload that is over", async () => {
  await using server = await Board.start({
    "services/a/a.flow.json": flow("/a", { feed: "./feed.js", sink: "./sink.js" }, [
      ["socket.message", "feed.in"],
      ["feed.out", "sink.in"],
    ]),
    // Its context is kept from setup, and used for ever.
    "services/a/feed.js": `
      let feed;
      exports.setup = (ctx) => { feed = ctx.route; };
      exports.handler = (ev, { emit }) => {
        if (ev.message === "flood") {
          for (let n = 0; n < 20_000; n++) feed({ wait: true });
          emit("response", { body: "flooded" });
        } else feed({ emit });
      };`,
    "services/a/sink.js": `exports.handler = async (ev) => {
      if (ev.wait) await new Promise(() => {});
      ev.emit("response", { body: "fed" });
    };`,
  });
  await using client = await Client.open(server.ws("/a"));
  client.send("flood");
  assertEquals(await client.next(), "flooded");
  client.send("again");
  assertEquals(await client.next(), "fed");
});

Deno.test("contract Lolo 3: a manager broadcasts to all, or to those whose params match", async (t) => {
  await using server = await Board.start({
    "services/a/a.flow.json": flow("/a/:room/:role", { manager: MANAGER, say: "./say.js" }, [
      ...allTo("manager"),
      ["manager.out", "say.in"],
      ["say.out", "manager.broadcast"],
    ]),
    "services/a/say.js": `exports.handler = (ev, ctx) => {
      if (!("message" in ev)) return;
      const { params, ...more } = JSON.parse(ev.message);
      if (more.body !== undefined) ctx.route({ ...more, ...(params === "own" ? { params: ev.params } : params && { params }) });
      else ctx.route({ message: ev.message, params: {} });
    };`,
  });
  const names = ["den/host", "den/guest", "attic/host"];
  const clients: Client[] = [];
  for (const name of names) clients.push(await Client.open(server.ws(`/a/${name}`)));
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
  await t.step("not to who has left", async () => {
    await clients.pop()!.close();
    while ((await server.counts()).sessions > 2);
    one!.send(JSON.stringify({ body: { as: "JSON" } }));
    for (const client of clients) assertEquals(await client.nextJson(), { as: "JSON" });
  });
  for (const client of clients) await client.close();
  assertEquals(await server.settled(), { sessions: 0, groups: 0 });
});

Deno.test("contract Lolo 3: a manager passes on what it knows, and takes garbage for what it is", async (t) => {
  await using server = await Board.start({
    "services/a/a.flow.json": flow("/a", { in: "./in.js", manager: MANAGER, out: "./out.js" }, [
      ["socket.message", "in.in"],
      ["in.req", "manager.req"],
      ["in.message", "manager.message"],
      ["in.close", "manager.close"],
      ["in.broadcast", "manager.broadcast"],
      ["manager.out", "out.in"],
    ]),
    "services/a/in.js": `exports.handler = (ev, ctx) => {
      const [port, event] = JSON.parse(ev.message);
      ctx.route(event === "ev" ? ev : event, port);
    };`,
    "services/a/out.js": `exports.handler = (ev, ctx) => ctx.emit("response", { body: "out" });`,
  });
  await using client = await Client.open(server.ws("/a"));
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
    ["broadcast", {}, /What is broadcast needs a "body" or a "message"/],
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
      const { message } = await server.logged(({ level }) => level === "ERROR");
      assertMatch(message, expected);
      assertMatch(message, /^flow "a", node "manager", session /);
    });
  }
});

Deno.test("contract Lolo 3: a manager matches by the parameters that its node lists", async () => {
  await using server = await Board.start({
    "services/a/a.flow.json": flow(
      "/:a/:b/:c/:d/:e",
      { manager: { ...MANAGER, params: { match: ["e", "none"] } } },
      [["socket.req", "manager.req"], ["socket.message", "manager.broadcast"]],
    ),
  });
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

Deno.test("contract Lolo 3: a very long parameter is matched as any other", async () => {
  await using server = await Board.start({
    "services/a/a.flow.json": flow("/a/:room", { manager: MANAGER }, [
      ["socket.req", "manager.req"],
      ["socket.message", "manager.broadcast"],
    ]),
  });
  const long = "x".repeat(3000);
  await using one = await Client.open(server.ws(`/a/${long}`));
  await using other = await Client.open(server.ws(`/a/${long}y`));
  one.send("one");
  assertEquals(await one.next(), "one");
  other.send("other");
  assertEquals(await other.next(), "other");
});

Deno.test("contract Lolo 3: the groups of a manager are granted like any others", async (t) => {
  const files = {
    "services/a/a.flow.json": flow("/a/:room", { manager: MANAGER }, [
      ["socket.req", "manager.req"],
      ["socket.message", "manager.broadcast"],
    ]),
  };
  await t.step("refused", async () => {
    await using server = await Board.start({
      ...files,
      "services/a/service.json": { groups: { join: ["chat"], send: ["chat"] } },
    });
    await using client = await Client.open(server.ws("/a/den"));
    const { message } = await server.logged(({ level }) => level === "ERROR");
    assertMatch(
      message,
      /node "manager", session \S+: SwitchboardError: Cannot join group "lolo:a\/a\/manager": "groups.join" in service.json does not list it/,
    );
    client.send("hello");
    assertMatch(
      (await server.logged(({ level }) => level === "ERROR")).message,
      /Cannot send to group "lolo:a\/a\/manager\?room=den"/,
    );
  });
  await t.step("granted", async () => {
    await using server = await Board.start({
      ...files,
      "services/a/service.json": { groups: { join: ["lolo:a/*"], send: ["lolo:a/*"] } },
    });
    await using client = await Client.open(server.ws("/a/den"));
    client.send("hello");
    assertEquals(await client.next(), "hello");
  });
});

Deno.test("contract Lolo 3: a flow is edited with its sockets open, and a manager still knows them", async (t) => {
  const version = (text: string) =>
    `exports.handler = (ev, ctx) =>
    "message" in ev && ctx.route({ params: ev.params, body: "${text}: " + ev.message });`;
  const nodes = { manager: MANAGER, say: "./say.js" };
  const edges: [string, string][] = [...allTo("manager"), ["manager.out", "say.in"], [
    "say.out",
    "manager.broadcast",
  ]];
  await using server = await Board.start({
    "services/a/z.flow.json": flow("/a/:room", nodes, edges),
    "services/a/say.js": version("one"),
  });
  const one = await Client.open(server.ws("/a/den?q=1"));
  await using two = await Client.open(server.ws("/a/den"));
  two.send("here");
  assertEquals(await two.next(), "one: here");
  one.send("hello");
  // It may have come before the other one's first message.
  assertMatch(await one.next() as string, /^one: h/);
  assertEquals(await two.next(), "one: hello");
  while (one.waiting.length > 0) await one.next();
  await t.step("a node, and another flow before it", async () => {
    server.site.write({
      "services/a/say.js": version("two"),
      "services/a/b.flow.json": flow("/b", { say: "./say.js" }, [["socket.message", "say.in"]]),
    });
    await server.board.reload("a");
    two.send("there");
    assertEquals([await one.next(), await two.next()], ["two: there", "two: there"]);
  });
  await t.step("an isolate that ends", async () => {
    server.board.restart("a");
    two.send("anew");
    assertEquals([await one.next(), await two.next()], ["two: anew", "two: anew"]);
  });
  await t.step("what it cannot become replaces nothing", async () => {
    server.site.write({ "services/a/z.flow.json": flow("/a/:room", nodes, [["a.b", "c.d"]]) });
    let message = "";
    await server.board.reload("a").catch((error) => message = error.message);
    // The other flow could run; but the sockets of this one would be closed.
    assertMatch(message, /flow "services\/a\/z\.flow\.json": edge \["a\.b", "c\.d"\]/);
    server.site.write({ "services/a/b.flow.json": flow("/b", nodes, [["x.y", "manager.req"]]) });
    await server.board.reload("a").catch((error) => message = error.message);
    assertMatch(message, /flow "services\/a\/b\.flow\.json": edge \["x\.y", "manager\.req"\]/);
    two.send("still");
    assertEquals([await one.next(), await two.next()], ["two: still", "two: still"]);
  });
  await t.step("a trigger that is no more closes its sockets", async () => {
    Deno.removeSync(`${server.site.root}/services/a/b.flow.json`);
    const renamed = flow("/elsewhere", nodes, edges);
    const { socket, ...others } = renamed.nodes as Record<string, unknown>;
    server.site.write({
      "services/a/z.flow.json": {
        nodes: { entrance: socket, ...others },
        edges: edges.map(([from, to]) => [from.replace("socket", "entrance"), to]),
      },
    });
    await server.board.reload("a");
    assertEquals(await one.untilClosed(), { code: 1001, reason: "no longer served" });
    assertEquals(await two.untilClosed(), { code: 1001, reason: "no longer served" });
    await using three = await Client.open(server.ws("/elsewhere"));
    assertEquals(three.waiting.length, 0);
  });
  await t.step("and so does a flow that is no more", async () => {
    server.site.write({
      "services/a/b.flow.json": flow("/b", { say: "./say.js" }, [["socket.message", "say.in"]]),
    });
    await server.board.reload("a");
    await using three = await Client.open(server.ws("/elsewhere"));
    Deno.removeSync(`${server.site.root}/services/a/z.flow.json`);
    await server.board.reload("a");
    assertEquals(await three.untilClosed(), { code: 1001, reason: "no longer served" });
  });
});

Deno.test("contract Lolo 3: a node that does not start says which one it is, and where", async (t) => {
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
  for (const [name, files, expected] of broken) {
    await t.step(name, async () => {
      await using server = await Board.start({
        "services/a/talk.flow.json": flow("/a", { node: "./node.js" }, [["socket.req", "node.in"]]),
        "services/fine/fine.js": `exports.get = () => ({ body: "fine" });`,
        ...Object.fromEntries(
          Object.entries(files).map(([file, text]) => [`services/a/${file}`, text]),
        ),
      });
      const { message } = await server.logged(({ level }) => level === "ERROR");
      assertMatch(message, expected);
      assertEquals(await server.text("/services/fine"), "fine");
      const response = await server.fetch("/a");
      assertEquals(response.status, 503);
      await response.body?.cancel();
    });
  }
});

Deno.test("contract Lolo 3: a broken flow is named at start-up, and the others run", async (t) => {
  await using server = await Board.start({
    "services/a/bad.flow.json": flow("/bad", { say: "./say.js" }, [["socket.reqq", "say.in"]]),
    "services/a/good.flow.json": flow("/good", { say: "./say.js" }, [["socket.req", "say.in"]]),
    "services/a/say.js": SAY,
    "services/one/one.flow.json": flow("/rooms/:room", { say: "./say.js" }, []),
    "services/one/say.js": SAY,
    "services/two/two.flow.json": flow("/rooms/lobby", { say: "./say.js" }, []),
    "services/two/say.js": SAY,
    "services/stray.flow.json": flow("/stray", {}, []),
  });
  const errors = server.log.all.map((line) => JSON.parse(line))
    .filter(({ level }) => level === "ERROR");
  await t.step("an edge", async () => {
    assertEquals(errors.filter(({ service }) => service === "a").map(({ message }) => message), [
      'Cannot serve flow "services/a/bad.flow.json": edge ["socket.reqq", "say.in"]: ' +
      'node "socket" has no out-port "reqq", did you mean "req"?',
    ]);
    await using client = await Client.open(server.ws("/good"));
    assertEquals(await client.next(), "say.in");
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
      'Cannot serve flow "services/stray.flow.json": it belongs into a folder of its own, services/NAME/',
    );
  });
});
