import { assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { Board } from "../../helpers/board.ts";
import { Client } from "../../helpers/client.ts";
import { Raw } from "../../helpers/raw.ts";
import { SharedBoard } from "../../helpers/shared_board.ts";
import { Site } from "../../helpers/site.ts";

const artefact = (handler: string, endpoint: string) => ({ handler, endpoint });

/** Each case has services of its own. */
const suite = new SharedBoard();

suite.add("what onMessage() returns is sent back as text", {
  "services/reply/reply.websocket": artefact("reply/reply", "reply"),
  "services/reply/reply.ts": `
    const replies: Record<string, () => unknown> = {
      text: () => "a text",
      number: () => 42,
      boolean: () => false,
      object: () => ({ a: [1, null] }),
      promise: () => new Promise((done) => setTimeout(() => done("later"), 20)),
      nothing: () => undefined,
      null: () => null,
      rejected: () => Promise.reject(new Error("no reply")),
      circular: () => { const it: Record<string, unknown> = {}; it.self = it; return it; },
      symbol: () => Symbol("x"),
    };
    export const onMessage = (message: string) => replies[message]!();
  `,
}, async (server, t) => {
  await using client = await Client.open(server.ws("/websockets/service/reply"));
  const cases: [string, string | null][] = [
    ["text", "a text"],
    ["number", "42"],
    ["boolean", "false"],
    ["object", '{"a":[1,null]}'],
    ["promise", "later"],
    ["nothing", null],
    ["null", null],
    ["rejected", null],
    ["circular", null],
    ["symbol", "Symbol(x)"],
  ];
  for (const [message, expected] of cases) {
    await t.step(message, async () => {
      client.send(message);
      if (expected !== null) assertEquals(await client.next(), expected);
      client.send("text");
      assertEquals(await client.next(), "a text");
    });
  }
  await t.step("what cannot be sent is logged", async () => {
    await server.logged(({ message }) =>
      /onMessage\(\) of reply\/reply\.ts: Error: no reply/.test(message)
    );
    await server.logged(({ message }) => /returned what cannot be sent: TypeError/.test(message));
  });
  await t.step("in the order of the messages", async () => {
    for (const message of ["promise", "text", "promise", "number"]) client.send(message);
    const got = [];
    for (let n = 0; n < 4; n++) got.push(await client.next());
    assertEquals(got, ["later", "a text", "later", "42"]);
  });
});

const kinds: Record<string, string> = {
  "cjs.js": `exports.onMessage = function (m) { return "cjs.js " + m; };`,
  "esm.js": `export function onMessage(m) { return "esm.js " + m; }`,
  "typed.ts": `export const onMessage = (m: string): string => "typed.ts " + m;`,
  "module.mjs": `export const onMessage = (m) => "module.mjs " + m;`,
  "common.cjs": `module.exports = { onMessage: (m) => "common.cjs " + m };`,
  "default.mjs": `export default { onMessage: (m) => "default.mjs " + m };`,
  "bare.js": `require("kinds/bare_helper");`,
  "own.js":
    `var helper = require("kinds/bare_helper"); exports.onMessage = (m) => helper.word + m;`,
};
const silent = ["onOpen", "onError", "onClose"];
suite.add("handlers of every kind, each function left out", {
  "services/kinds/bare_helper.js": `exports.word = "helped ";`,
  ...Object.fromEntries(
    Object.entries(kinds).flatMap(([file, code]) => [
      [`services/kinds/${file}`, code],
      [`services/kinds/deep/${file}.websocket`, artefact(`kinds/${file}`, file)],
    ]),
  ),
  "services/kinds/short.websocket": artefact("/kinds/cjs", "short/one"),
  ...Object.fromEntries(silent.flatMap((name) => [
    [
      `services/kinds/${name}.js`,
      `exports.${name} = () => { throw new Error("${name} failed"); };`,
    ],
    [`services/kinds/${name}.websocket`, artefact(`kinds/${name}`, name)],
  ])),
}, async (server, t) => {
  for (const file of Object.keys(kinds).filter((file) => !["bare.js", "own.js"].includes(file))) {
    await t.step(file, async () => {
      await using client = await Client.open(server.ws(`/websockets/service/${file}`));
      client.send("hello");
      assertEquals(await client.next(), `${file} hello`);
    });
  }
  await t.step("without an extension, and with a slash in front", async () => {
    await using client = await Client.open(server.ws("/websockets/service/short/one"));
    client.send("hello");
    assertEquals(await client.next(), "cjs.js hello");
  });
  await t.step("with a module named as Dirigible does", async () => {
    await using client = await Client.open(server.ws("/websockets/service/own.js"));
    client.send("hello");
    assertEquals(await client.next(), "helped hello");
  });
  await t.step("with none of the functions", async () => {
    await using client = await Client.open(server.ws("/websockets/service/bare.js"));
    client.send("hello");
    assertEquals((await client.close(1000)).code, 1000);
  });
  await t.step("a throw in onError", async () => {
    await using client = await Client.open(server.ws("/websockets/service/onError"));
    client.send("x".repeat(70_000));
    assertEquals((await client.untilClosed()).code, 1009);
    await server.logged(({ message }) => message.includes("onError failed"));
  });
  for (const name of silent.filter((name) => name !== "onError")) {
    await t.step(`a throw in ${name}`, async () => {
      await using client = await Client.open(server.ws(`/websockets/service/${name}`));
      client.send("hello");
      assertEquals((await client.close(1000)).code, 1000);
      await server.logged(({ message }) => message.includes(`${name} failed`));
    });
  }
});

const reading = `
  exports.onMessage = function (m) {
    try { return Deno.readTextFileSync(__dirname + "/../../data.txt"); } catch (e) { return e.name; }
  };
`;
suite.add("the handler's service decides what it may", {
  "data.txt": "the data",
  "services/may/may.js": `${reading} exports.get = () => ({ body: "may" });`,
  "services/may/service.json": { permissions: { read: ["../../data.txt"] } },
  "services/closed/closed.js": reading,
  "services/closed/may.websocket": artefact("may/may", "may"),
  "services/may/closed.websocket": artefact("closed/closed", "closed"),
}, async (server, t) => {
  for (const [endpoint, expected] of [["may", "the data"], ["closed", "NotCapable"]]) {
    await t.step(`permissions: ${endpoint}`, async () => {
      await using client = await Client.open(server.ws(`/websockets/service/${endpoint}`));
      client.send("read");
      assertEquals(await client.next(), expected);
    });
  }
});

const handler = (version: string) => `
  var ws = require("/lib/xp/websocket");
  exports.onOpen = function (from) { ws.addToGroup("room", from); };
  exports.onMessage = function (message, from) { ws.sendToGroup("room", "${version} " + message); };
  exports.onClose = function (from) { ws.sendToGroup("room", "left, " + (ws.getGroupSize("room") - 1)); };
`;
suite.add("groups work in the same file, and sessions outlive a swap", {
  "services/room/room.websocket": artefact("room/handler", "room"),
  "services/room/handler.js": handler("one"),
}, async (server) => {
  await using one = await Client.open(server.ws("/websockets/service/room"));
  const two = await Client.open(server.ws("/websockets/v4/service/room"));
  two.send("hello");
  assertEquals([await one.next(), await two.next()], ["one hello", "one hello"]);
  server.site.write({ "services/room/handler.js": handler("two") });
  await server.board.reload("room");
  one.send("after");
  assertEquals([await one.next(), await two.next()], ["two after", "two after"]);
  await two.close();
  assertEquals(await one.next(), "left, 1");
});

const broken: [string, unknown, RegExp][] = [
  ["no handler", { endpoint: "x" }, /"handler" is missing/],
  ["no endpoint", { handler: "bad/good" }, /"endpoint" is missing/],
  ["nothing", {}, /"handler" is missing; "endpoint" is missing/],
  ["no object", [], /must be an object/],
  [
    "a handler that is no text",
    { handler: 1, endpoint: "x" },
    /"handler" must be a string, got 1/,
  ],
  [
    "an endpoint that is no text",
    { handler: "bad/good", endpoint: null },
    /"endpoint" must be a string/,
  ],
  ["an empty handler", artefact("", "x"), /"handler" must not be empty/],
  [
    "a missing handler",
    artefact("bad/none", "x"),
    /there is no handler services\/bad\/none\{\.js/,
  ],
  [
    "an unknown engine",
    { ...artefact("bad/good", "x"), engine: "lua" },
    /"engine" must be one of javascript/,
  ],
  ["bad JSON", "{", /not valid JSON/],
  [
    "a key that is there twice",
    '{"handler":"bad/good","endpoint":"x","endpoint":"y"}',
    /"endpoint" occurs twice/,
  ],
  ...[
    "..",
    "../outside",
    "bad/../../outside",
    "/etc/passwd",
    "bad/..",
    "bad//good",
    "bad\\good",
    "bad/%2e%2e/good",
    "good",
    "./good",
    "bad/\u0000",
  ]
    .map((
      handler,
    ): [string, unknown, RegExp] => [
      `handler ${JSON.stringify(handler)}`,
      artefact(handler, "x"),
      /"handler" must name a module below services\/|there is no handler/,
    ]),
  ...["", "/x", "x/", "a//b", "..", "../x", "a/../b", "a b", "a?b", "a#b", "a%20b", "ä"]
    .map((
      endpoint,
    ): [string, unknown, RegExp] => [
      `endpoint ${JSON.stringify(endpoint)}`,
      artefact("bad/good", endpoint),
      /"endpoint" has characters that are not allowed|"endpoint" must not be empty/,
    ]),
];
suite.add("what is wrong with an artefact is said at start, and the others run", {
  "services/bad/good.js": "exports.onMessage = (m) => m;",
  "services/bad/good.websocket": artefact("bad/good", "good"),
  // Services of the case above.
  "services/may/a.websocket": artefact("may/may", "twice"),
  "services/closed/b.websocket": artefact("closed/closed", "twice"),
  "services/lost.websocket": artefact("nobody/here", "lost"),
  "services/bad/node_modules/x.websocket": artefact("bad/none", "x"),
  "services/.hidden/x.websocket": artefact("bad/none", "x"),
  "outside.js": "exports.onMessage = (m) => m;",
  ...Object.fromEntries(
    broken.map(([, content], index) => [`services/bad/${index}.websocket`, content]),
  ),
}, async (server, t) => {
  const lines = server.log.all.map((line) => JSON.parse(line).message as string);
  for (const [index, [name, , expected]] of broken.entries()) {
    await t.step(name, () => {
      const line = lines.find((line) => line.includes(`"services/bad/${index}.websocket"`));
      assertMatch(line ?? lines.join("\n"), expected);
    });
  }
  await t.step("two with one endpoint: both are named, neither is served", async () => {
    for (const [one, other] of [["may/a", "closed/b"], ["closed/b", "may/a"]]) {
      const line = lines.find((line) => line.includes(`artefact "services/${one}.websocket"`));
      assertMatch(
        line ?? lines.join("\n"),
        new RegExp(`"services/${other}\\.websocket" has endpoint "twice" too`),
      );
    }
    using raw = await Raw.connect(server.port);
    assertMatch(await raw.handshake("/websockets/service/twice"), /^HTTP\/1\.1 404 /);
    assertEquals(await server.text("/services/may"), "may");
  });
  await t.step("one that lies in no service", () => {
    assertMatch(
      lines.find((line) => line.includes("services/lost.websocket")) ?? "",
      /there is no handler/,
    );
  });
  await t.step("hidden folders and node_modules are passed over", () => {
    assertEquals(lines.filter((line) => /hidden|node_modules/.test(line)), []);
  });
  await t.step("the good one runs", async () => {
    await using client = await Client.open(server.ws("/websockets/service/good"));
    client.send("hello");
    assertEquals(await client.next(), "hello");
  });
});

suite.add("without message modules there is no /service/js", {}, async (server) => {
  using raw = await Raw.connect(server.port);
  assertMatch(await raw.handshake("/service/js"), /^HTTP\/1\.1 404 /);
});

Deno.test("contract Dirigible 2: endpoints", suite.run);

Deno.test("contract Dirigible 2: a handler that is a link out of its service does not run", async () => {
  using site = Site.make({
    "outside.js": "exports.onMessage = (m) => m;",
    "services/sly/sly.websocket": artefact("sly/linked", "sly"),
    "services/sly/more.js": "",
  });
  Deno.symlinkSync(join(site.root, "outside.js"), join(site.root, "services/sly/linked.js"));
  await using server = await Board.start(site);
  assertMatch(server.log.all.join("\n"), /services\/sly\/linked\.js.* leads out of the service/);
  using raw = await Raw.connect(server.port);
  assertMatch(await raw.handshake("/websockets/service/sly"), /^HTTP\/1\.1 (404|503) /);
});
