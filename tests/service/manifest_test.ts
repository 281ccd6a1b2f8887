import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { SwitchboardError } from "../../lib/base/errors.ts";
import { type Manifest, manifestFile } from "../../lib/host/service/manifest.ts";
import schema from "../../lib/host/service/manifest.schema.json" with { type: "json" };
import { Site } from "../helpers/site.ts";

const SHOWN = "services/chat/service.json";
const PREFIX = `Cannot read manifest "${SHOWN}": `;

/** What the reader finds wrong with a text. */
function problemOf(text: string): string {
  const error = assertThrows(() => manifestFile.parse(text, SHOWN), SwitchboardError);
  assertEquals(error.code, "SB_MANIFEST");
  assert(error.message.startsWith(PREFIX), error.message);
  return error.message.slice(PREFIX.length);
}

/** An object in which only the value at the path is given. */
function at(path: string, value: unknown): unknown {
  return path.split(".").reduceRight((inner, key) => ({ [key]: inner }), value);
}

const NO_GRANT: [unknown, string][] = [
  ["x", 'must be a list of texts (or true, in a trusted service), got "x"'],
  [null, "must be a list of texts (or true, in a trusted service), got null"],
  [{}, "must be a list of texts (or true, in a trusted service), got {}"],
  [1, "must be a list of texts (or true, in a trusted service), got 1"],
];
const NO_NAMES: [unknown, string][] = [
  ["x", 'must be a list of texts, got "x"'],
  [null, "must be a list of texts, got null"],
  [true, "must be a list of texts, got true"],
  [{}, "must be a list of texts, got {}"],
];
const NO_COUNT: [unknown, string][] = [
  [-1, "must be at least 0, got -1"],
  [1.5, "must be an integer, got 1.5"],
  ["1", 'must be an integer, got "1"'],
  [null, "must be an integer, got null"],
  [true, "must be an integer, got true"],
  [[1], "must be an integer, got [1]"],
];
const NO_OBJECT: [unknown, string][] = [
  [[], "must be an object, got []"],
  [null, "must be an object, got null"],
  ["all", 'must be an object, got "all"'],
  [true, "must be an object, got true"],
];

const NO_OVER: [unknown, string][] = [
  ["shed", 'must be one of close, drop, got "shed"'],
  [null, "must be one of close, drop, got null"],
  [true, "must be one of close, drop, got true"],
];

/** Garbage for each key, and the end of what is said of it. */
const GARBAGE: Record<string, [unknown, string][]> = {
  "$schema": [[3, "must be a string, got 3"], [null, "must be a string, got null"]],
  "permissions": NO_OBJECT,
  "permissions.net": NO_GRANT,
  "permissions.read": NO_GRANT,
  "permissions.write": NO_GRANT,
  "permissions.import": NO_GRANT,
  "permissions.env": NO_GRANT,
  "permissions.sys": NO_GRANT,
  "permissions.run": NO_GRANT,
  "permissions.ffi": NO_GRANT,
  "trusted": [
    ["yes", 'must be a boolean, got "yes"'],
    [1, "must be a boolean, got 1"],
    [null, "must be a boolean, got null"],
  ],
  "groups": NO_OBJECT,
  "groups.join": NO_NAMES,
  "groups.send": NO_NAMES,
  "messageModules": NO_NAMES,
  "memoryMb": [
    [15, "must be at least 16, got 15"],
    [8.5, "must be an integer, got 8.5"],
    ["128", 'must be an integer, got "128"'],
    [null, "must be an integer, got null"],
  ],
  "eventTimeoutMs": [
    [9, "must be at least 10, got 9"],
    [10.5, "must be an integer, got 10.5"],
    ["5s", 'must be an integer, got "5s"'],
  ],
  "allow": NO_NAMES,
  "origins": [
    ["https://example.com", 'must be a list of texts, got "https://example.com"'],
    [null, "must be a list of texts, got null"],
  ],
  "maxMessageBytes": NO_COUNT,
  "idleTimeoutSec": [
    [-0.1, "must be at least 0, got -0.1"],
    ["300", 'must be a number, got "300"'],
    [null, "must be a number, got null"],
  ],
  "sendBufferBytes": NO_COUNT,
  "maxSessions": NO_COUNT,
  "messagesPerSec": NO_COUNT,
  "bytesPerSec": NO_COUNT,
  "overRate": NO_OVER,
  "slowClient": NO_OVER,
};

/** The paths of all keys of a schema. */
function keysOf(part: { properties?: object }, above = ""): string[] {
  return Object.entries(part.properties ?? {}).flatMap(([key, inner]) => {
    const path = above === "" ? key : `${above}.${key}`;
    return [path, ...keysOf(inner, path)];
  });
}

Deno.test("The manifest's schema has no key without a garbage case, and the reverse", () => {
  assertEquals(Object.keys(GARBAGE).sort(), keysOf(schema).sort());
});

Deno.test("A manifest with garbage in a key is refused with a message that names key and value", async (t) => {
  for (const [path, cases] of Object.entries(GARBAGE)) {
    await t.step(path, () => {
      for (const [value, said] of cases) {
        assertStringIncludes(problemOf(JSON.stringify(at(path, value))), `"${path}" ${said}`);
      }
    });
  }
});

Deno.test("A manifest with garbage in a list is refused with a message that names the item", async (t) => {
  const lists: [string, unknown[], string][] = [
    ["permissions.net", ["a", 1], '"permissions.net[1]" must be a string, got 1'],
    ["permissions.read", [""], '"permissions.read[0]" must not be empty'],
    ["groups.join", ["chat", null], '"groups.join[1]" must be a string, got null'],
    ["groups.send", [""], '"groups.send[0]" must not be empty'],
    ["allow", [["role:a"]], '"allow[0]" must be a string, got ["role:a"]'],
    ["allow", [""], '"allow[0]" must not be empty'],
    ["origins", [3], '"origins[0]" must be a string, got 3'],
    ...[
      "example.com",
      "https://example.com/",
      "https://example.com/chat",
      "https://example.com?x",
      "https://example.com#x",
      "https://a b",
      "https://",
      "wss://example.com",
      "null",
      "",
      "**",
    ].map((origin): [string, unknown[], string] => [
      "origins",
      [origin],
      `"origins[0]" must be an origin such as "https://example.com", got ${JSON.stringify(origin)}`,
    ]),
  ];
  for (const [path, value, said] of lists) {
    await t.step(`${path}: ${JSON.stringify(value)}`, () => {
      assertStringIncludes(problemOf(JSON.stringify(at(path, value))), said);
    });
  }
});

Deno.test("A key that is not known is refused with the nearest one that is", async (t) => {
  const cases: [unknown, string][] = [
    [{ memory: 128 }, '"memory" is not a key, did you mean "memoryMb"?'],
    [{ MemoryMB: 128 }, '"MemoryMB" is not a key, did you mean "memoryMb"?'],
    [{ origin: [] }, '"origin" is not a key, did you mean "origins"?'],
    [{ permission: {} }, '"permission" is not a key, did you mean "permissions"?'],
    [{ idleTimeout: 1 }, '"idleTimeout" is not a key, did you mean "idleTimeoutSec"?'],
    [{ permissions: { nett: [] } }, '"permissions.nett" is not a key, did you mean "net"?'],
    [{ groups: { sent: [] } }, '"groups.sent" is not a key, did you mean "send"?'],
    [
      { permissions: { everything: true } },
      '"permissions.everything" is not a key, expected one of net, read, write, import, env, sys, run, ffi',
    ],
    [{ groups: { all: [] } }, '"groups.all" is not a key, expected one of join, send'],
    [
      { zzzzzzzz: 1 },
      `"zzzzzzzz" is not a key, expected one of ${Object.keys(schema.properties).join(", ")}`,
    ],
    [
      { constructor: 1 },
      `"constructor" is not a key, expected one of ${Object.keys(schema.properties).join(", ")}`,
    ],
  ];
  for (const [manifest, said] of cases) {
    await t.step(JSON.stringify(manifest), () => {
      assertEquals(problemOf(JSON.stringify(manifest)), said);
    });
  }
  await t.step("__proto__", () => {
    assertStringIncludes(problemOf('{"__proto__": {"trusted": true}}'), '"__proto__" is not a key');
  });
});

Deno.test("All problems of a manifest are listed together, each of them once", async (t) => {
  await t.step("several keys", () => {
    const manifest = { memory: 1, trusted: 3, maxSessions: -1, groups: { x: 1 } };
    assertEquals(problemOf(JSON.stringify(manifest)).split("; ").sort(), [
      '"groups.x" is not a key, expected one of join, send',
      '"maxSessions" must be at least 0, got -1',
      '"memory" is not a key, did you mean "memoryMb"?',
      '"trusted" must be a boolean, got 3',
    ]);
  });
  await t.step("a permission that is neither a list nor a boolean is one problem", () => {
    assertEquals(
      problemOf('{"permissions": {"net": "x"}}'),
      '"permissions.net" must be a list of texts (or true, in a trusted service), got "x"',
    );
  });
  await t.step("an item of a permission that is no text is one problem", () => {
    assertEquals(
      problemOf('{"permissions": {"net": ["a", 1]}}'),
      '"permissions.net[1]" must be a string, got 1',
    );
  });
});

Deno.test("A long value is shortened in the message", () => {
  const problem = problemOf(JSON.stringify({ memoryMb: "x".repeat(1000) }));
  assert(problem.length < 200, problem);
  assertStringIncludes(problem, "...");
});

Deno.test("A number that is too large for a number is refused", () => {
  assertStringIncludes(problemOf('{"maxMessageBytes": 1e400}'), '"maxMessageBytes" must be');
});

Deno.test("A manifest that is no object is refused", async (t) => {
  const cases = ["null", "[]", '"text"', "3", "true"];
  for (const text of cases) {
    await t.step(text, () => {
      assertEquals(problemOf(text), `the file must be an object, got ${text}`);
    });
  }
});

Deno.test("A manifest without content is refused as empty", () => {
  for (const text of ["", " ", "\n\n", "\t \r\n"]) {
    assertEquals(problemOf(text), "the file is empty, expected a JSON object");
  }
});

Deno.test("A manifest that is no JSON is refused with line and column", async (t) => {
  // Where a misspelt word begins or where it goes wrong: both help, so no column is asked for.
  const cases: [string, number, number?][] = [
    ["{", 1, 2],
    ["{a: 1}", 1, 2],
    ["{'a': 1}", 1, 2],
    ['{\n  "memoryMb": 128,\n}', 3, 1],
    ['{\n  "memoryMb": 128\n  "trusted": true\n}', 3, 3],
    ['{"$schema": "\n"}', 1, 14],
    ["{} x", 1, 4],
    ["{}\n}", 2, 1],
    ["nope", 1],
    ["[", 1, 2],
    ['{\n\n  "memoryMb":\n    x\n}', 4, 5],
    ["// comment\n{}", 1, 1],
    ['{"trusted": tru}', 1],
  ];
  for (const [text, line, column] of cases) {
    await t.step(JSON.stringify(text), () => {
      const problem = problemOf(text);
      assert(problem.startsWith("not valid JSON: "), problem);
      assertMatch(problem, new RegExp(` at line ${line}, column ${column ?? "\\d+"}$`));
      assert(!problem.includes("position"), problem);
    });
  }
});

Deno.test("What is wrong with a manifest is said on one line", () => {
  for (const text of ["// comment\n{}", '{\n"memoryMb": x\n}', '{"a": "\n"}']) {
    assert(!problemOf(text).includes("\n"), problemOf(text));
  }
});

Deno.test("A manifest with all keys is read as it is", () => {
  const manifest: Required<Manifest> = {
    $schema: "../../lib/host/service/manifest.schema.json",
    permissions: {
      net: ["api.example.com:443"],
      read: ["."],
      write: ["data"],
      import: ["jsr.io"],
      env: ["TOKEN"],
      sys: ["hostname"],
      run: [],
      ffi: false,
    },
    trusted: true,
    groups: { join: ["chat", "room:*"], send: ["*"] },
    messageModules: ["chat_service.js"],
    memoryMb: 16,
    eventTimeoutMs: 10,
    allow: ["role:system.authenticated"],
    origins: ["*", "https://example.com", "http://*.example.com:8080"],
    maxMessageBytes: 0,
    idleTimeoutSec: 0.5,
    sendBufferBytes: 0,
    maxSessions: 0,
    messagesPerSec: 0,
    bytesPerSec: 0,
    overRate: "drop",
    slowClient: "close",
  };
  assertEquals(Object.keys(manifest).sort(), Object.keys(schema.properties).sort());
  assertEquals(manifestFile.parse(JSON.stringify(manifest), SHOWN), manifest);
  assertEquals(manifestFile.parse("{}", SHOWN), {});
});

Deno.test("read() tells a file that is missing from one that cannot be read", async (t) => {
  using site = Site.make({
    "good.json": { memoryMb: 64 },
    "folder.json/file": "",
    "bom.json": '\ufeff{"memoryMb": 64}',
  });
  const read = (name: string) => manifestFile.read(join(site.root, name), name);
  await t.step("a file", () => assertEquals(read("good.json"), { memoryMb: 64 }));
  await t.step("no file", () => assertEquals(read("none.json"), null));
  await t.step("a folder", () => {
    const error = assertThrows(() => read("folder.json"), SwitchboardError);
    assertEquals(error.code, "SB_MANIFEST");
    assertStringIncludes(error.message, 'Cannot read manifest "folder.json": ');
  });
  await t.step("a file that begins with a byte order mark", () => {
    assertEquals(read("bom.json"), { memoryMb: 64 });
  });
});
