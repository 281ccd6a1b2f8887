import { assertEquals } from "@std/assert";
import { discover, type ServiceDefinition } from "../../lib/host/service/mod.ts";
import { flow } from "../helpers/flow.ts";
import { type Files, fileText, Site } from "../helpers/site.ts";

const NODE = "exports.handler = () => {};";
const TRIGGER = { use: "lolo/Websocket Trigger", params: { path: "/a" } };
const MANAGER = { use: "lolo/Connection Manager" };

function found(files: Files): ServiceDefinition[] {
  using site = Site.make({ "services/a/node.js": NODE, ...files });
  return discover(site.root);
}

/** What is wrong with the flow of a service, less what all messages begin with. */
function problemOf(content: unknown, files: Files = {}): string {
  const [service] = found({ "services/a/a.flow.json": fileText(content), ...files });
  const { message = "", code } = service!.problems[0] ?? service!.error ?? {};
  if (message !== "") assertEquals(code, "SB_FLOW");
  return message.replace(/^Cannot (?:read|serve) flow "services\/a\/a\.flow\.json": /, "");
}

Deno.test("A flow file that is no flow is refused with what was expected, and what came", async (t) => {
  const cases: [string, unknown, string][] = [
    ["an empty file", "", "the file is empty, expected a JSON object"],
    ["no JSON", "{,}", "not valid JSON: Expected property name or '}' at line 1, column 2"],
    ["cut off", '{"nodes":', "not valid JSON: Unexpected end of JSON input at line 1, column 10"],
    ["a list", [], "the file must be an object, got []"],
    ["nothing", null, "the file must be an object, got null"],
    ["no members", {}, '"nodes" is missing; "edges" is missing'],
    ["no edges", { nodes: { a: TRIGGER } }, '"edges" is missing'],
    ["no nodes", { nodes: {}, edges: [] }, '"nodes" must NOT have fewer than 1 properties, got {}'],
    ["nodes in a list", { nodes: [], edges: [] }, '"nodes" must be an object, got []'],
    ["a node that is none", { nodes: { a: 7 }, edges: [] }, '"nodes.a" must be an object, got 7'],
    [
      "an unknown key",
      { nodes: { a: TRIGGER }, edge: [] },
      '"edges" is missing; "edge" is not a key, did you mean "edges"?',
    ],
    [
      "an unknown key of a node",
      { nodes: { a: { ...TRIGGER, parms: {} } }, edges: [] },
      '"nodes.a.parms" is not a key, did you mean "params"?',
    ],
    [
      "a key twice",
      '{"nodes": {"a": {}, "a": {}}, "edges": []}',
      '"a" occurs twice',
    ],
    [
      "edges in an object",
      { nodes: { a: TRIGGER }, edges: {} },
      '"edges" must be a list of texts, got {}',
    ],
    [
      "an edge that is a text",
      { nodes: { a: TRIGGER }, edges: ["a.b"] },
      '"edges[0]" must be a list of texts, got "a.b"',
    ],
    [
      "an edge of one end",
      { nodes: { a: TRIGGER }, edges: [["a.req"]] },
      '"edges[0]" must NOT have fewer than 2 items, got ["a.req"]',
    ],
    [
      "an edge of three",
      { nodes: { a: TRIGGER }, edges: [["a.req", "b.c", "d.e"]] },
      '"edges[0]" must NOT have more than 2 items, got ["a.req","b.c","d.e"]',
    ],
    [
      "an edge of numbers",
      { nodes: { a: TRIGGER }, edges: [[1, 2]] },
      '"edges[0][0]" must be a string, got 1; "edges[0][1]" must be a string, got 2',
    ],
    [
      "params in a list",
      { nodes: { a: { ...TRIGGER, params: [] } }, edges: [] },
      '"nodes.a.params" must be an object, got []',
    ],
    [
      "ports that are none",
      { nodes: { a: TRIGGER, b: { file: "./node.js", inputs: ["", 7] } }, edges: [] },
      '"nodes.b.inputs[0]" must not be empty; "nodes.b.inputs[1]" must be a string, got 7',
    ],
  ];
  for (const [name, content, problem] of cases) {
    await t.step(name, () => assertEquals(problemOf(content), problem));
  }
});

Deno.test("A node that cannot be is refused by its name", async (t) => {
  const cases: [string, Record<string, unknown>, string][] = [
    [
      "neither",
      { n: {} },
      'node "n": expected either "use", a library function, or "file", a module',
    ],
    [
      "both",
      { n: { use: "lolo/Connection Manager", file: "./node.js" } },
      'node "n": expected either "use", a library function, or "file", a module',
    ],
    [
      "an unknown function",
      { n: { use: "lolo/Conection Manager" } },
      'node "n": there is no library function "lolo/Conection Manager", did you mean "lolo/Connection Manager"?',
    ],
    [
      "one that objects have",
      { n: { use: "constructor" } },
      'node "n": there is no library function "constructor", expected one of ' +
      "lolo/Websocket Trigger, lolo/Connection Manager",
    ],
    [
      "an unknown setting",
      { n: { ...MANAGER, params: { mach: [] } } },
      'node "n": "params.mach" is not a setting of "lolo/Connection Manager", did you mean "match"?',
    ],
    [
      "ports of a library function",
      { n: { ...MANAGER, inputs: ["in"] } },
      'node "n": the ports of a library function are its own',
    ],
    [
      "a match that is none",
      { n: { ...MANAGER, params: { match: "room" } } },
      'node "n": "params.match" must list 4 names of parameters at the most, got "room"',
    ],
    [
      "a long match",
      { n: { ...MANAGER, params: { match: ["a", "b", "c", "d", "e"] } } },
      'node "n": "params.match" must list 4 names of parameters at the most, got ["a","b","c","d","e"]',
    ],
    [
      "a file that is not there",
      { n: "./none.js" },
      'node "n": there is no file services/a/none.js',
    ],
    ["a folder", { n: "./folder.js" }, 'node "n": there is no file services/a/folder.js'],
    [
      "no extension",
      { n: "./node" },
      'node "n": "file" must end in .js, .ts, .mjs or .cjs, got "./node"',
    ],
    [
      "a name with a dot",
      { "n.m": "./node.js" },
      'node "n.m": a name has 1 to 128 characters, and no dot',
    ],
    ["an empty name", { "": "./node.js" }, 'node "": a name has 1 to 128 characters, and no dot'],
  ];
  for (const [name, nodes, problem] of cases) {
    await t.step(name, () => {
      const files = { "services/a/folder.js/x": "" };
      assertEquals(problemOf(flow("/a", nodes, []), files), problem);
    });
  }
  for (
    const file of [
      "",
      ".",
      "..",
      "/etc/passwd.js",
      "../b/node.js",
      "../../services/b/node.js",
      "../../../outside.js",
      "./../../outside.js",
      "..\\b\\node.js",
      "./node.js\0.js",
      "https://example.com/node.js",
      "npm:left-pad",
    ]
  ) {
    await t.step(`outside: ${JSON.stringify(file)}`, () => {
      const files = { "services/b/node.js": NODE, "outside.js": NODE };
      const problem = problemOf(flow("/a", { n: { file } }, []), files);
      const isBelow = file.includes(":");
      assertEquals(
        problem,
        file.startsWith("https:")
          ? 'node "n": there is no file services/a/https:/example.com/node.js'
          : isBelow
          ? `node "n": "file" must end in .js, .ts, .mjs or .cjs, got "${file}"`
          : `node "n": "file" must name a module of the service or of lib/, as in "./node.js", got "${file}"`,
      );
    });
  }
});

Deno.test("A path that cannot be is refused by its node", async (t) => {
  const cases: [unknown, string][] = [
    [undefined, '"params.path" must be a path such as "/rooms/:room", got nothing'],
    [7, '"params.path" must be a path such as "/rooms/:room", got 7'],
    [["/a"], '"params.path" must be a path such as "/rooms/:room", got ["/a"]'],
    ["", '"" is not a path: it must begin with /'],
    ["rooms", '"rooms" is not a path: it must begin with /'],
    ["/", '"/" is not a path: it has an empty segment'],
    ["/rooms/", '"/rooms/" is not a path: it has an empty segment'],
    ["/a/../b", '"/a/../b" is not a path: it must not contain "/.."'],
    [
      "/:id(\\d+)",
      '"/:id(\\d+)" is not a path: it must not contain "\\\\"',
    ],
    [
      "/:id(a|b)",
      '"/:id(a|b)" is not a path: regular expressions are not supported, because they would run for every request: check the value in a node',
    ],
    ["/:a/:a", '"/:a/:a" is not a path: ":a" occurs twice'],
    ["/*/a", '"/*/a" is not a path: "*" must come last'],
    ["/services/a", '"/services/a" is not a path: /services is the server\'s own'],
    ["/healthz", '"/healthz" is not a path: /healthz is the server\'s own'],
    [
      "/websockets/service/x",
      '"/websockets/service/x" is not a path: /websockets is the server\'s own',
    ],
    ["/_/service/app/a", '"/_/service/app/a" is not a path: /_ is the server\'s own'],
  ];
  for (const [path, problem] of cases) {
    await t.step(String(path), () => {
      const trigger = { use: "lolo/Websocket Trigger", params: path === undefined ? {} : { path } };
      assertEquals(problemOf({ nodes: { in: trigger }, edges: [] }), `node "in": ${problem}`);
    });
  }
});

Deno.test("An edge that leads nowhere is refused as the file has it", async (t) => {
  const nodes = {
    node: "./node.js",
    listed: { file: "./node.js", inputs: ["in"], outputs: ["yes", "no"] },
    sink: { file: "./node.js", outputs: [] },
    manager: MANAGER,
  };
  const cases: [[string, string], string][] = [
    [["socket", "node.in"], 'expected "node.port", got "socket"'],
    [["socket.req", "node"], 'expected "node.port", got "node"'],
    [["socket.req", "node."], 'expected "node.port", got "node."'],
    [[".req", "node.in"], 'expected "node.port", got ".req"'],
    [["sokcet.req", "node.in"], 'there is no node "sokcet", did you mean "socket"?'],
    [
      ["other.req", "node.in"],
      'there is no node "other", expected one of socket, node, listed, sink, manager',
    ],
    [
      ["__proto__.req", "node.in"],
      'there is no node "__proto__", expected one of socket, node, listed, sink, manager',
    ],
    [["socket.request", "node.in"], 'node "socket" has no out-port "request", did you mean "req"?'],
    [["node.out", "socket.in"], 'node "socket" has no in-ports'],
    [
      ["node.out", "manager.in"],
      'node "manager" has no in-port "in", expected one of req, message, close, broadcast',
    ],
    [["manager.done", "node.in"], 'node "manager" has no out-port "done", expected one of out'],
    [["listed.maybe", "node.in"], 'node "listed" has no out-port "maybe", expected one of yes, no'],
    [["node.out", "listed.inn"], 'node "listed" has no in-port "inn", did you mean "in"?'],
    [["sink.out", "node.in"], 'node "sink" has no out-ports'],
  ];
  for (const [edge, problem] of cases) {
    await t.step(edge.join(" → "), () => {
      const [from, to] = edge.map((end) => JSON.stringify(end));
      assertEquals(
        problemOf(flow("/a", nodes, [["socket.req", "node.in"], edge])),
        `edge [${from}, ${to}]: ${problem}`,
      );
    });
  }
  await t.step("one that is there twice", () => {
    assertEquals(
      problemOf(flow("/a", nodes, [["socket.req", "node.in"], ["socket.req", "node.in"]])),
      'edge ["socket.req", "node.in"]: it occurs twice',
    );
  });
  await t.step("all that is wrong is named at once", () => {
    assertEquals(
      problemOf(flow("/", { n: {} }, [["a.b", "n.d"]])),
      'node "socket": "/" is not a path: it has an empty segment; ' +
        'node "n": expected either "use", a library function, or "file", a module; ' +
        'edge ["a.b", "n.d"]: there is no node "a", expected one of socket, n',
    );
  });
});

Deno.test("A graph that nothing comes into is refused", async (t) => {
  const nodes = { a: "./node.js", b: "./node.js", c: "./node.js" };
  await t.step("no trigger", () => {
    assertEquals(
      problemOf({ nodes: { a: { file: "./node.js" } }, edges: [] }),
      'no node uses "lolo/Websocket Trigger": the flow would never get an event',
    );
  });
  await t.step("a cycle that no trigger leads to", () => {
    assertEquals(
      problemOf(flow("/a", nodes, [["socket.req", "c.in"], ["a.x", "b.y"], ["b.z", "a.in"]])),
      'no trigger leads to the cycle of the edges ["a.x", "b.y"], ["b.z", "a.in"]',
    );
  });
  await t.step("one behind other nodes, and one of a single node", () => {
    assertEquals(
      problemOf(flow("/a", nodes, [["a.x", "b.in"], ["b.y", "c.in"], ["c.z", "c.in"]])),
      'no trigger leads to the cycle of the edges ["c.z", "c.in"]',
    );
  });
  await t.step("fine: a cycle that a trigger leads to, and nodes without edges", () => {
    assertEquals(
      problemOf(flow("/a", nodes, [["socket.req", "a.in"], ["a.x", "b.y"], ["b.z", "a.in"]])),
      "",
    );
  });
  await t.step("fine: what comes together again is no cycle", () => {
    assertEquals(
      problemOf(flow("/a", nodes, [["a.x", "b.in"], ["a.x", "c.in"], ["b.y", "c.in"]])),
      "",
    );
  });
  await t.step("a long chain and a large graph", () => {
    const many = Object.fromEntries(
      Array.from({ length: 1000 }, (_, n) => [`n${n}`, "./node.js"] as const),
    );
    const chain = Array.from(
      { length: 999 },
      (_, n): [string, string] => [`n${n}.out`, `n${n + 1}.in`],
    );
    assertEquals(problemOf(flow("/a", many, chain)), "");
    assertEquals(
      problemOf(flow("/a", many, [...chain, ["n999.out", "n0.in"]])).startsWith(
        'no trigger leads to the cycle of the edges ["n0.out", "n1.in"], ["n1.out"',
      ),
      true,
    );
  });
});

Deno.test("A manager that would match by many parameters must say by which", () => {
  const edges: [string, string][] = [["socket.req", "m.req"]];
  assertEquals(
    problemOf(flow("/:a/:b/:c/:d/:e", { m: MANAGER }, edges)),
    'node "m": list the parameters to match by in "params.match", for "/:a/:b/:c/:d/:e" has more than 4',
  );
  const listed = { ...MANAGER, params: { match: ["a", "e"] } };
  assertEquals(problemOf(flow("/:a/:b/:c/:d/:e", { m: listed }, edges)), "");
});

Deno.test("Paths of one service: the same twice is refused, the more exact one is not", async (t) => {
  const two = (one: string, other: string) => ({
    nodes: {
      one: { use: "lolo/Websocket Trigger", params: { path: one } },
      two: { use: "lolo/Websocket Trigger", params: { path: other } },
    },
    edges: [],
  });
  const same: [string, string][] = [["/a", "/a"], ["/a/:x", "/a/:y"], ["/a/:x?", "/a/:y?"], [
    "/a/v:x",
    "/a/v:y",
  ]];
  for (const [one, other] of same) {
    await t.step(`${one} and ${other}`, () => {
      assertEquals(
        problemOf(two(one, other)),
        `node "one": path "${one}" is for the same requests as path "${other}" of node "two"`,
      );
    });
  }
  const fine: [string, string][] = [["/a/:x", "/a/b"], ["/a/:x", "/:x/a"], ["/a/*", "/a/:x"], [
    "/a/v:x",
    "/a/w:x",
  ]];
  for (const [one, other] of fine) {
    await t.step(`fine: ${one} and ${other}`, () => assertEquals(problemOf(two(one, other)), ""));
  }
  await t.step("of two flows", () => {
    const [service] = found({
      "services/a/a.flow.json": flow("/a/:x", {}, []),
      "services/a/b.flow.json": flow("/a/:y", {}, []),
    });
    assertEquals(service!.problems.map(({ message }) => message), [
      'Cannot serve flow "services/a/a.flow.json": node "socket": path "/a/:x" is for the same requests ' +
      'as path "/a/:y" of node "socket" in "services/a/b.flow.json"',
      'Cannot serve flow "services/a/b.flow.json": node "socket": path "/a/:y" is for the same requests ' +
      'as path "/a/:x" of node "socket" in "services/a/a.flow.json"',
    ]);
  });
  await t.step("too many", () => {
    const nodes = Object.fromEntries(
      Array.from({ length: 257 }, (_, n) => [`t${n}`, {
        use: "lolo/Websocket Trigger",
        params: { path: `/p${n}` },
      }]),
    );
    assertEquals(
      problemOf({ nodes, edges: [] }),
      "the flows of a service may have 256 paths, got 257",
    );
  });
});

Deno.test("Paths of two services must not meet", async (t) => {
  const problems = (one: string, other: string) =>
    found({
      "services/a/a.flow.json": flow(one, {}, []),
      "services/b/b.flow.json": flow(other, {}, []),
    }).map(({ problems }) => problems.length);
  const meet: [string, string][] = [
    ["/a", "/a"],
    ["/a/:x", "/a/b"],
    ["/a/:x", "/:x/a"],
    ["/a/*", "/a/b/c"],
    ["/a/:x*", "/a"],
    ["/a/:x+", "/a/b/:c/d"],
    ["/a/:x?", "/a"],
    ["/a/v:x", "/a/:y-1"],
    ["/a/v:x", "/a/v1"],
    ["/*", "/a/b/c"],
    ["/:a/:b?", "/c"],
  ];
  for (const [one, other] of meet) {
    await t.step(`${one} and ${other}`, () => {
      assertEquals(problems(one, other), [1, 1]);
      assertEquals(problems(other, one), [1, 1]);
    });
  }
  const apart: [string, string][] = [
    ["/a", "/b"],
    ["/a/:x", "/b/:x"],
    ["/a/:x", "/a"],
    ["/a/:x", "/a/b/c"],
    ["/a/*", "/a"],
    ["/a/:x+", "/a"],
    ["/a/:x?", "/a/b/c"],
    ["/a/v:x", "/a/w:x"],
    ["/a/v:x", "/a/v"],
    ["/a/:x.json", "/a/:x.html"],
  ];
  for (const [one, other] of apart) {
    await t.step(`fine: ${one} and ${other}`, () => {
      assertEquals(problems(one, other), [0, 0]);
      assertEquals(problems(other, one), [0, 0]);
    });
  }
});

Deno.test("A flow belongs to the folder that it lies in, and to services/ only", () => {
  const services = found({
    "services/a/a.flow.json": flow("/a", { n: "./node.js" }, []),
    "services/a/deep/b.flow.json": flow("/b", {}, []),
    "services/a/.hidden.flow.json": flow("/c", {}, []),
    "services/a/.flow.json": flow("/d", {}, []),
    "services/_off/e.flow.json": flow("/e", {}, []),
    "apis/x/x.ts": "export const get = () => ({});",
    "apis/x/x.flow.json": flow("/f", {}, []),
  });
  assertEquals(
    services.map((
      { key, systems, endpoints },
    ) => [key, systems, endpoints.flatMap(({ paths }) => paths)]),
    [["a", ["lolo"], ["/a"]], ["api:x", ["xp"], []]],
  );
});
