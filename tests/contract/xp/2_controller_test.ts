import { assert, assertEquals, assertMatch } from "@std/assert";
import { SharedBoard } from "../../helpers/shared_board.ts";

/** How controllers are found and loaded; what they do with requests is in `2_requests_test.ts`. */
const suite = new SharedBoard({
  "switchboard.json": { app: "com.example.app", config: { color: "blue" } },
});

suite.add("the controller is found and loaded", {
  "lib/util.ts": `export const shout = (text: string): string => text.toUpperCase();`,
  "lib/old.js": `exports.whisper = function (text) { return text.toLowerCase(); };`,
  "lib/deep/index.js": `exports.name = "index of a folder";`,
  "services/esm-ts/esm-ts.ts": `
    import type { Content } from "@enonic-types/core";
    import { type Unused } from "@enonic-types/lib-content";
    import { shout } from "/lib/util";
    import { whisper } from "/lib/old";
    import old from "/lib/old";
    import local from "./local";
    import data from "./data.json" with { type: "json" };
    enum Color { Red = "red" }
    export function get(_req: Content): { body: string[] } {
      return { body: [shout("a"), whisper("B"), old.whisper("C"), local.name, data.x, Color.Red] };
    }
  `,
  "services/esm-ts/local.js": `module.exports = { name: "CommonJS from ESM" };`,
  "services/esm-ts/data.json": { x: "json" },
  "services/cjs-js/cjs-js.js": `
    var ws = require('/lib/xp/websocket');
    var same = require('lib/xp/websocket');
    var util = require('/lib/util');
    var old = require('lib/old');
    var helper = require('./helper');
    var again = require('./helper.js');
    var data = require('./data');
    var deep = require('/lib/deep');
    exports.get = function (req) {
      return { body: [
        typeof ws.addToGroup, ws === same, util.shout('x'), old.whisper('Y'), helper.count(),
        again.count(), data.deep[0], deep.name, typeof module, __filename.slice(-9),
      ] };
    };
  `,
  "services/cjs-js/helper.js":
    `let n = 0; module.exports.count = () => ++n; exports.circle = require("./circle");`,
  "services/cjs-js/circle.js": `exports.sees = Object.keys(require("./helper"));`,
  "services/cjs-js/data.json": { deep: ["from json"] },
  "services/cjs-ts/cjs-ts.ts": `
    interface Req { method: string }
    const helper = require("./esm") as { twice(n: number): number };
    exports.get = function (req: Req): unknown { return { body: [req.method, helper.twice(21)] }; };
  `,
  "services/cjs-ts/esm.ts": `export const twice = (n: number): number => n * 2;`,
  "services/mjs/mjs.mjs": `
    const answer = await Promise.resolve(42);
    export const get = () => ({ body: { answer, url: import.meta.url.slice(-8) } });
  `,
  "services/cjs/cjs.cjs": `
    exports.get = async () => {
      const { shout } = await import("/lib/util");
      const late = await import("./late.js");
      return { body: shout("cjs " + late.default) };
    };
  `,
  "services/cjs/late.js": `export default "imports late";`,
  "apis/data/data.js": `exports.get = () => ({ body: "api" });`,
  "webapp/webapp.js": `exports.get = () => ({ body: "webapp" });`,
}, async (server, t) => {
  const json = async (path: string) => JSON.parse(await server.text(path));

  await t.step("an ES module in TypeScript, with enums, types and CommonJS imports", async () => {
    assertEquals(await json("/services/esm-ts"), [
      "A",
      "b",
      "c",
      "CommonJS from ESM",
      "json",
      "red",
    ]);
  });

  await t.step("a CommonJS module in a .js file, with require of everything", async () => {
    assertEquals(await json("/services/cjs-js"), [
      "function",
      true,
      "X",
      "y",
      1,
      2,
      "from json",
      "index of a folder",
      "object",
      "cjs-js.js",
    ]);
  });

  await t.step("a CommonJS module in a .ts file, requiring an ES module", async () => {
    assertEquals(await json("/services/cjs-ts"), ["GET", 42]);
  });

  await t.step("an ES module in a .mjs file, with top-level await", async () => {
    assertEquals(await json("/services/mjs"), { answer: 42, url: "/mjs.mjs" });
  });

  await t.step("a CommonJS module in a .cjs file", async () => {
    assertEquals(await server.text("/services/cjs"), "CJS IMPORTS LATE");
  });

  await t.step("also apis/<name>/<name>.* and webapp/webapp.*", async () => {
    assertEquals(await server.text("/api/com.example.app:data"), "api");
    assertEquals(await server.text("/webapp/com.example.app/"), "webapp");
  });

  await t.step("nothing was logged", () => {
    const services = ["esm-ts", "cjs-js", "cjs-ts", "mjs", "cjs", "api:data", "webapp"];
    const lines = server.log.all.map((line) => JSON.parse(line));
    assertEquals(lines.filter(({ service }) => services.includes(service)), []);
  });
});

const broken: Record<string, { source: string; says: RegExp[] }> = {
  "escape": {
    source: `import "../other/secret.js"; export const get = () => ({});`,
    says: [
      /"\.\.\/other\/secret\.js"/,
      /imported by services\/escape\/escape\.js/,
      /outside of/,
    ],
  },
  "escape-cjs": {
    source: `exports.get = require("../../switchboard.json");`,
    says: [/outside of services\/escape-cjs\/ and lib\//],
  },
  "absolute": {
    source: `import "/services/other/secret"; export const get = () => ({});`,
    says: [/outside of/],
  },
  "missing": {
    source: `exports.x = require("./nothing");`,
    says: [/Cannot find module "\.\/nothing", imported by services\/missing\/missing\.js/],
  },
  "package": {
    source: `import "nowhere/deep"; export const get = () => ({});`,
    says: [
      /Cannot find module "nowhere\/deep", imported by services\/package\/package\.js/,
      /the imports of deno\.json, as "nowhere\/deep": "npm:nowhere\/deep"$/,
    ],
  },
  "package-cjs": {
    source: `\nexports.x = require("nowhere");`,
    says: [
      /Cannot find module "nowhere", imported by services\/package-cjs\/package-cjs\.js/,
      /"nowhere": "npm:nowhere", and await import\("nowhere"\) in place of require/,
      /package-cjs\.js:2:\d+/,
    ],
  },
  "unknown-lib": {
    source: `const content = require("/lib/xp/content"); exports.get = () => content;`,
    says: [
      /"\/lib\/xp\/content"/,
      /imported by services\/unknown-lib\/unknown-lib\.js/,
      /\/lib\/xp\/auth, \/lib\/xp\/event, \/lib\/xp\/portal, \/lib\/xp\/websocket/,
    ],
  },
  "unknown-lib-esm": {
    source: `import { get as x } from "lib/xp/node"; export const get = () => x;`,
    says: [/"lib\/xp\/node"/, /imported by services\/unknown-lib-esm/],
  },
  "java": {
    source: `\nvar bean = Java.type("java.lang.String"); exports.get = () => bean;`,
    says: [/Java is not defined/, /not on the JVM/, /java\.js:2:\d+/],
  },
  "bean": {
    source: `exports.bean = __.newBean("com.enonic.Foo");`,
    says: [/__ is not defined/, /JVM/],
  },
  "throws": {
    source: `\n\nfunction inner() { throw new Error("no luck"); }\ninner();\nexports.get = 1;`,
    says: [/no luck/, /throws\.js:3:\d+/, /throws\.js:4:\d+/],
  },
  "throws-ts": { source: "", says: [/no luck in TypeScript/, /throws-ts\.ts:4:\d+/] },
  "syntax": { source: `export const get = () => {\n  return {;\n};`, says: [/syntax\.js:2:/] },
  "syntax-cjs": { source: `exports.get = function ( {\n`, says: [/syntax-cjs\.js/] },
};
const files: Record<string, string> = {
  "services/other/secret.js": "exports.x = 1;",
  "services/throws-ts/throws-ts.ts":
    `interface A {\n  a: number;\n}\nthrow new Error("no luck in TypeScript");\nexport const get = 1 as unknown as A;`,
};
for (const [name, { source }] of Object.entries(broken)) {
  if (source !== "") files[`services/${name}/${name}.js`] = source;
}
suite.add("a controller that cannot be loaded says why", files, async (server, t) => {
  for (const [name, { says }] of Object.entries(broken)) {
    await t.step(name, async () => {
      const line = server.log.all.map((line) => JSON.parse(line)).find((line) =>
        line.service === name
      );
      assert(line, "nothing was logged");
      for (const pattern of says) assertMatch(line.message, pattern);
      assert(!/^ +at .*\/lib\/(isolate|wire|xp)\//m.test(line.message), line.message);
      const response = await server.fetch(`/services/${name}`);
      assertEquals(response.status, 503);
      assert(response.headers.has("retry-after"));
      await response.body?.cancel();
    });
  }
  await t.step("the others run", async () => {
    assertEquals(await server.text("/services/cjs"), "CJS IMPORTS LATE");
    const ready = await server.fetch("/readyz");
    assertEquals(ready.status, 503);
    assertEquals((await ready.json()).services.cjs.state, "running");
  });
});

suite.add("globals", {
  "services/plain/plain.js": `
    exports.post = () => ({ body: new (Java.type("java.util.Date"))() });
    exports.get = () => ({ body: {
      app, here: resolve("./view.html"), root: resolve("/lib/x.html"),
      globals: [typeof log.debug, typeof log.info, typeof log.warning, typeof log.error, typeof Java],
    } });
  `,
  "services/module/module.js": `
    import helper from "./helper.js";
    export const get = () => ({ body: { app: app.name, here: resolve("../plain/view.html"), helper,
      required: require("./helper.js") } });
    export function post() {
      log.debug("not shown");
      log.info("Hello %s, you are %s of %s", "Ada", 1, { all: 3 }, "extra");
      log.warning("100%% %s");
      log.error("broken: %s", new Error("inner"));
      log.info({ only: "object" });
      return {};
    }
  `,
  "services/module/helper.js": `module.exports = resolve("./x");`,
}, async (server, t) => {
  await t.step("app, resolve and log exist", async () => {
    assertEquals(JSON.parse(await server.text("/services/plain")), {
      app: {
        name: "com.example.app",
        version: JSON.parse(Deno.readTextFileSync("deno.json")).version,
        config: { color: "blue" },
      },
      here: "/services/plain/view.html",
      root: "/lib/x.html",
      globals: ["function", "function", "function", "function", "undefined"],
    });
  });

  await t.step("resolve() and require() are relative to the controller", async () => {
    assertEquals(JSON.parse(await server.text("/services/module")), {
      app: "com.example.app",
      here: "/services/plain/view.html",
      helper: "/services/module/x",
      required: "/services/module/x",
    });
  });

  await t.step("log formats %s", async () => {
    await (await server.fetch("/services/module", { method: "POST" })).body?.cancel();
    const line = (text: string) => server.logged(({ message }) => message.startsWith(text));
    const hello = await line("Hello");
    assertEquals(hello.message, 'Hello Ada, you are 1 of {"all":3} extra');
    assertEquals([hello.level, hello.service], ["INFO", "module"]);
    const warning = await line("100");
    assertEquals([warning.message, warning.level], ["100% %s", "WARN"]);
    const error = await line("broken");
    assertMatch(error.message, /^broken: Error: inner\n.*module\.js:9/s);
    assertEquals((await line("{")).message, '{"only":"object"}');
    assert(!server.log.all.some((line) => line.includes("not shown")));
  });

  await t.step("Java does not exist: a clear error says so", async () => {
    const response = await server.fetch("/services/plain", { method: "POST" });
    await response.body?.cancel();
    assertEquals(response.status, 500);
    const { message } = await server.logged(({ service }) => service === "plain");
    assertMatch(message, /Java is not defined.*not on the JVM/);
    assertMatch(message, /plain\.js:2:\d+/);
  });
});

Deno.test("contract XP 2: controllers", suite.run);
