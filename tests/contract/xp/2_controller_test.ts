import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { Client } from "../../helpers/client.ts";
import { Raw } from "../../helpers/raw.ts";
import { Server } from "../../helpers/server.ts";

Deno.test("contract XP 2: the controller is found and loaded", async (t) => {
  await using server = await Server.start({
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
  });
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
    assertEquals(await server.text("/api/app:data"), "api");
    assertEquals(await server.text("/webapp/app/"), "webapp");
  });

  await t.step("nothing was logged", () => assertEquals(server.log.all, []));
});

Deno.test("contract XP 2: a controller that cannot be loaded says why", async (t) => {
  const broken: Record<string, { source: string; says: RegExp[] }> = {
    "escape": {
      source: `import "../other/secret.js"; export const get = () => ({});`,
      says: [
        /"\.\.\/other\/secret\.js"/,
        /asked for by services\/escape\/escape\.js/,
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
      says: [/Cannot find module "\.\/nothing", asked for by services\/missing\/missing\.js/],
    },
    "package": {
      source: `import "nowhere/deep"; export const get = () => ({});`,
      says: [
        /Cannot find module "nowhere\/deep", asked for by services\/package\/package\.js/,
        /the imports of deno\.json, as "nowhere\/deep": "npm:nowhere\/deep"$/,
      ],
    },
    "package-cjs": {
      source: `\nexports.x = require("nowhere");`,
      says: [
        /Cannot find module "nowhere", asked for by services\/package-cjs\/package-cjs\.js/,
        /"nowhere": "npm:nowhere", and await import\("nowhere"\) in place of require/,
        /package-cjs\.js:2:\d+/,
      ],
    },
    "unknown-lib": {
      source: `const content = require("/lib/xp/content"); exports.get = () => content;`,
      says: [
        /"\/lib\/xp\/content"/,
        /asked for by services\/unknown-lib\/unknown-lib\.js/,
        /\/lib\/xp\/auth, \/lib\/xp\/event, \/lib\/xp\/portal, \/lib\/xp\/websocket/,
      ],
    },
    "unknown-lib-esm": {
      source: `import { get as x } from "lib/xp/node"; export const get = () => x;`,
      says: [/"lib\/xp\/node"/, /asked for by services\/unknown-lib-esm/],
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
    "switchboard.json": "{}",
    "services/fine/fine.js": "exports.get = () => ({ body: 'fine' });",
    "services/throws-ts/throws-ts.ts":
      `interface A {\n  a: number;\n}\nthrow new Error("no luck in TypeScript");\nexport const get = 1 as unknown as A;`,
  };
  for (const [name, { source }] of Object.entries(broken)) {
    if (source !== "") files[`services/${name}/${name}.js`] = source;
  }
  await using server = await Server.start(files);
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
    assertEquals(await server.text("/services/fine"), "fine");
    const ready = await server.fetch("/readyz");
    assertEquals(ready.status, 503);
    assertEquals((await ready.json()).services.fine.state, "running");
  });
});

Deno.test("contract XP 2: globals", async (t) => {
  await using server = await Server.start({
    "switchboard.json": { app: "com.example.app", config: { color: "blue" } },
    "services/cjs/cjs.js": `
      exports.get = () => ({ body: {
        app, here: resolve("./view.html"), root: resolve("/lib/x.html"),
        globals: [typeof log.debug, typeof log.info, typeof log.warning, typeof log.error, typeof Java],
      } });
    `,
    "services/esm/esm.js": `
      import helper from "./helper.js";
      export const get = () => ({ body: { app: app.name, here: resolve("../cjs/view.html"), helper,
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
    "services/esm/helper.js": `module.exports = resolve("./x");`,
    "services/java/java.js": `
      exports.get = () => ({ body: new (Java.type("java.util.Date"))() });
    `,
  });

  await t.step("app, resolve and log exist", async () => {
    assertEquals(JSON.parse(await server.text("/services/cjs")), {
      app: {
        name: "com.example.app",
        version: JSON.parse(Deno.readTextFileSync("deno.json")).version,
        config: { color: "blue" },
      },
      here: "/services/cjs/view.html",
      root: "/lib/x.html",
      globals: ["function", "function", "function", "function", "undefined"],
    });
  });

  await t.step("resolve() and require() are relative to the controller", async () => {
    assertEquals(JSON.parse(await server.text("/services/esm")), {
      app: "com.example.app",
      here: "/services/cjs/view.html",
      helper: "/services/esm/x",
      required: "/services/esm/x",
    });
  });

  await t.step("log formats %s", async () => {
    await (await server.fetch("/services/esm", { method: "POST" })).body?.cancel();
    const line = (text: string) => server.logged(({ message }) => message.startsWith(text));
    const hello = await line("Hello");
    assertEquals(hello.message, 'Hello Ada, you are 1 of {"all":3} extra');
    assertEquals([hello.level, hello.service], ["INFO", "esm"]);
    const warning = await line("100");
    assertEquals([warning.message, warning.level], ["100% %s", "WARN"]);
    const error = await line("broken");
    assertMatch(error.message, /^broken: Error: inner\n.*esm\.js:9/s);
    assertEquals((await line("{")).message, '{"only":"object"}');
    assert(!server.log.all.some((line) => line.includes("not shown")));
  });

  await t.step("Java does not exist: a clear error says so", async () => {
    assertEquals(await server.status("/services/java"), 500);
    const { message } = await server.logged(({ service }) => service === "java");
    assertMatch(message, /Java is not defined.*not on the JVM/);
    assertMatch(message, /java\.js:2:\d+/);
  });
});

Deno.test("contract XP 2: the export chosen for a request", async (t) => {
  await using server = await Server.start({
    "services/lower/lower.js": `
      const names = ["get", "post", "put", "patch", "delete", "head", "options"];
      for (const name of names) exports[name] = (req) => ({ body: name + " " + req.method, headers: { "x-by": name } });
    `,
    "services/upper/upper.js": `
      const names = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
      for (const name of names) {
        exports[name] = () => ({ headers: { "x-by": name } });
        exports[name.toLowerCase()] = () => ({ headers: { "x-by": "wrong" } });
      }
    `,
    "services/every/every.js": `
      exports.all = (req) => ({ headers: { "x-by": "all" } });
      exports.post = (req) => ({ headers: { "x-by": "post" } });
    `,
    "services/few/few.js": `
      exports.get = () => ({ body: "got" });
      exports.post = "not a function";
    `,
  });
  const by = async (service: string, method: string) => {
    const response = await server.fetch(`/services/${service}`, { method });
    await response.body?.cancel();
    return response.headers.get("x-by");
  };

  const methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
  for (const method of methods) {
    await t.step(`${method}: in upper case, else in lower case, else all`, async () => {
      assertEquals(await by("upper", method), method);
      assertEquals(await by("lower", method), method.toLowerCase());
      assertEquals(await by("every", method), method === "POST" ? "post" : "all");
    });
  }

  await t.step("none: 405 with Allow", async () => {
    for (const method of ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"]) {
      const response = await server.fetch("/services/few", { method });
      assertEquals(response.status, 405);
      assertEquals(response.headers.get("allow"), "GET, HEAD");
      await response.body?.cancel();
    }
  });

  await t.step("HEAD without an export of its own is GET without the body", async () => {
    const response = await server.fetch("/services/few", { method: "HEAD" });
    assertEquals([response.status, await response.text()], [200, ""]);
  });

  await t.step("a method that nobody knows is 405", async () => {
    const response = await server.fetch("/services/few", { method: "BREW" });
    // To Node it is no request at all.
    const isWs = Deno.env.get("SWITCHBOARD_TRANSPORT") === "ws";
    assertEquals(response.status, isWs ? 400 : 405);
    await response.body?.cancel();
  });
});

Deno.test("contract XP 2: the request", async (t) => {
  await using server = await Server.start({
    "services/show/show.js": `
      const { send } = require("/lib/xp/websocket");
      const show = (req) => ({
        ...req, getHeader: undefined, body: typeof req.body === "string" ? req.body : req.body && [...req.body],
        headers: Object.keys(req.headers),
      });
      exports.all = (req) => {
        if (req.webSocket) return { webSocket: { data: show(req) } };
        if (req.params.header) {
          const name = req.params.header;
          return { body: [req.headers[name] ?? null, req.getHeader(name), name in req.headers,
            Object.hasOwn(req.headers, name)] };
        }
        return { body: show(req) };
      };
      exports.webSocketEvent = (e) => e.type === "open" && send(e.session.id, JSON.stringify(e.data));
    `,
  }, { args: ["--app", "my.app"] });
  const show = async (path: string, init?: RequestInit) =>
    JSON.parse(await server.text(`/services/show${path}`, init));

  await t.step("has every member of the contract", async () => {
    const req = await show("/a%20b/c?x=1&y=a&y=b&z=", { headers: { cookie: "a=1; b=two" } });
    assertEquals(req.method, "GET");
    assertEquals(req.scheme, "http");
    assertEquals(req.host, "127.0.0.1");
    assertEquals(req.port, server.port);
    assertEquals(req.path, "/services/show/a b/c");
    assertEquals(req.rawPath, "/services/show/a%20b/c");
    assertEquals(req.url, server.http("/services/show/a%20b/c?x=1&y=a&y=b&z="));
    assertEquals(req.remoteAddress, "127.0.0.1");
    assertEquals(req.contextPath, "/services/show");
    assertEquals(req.mode, "live");
    assertEquals(req.cookies, { a: "1", b: "two" });
    assertEquals(req.webSocket, false);
    assertEquals("body" in req, false);
    assertEquals("contentType" in req, false);
  });

  const COOKIES: [string, string, Record<string, string>][] = [
    ["a semicolon at the end", "a=1;", { a: "1" }],
    ["empty pairs", ";; a=1 ;;; b=2; ;", { a: "1", b: "2" }],
    ["a repeated name: the first counts", "a=1; b=2; a=3", { a: "1", b: "2" }],
    ["values as they were sent", 'a=x%20y; b="q"; c=1=2', { a: "x%20y", b: '"q"', c: "1=2" }],
    ["pairs without a name or a value", "=x; y; a=; =", { a: "" }],
    ["nothing", "", {}],
  ];
  for (const [name, cookie, cookies] of COOKIES) {
    await t.step(`cookies, ${name}`, async () => {
      assertEquals((await show("", { headers: { cookie } })).cookies, cookies);
    });
  }

  await t.step("cookies in two lines are one list", async () => {
    using raw = await Raw.connect(server.port);
    await raw.write(
      "GET /services/show HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" +
        "Cookie: a=1\r\nCookie: b=2; a=3\r\n\r\n",
    );
    await raw.head();
    assertEquals(JSON.parse(await raw.rest()).cookies, { a: "1", b: "2" });
  });

  await t.step("no cookie of a client is an error", () => assertEquals(server.log.all, []));

  await t.step("params: one value is a string, repeated ones an array", async () => {
    const { params } = await show("?x=1&y=a&y=b&z=&y=c&%C3%A5=%26");
    assertEquals(params, { x: "1", y: ["a", "b", "c"], z: "", å: "&" });
  });

  await t.step("params cannot reach a prototype", async () => {
    const { params } = await show("?__proto__=x&constructor=y&toString=z");
    assertEquals(Object.keys(params).sort(), ["__proto__", "constructor", "toString"]);
  });

  await t.step("webSocket is true exactly for an upgrade request", async () => {
    await using client = await Client.open(server.ws("/services/show?q=1"));
    const req = await client.json();
    assertEquals([req.webSocket, req.method, req.params], [true, "GET", { q: "1" }]);
  });

  await t.step("headers answer any case and enumerate in Train-Case", async () => {
    const headers = { "x-some-thing": "yes", "dnt": "1", "sec-websocket-protocol": "a,b" };
    for (const name of ["X-Some-Thing", "x-some-thing", "X-SOME-THING", "x-Some-thing"]) {
      const found = await show(`?header=${name}`, { headers });
      assertEquals(found, ["yes", "yes", true, true]);
    }
    assertEquals(await show("?header=Sec-WebSocket-Protocol", { headers }), [
      "a,b",
      "a,b",
      true,
      true,
    ]);
    assertEquals(await show("?header=X-Nothing", { headers }), [null, null, false, false]);
    const { headers: names } = await show("", { headers });
    for (const name of ["X-Some-Thing", "DNT", "Sec-WebSocket-Protocol", "Host", "User-Agent"]) {
      assert(names.includes(name), `${name} is not in ${names}`);
    }
  });

  await t.step("body: text is a string, a form's fields are params", async () => {
    const text = await show("", { method: "POST", body: "plain å" });
    assertEquals([text.body, text.contentType], ["plain å", "text/plain;charset=UTF-8"]);
    const json = await show("", {
      method: "PUT",
      body: '{"a":1}',
      headers: { "content-type": "application/vnd.x+json" },
    });
    assertEquals(json.body, '{"a":1}');
    const form = await show("?a=url&b=1", {
      method: "POST",
      body: new URLSearchParams([["a", "form"], ["c", "d e"]]),
    });
    assertEquals(form.params, { a: ["url", "form"], b: "1", c: "d e" });
  });

  await t.step("body: bytes are bytes, an empty one is empty", async () => {
    const binary = await show("", {
      method: "PATCH",
      body: new Uint8Array([0, 255, 1]),
      headers: { "content-type": "application/octet-stream" },
    });
    assertEquals(binary.body, [0, 255, 1]);
    const empty = await show("", { method: "POST", body: "" });
    assertEquals(empty.body ?? "", "");
  });

  await t.step("a body over the limit is 413, by its length or as it comes", async () => {
    const large = new Uint8Array(1048577);
    const response = await server.fetch("/services/show", { method: "POST", body: large });
    assertEquals(response.status, 413);
    await response.body?.cancel();
    const stream = ReadableStream.from((function* () {
      for (let chunk = 0; chunk < 40; chunk++) yield new Uint8Array(65536);
    })());
    // The server may end the connection before all of it was sent.
    const outcome = await server.fetch("/services/show", { method: "POST", body: stream })
      .then(async (response) => (await response.body?.cancel(), response.status), () => 413);
    assertEquals(outcome, 413);
    const exact = await show("", {
      method: "POST",
      body: new Uint8Array(1048576),
      headers: { "content-type": "text/plain" },
    });
    assertEquals(exact.body.length, 1048576);
  });

  await t.step("all URL forms set contextPath", async () => {
    const req = JSON.parse(await server.text("/site/a/b/_/service/my.app/show/rest/x"));
    assertEquals(req.contextPath, "/site/a/b/_/service/my.app/show");
  });
});

Deno.test("contract XP 2: the response", async (t) => {
  await using server = await Server.start({
    "services/reply/reply.js": `
      const replies = {
        empty: () => ({}),
        nothing: () => undefined,
        none: () => null,
        text: () => ({ body: "<b>hi</b>" }),
        number: () => ({ body: 42 }),
        object: () => ({ body: { a: [1] } }),
        array: () => ({ body: [1, "two"] }),
        date: () => ({ body: { at: new Date(0) } }),
        bytes: () => ({ body: new Uint8Array([0, 1, 255]) }),
        buffer: () => ({ body: new Uint8Array([7]).buffer }),
        typed: () => ({ body: "x", contentType: "text/plain" }),
        byHeader: () => ({ body: "x", headers: { "Content-Type": "text/css" } }),
        status: () => ({ status: 418, body: "teapot" }),
        textStatus: () => ({ status: "404" }),
        noContent: () => ({ status: 204, body: "dropped" }),
        headers: () => ({ headers: { "X-One": "1", "X-Two": 2, "X-Null": null, "X-Many": ["a", "b"] } }),
        own: () => ({ headers: { "Content-Length": "5000", "Transfer-Encoding": "chunked", Connection: "close" }, body: "short" }),
        cookies: () => ({ cookies: {
          plain: "v",
          full: { value: "x", path: "/p", domain: "example.com", maxAge: 60, httpOnly: true, secure: true, sameSite: "lax", comment: "c" },
          session: { value: "s", maxAge: -1 },
          bare: {},
        } }),
        redirect: () => ({ redirect: "/elsewhere?x=1" }),
        redirectOver: () => ({ status: 200, redirect: "/other", body: "moved" }),
        xpOnly: () => ({ body: "x", applyFilters: false, postProcess: false, pageContributions: { headEnd: "x" } }),
        async: async () => { await null; return { body: "later" }; },
        socket: () => ({ body: "plain", webSocket: {} }),
        // Nonsense.
        returnsText: () => "text",
        returnsNumber: () => 7,
        returnsArray: () => [1],
        returnsFunction: () => () => {},
        badStatus: () => ({ status: 99 }),
        badStatus2: () => ({ status: "abc" }),
        badStatus3: () => ({ status: 200.5 }),
        status101: () => ({ status: 101 }),
        badHeader: () => ({ headers: { "bad name": "x" } }),
        badHeaderValue: () => ({ headers: { "x-a": "line\\r\\nSet-Cookie: evil=1" } }),
        badHeaderObject: () => ({ headers: { "x-a": {} } }),
        controlInHeader: () => ({ headers: { "x-a": "a\\u0001b" } }),
        controlInRedirect: () => ({ redirect: "/a\\u007f" }),
        controlInCookie: () => ({ cookies: { a: "secret\\u001fvalue" } }),
        controlInType: () => ({ contentType: "text/plain\\u0008" }),
        badHeaders: () => ({ headers: "x" }),
        badCookies: () => ({ cookies: [] }),
        badCookieName: () => ({ cookies: { "a b;": "x" } }),
        badCookieValue: () => ({ cookies: { a: "x; Domain=evil" } }),
        badCookiePath: () => ({ cookies: { a: { value: "x", path: "/; Domain=evil" } } }),
        badCookieDomain: () => ({ cookies: { a: { value: "x", domain: "evil.test; Secure" } } }),
        endlessMaxAge: () => ({ cookies: { a: { value: "x", maxAge: 1e300 } } }),
        badSameSite: () => ({ cookies: { a: { value: "x", sameSite: "sometimes" } } }),
        badMaxAge: () => ({ cookies: { a: { value: "x", maxAge: "soon" } } }),
        badRedirect: () => ({ redirect: {} }),
        badType: () => ({ contentType: 5n }),
        functionBody: () => ({ body: () => {} }),
        symbolBody: () => ({ body: Symbol("x") }),
        circular: () => { const a = {}; a.a = a; return { body: a }; },
        bigint: () => ({ body: { n: 5n } }),
        getter: () => ({ get status() { throw new Error("from a getter"); } }),
        revoked: () => { const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); return proxy; },
        throws: () => { throw new Error("thrown"); },
        throwsNull: () => { throw null; },
        throwsOdd: () => { throw { toString() { throw 1; } }; },
        rejects: async () => { throw new Error("rejected"); },
      };
      exports.get = (req) => replies[req.params.case](req);
      exports.webSocketEvent = () => {};
    `,
    "services/fine/fine.js": "exports.get = () => ({ body: 'fine' });",
  });
  const reply = (name: string) => server.fetch(`/services/reply?case=${name}`);
  const check = async (
    name: string,
    status: number,
    type: string | null,
    body: string | Uint8Array,
  ) => {
    const response = await reply(name);
    const text = typeof body === "string" ? await response.text() : await response.bytes();
    assertEquals(
      [response.status, response.headers.get("content-type"), text],
      [status, type, body],
    );
    return response;
  };

  const html = "text/html; charset=utf-8";
  const json = "application/json; charset=utf-8";
  const cases: [string, number, string | null, string | Uint8Array][] = [
    ["empty", 200, null, ""],
    ["nothing", 200, null, ""],
    ["none", 200, null, ""],
    ["text", 200, html, "<b>hi</b>"],
    ["number", 200, html, "42"],
    ["object", 200, json, '{"a":[1]}'],
    ["array", 200, json, '[1,"two"]'],
    ["date", 200, json, '{"at":"1970-01-01T00:00:00.000Z"}'],
    ["bytes", 200, "application/octet-stream", new Uint8Array([0, 1, 255])],
    ["buffer", 200, "application/octet-stream", new Uint8Array([7])],
    ["typed", 200, "text/plain", "x"],
    ["byHeader", 200, "text/css", "x"],
    ["status", 418, html, "teapot"],
    ["textStatus", 404, null, ""],
    ["noContent", 204, html, ""],
    ["xpOnly", 200, html, "x"],
    ["async", 200, html, "later"],
  ];
  for (const [name, status, type, body] of cases) {
    await t.step(
      `body and status: ${name}`,
      async () => void await check(name, status, type, body),
    );
  }

  await t.step("headers: text and numbers, lists repeated, null left out", async () => {
    const { headers, body } = await reply("headers");
    await body?.cancel();
    assertEquals([headers.get("x-one"), headers.get("x-two"), headers.get("x-many")], [
      "1",
      "2",
      "a, b",
    ]);
    assertEquals(headers.has("x-null"), false);
  });

  await t.step("headers that belong to the server cannot be broken", async () => {
    assertEquals(await (await reply("own")).text(), "short");
  });

  await t.step("cookies: a value, or one with attributes", async () => {
    const { headers, body } = await reply("cookies");
    await body?.cancel();
    const cookies = headers.getSetCookie();
    const attributes = (cookie: string) => cookie.toLowerCase().split("; ").sort();
    assertEquals(cookies[0], "plain=v");
    assertEquals(attributes(cookies[1]!), [
      "domain=example.com",
      "full=x",
      "httponly",
      "max-age=60",
      "path=/p",
      "samesite=lax",
      "secure",
    ]);
    assertEquals(cookies.slice(2), ["session=s", "bare="]);
  });

  await t.step("redirect: 303 with Location, whatever the status", async () => {
    for (const [name, location] of [["redirect", "/elsewhere?x=1"], ["redirectOver", "/other"]]) {
      const response = await reply(name!);
      await response.body?.cancel();
      assertEquals([response.status, response.headers.get("location")], [303, location]);
    }
  });

  await t.step("webSocket returned to a plain request is an ordinary response", async () => {
    await check("socket", 200, html, "plain");
  });

  const nonsense = [
    "returnsText",
    "returnsNumber",
    "returnsArray",
    "returnsFunction",
    "badStatus",
    "badStatus2",
    "badStatus3",
    "status101",
    "badHeader",
    "badHeaderValue",
    "badHeaderObject",
    "controlInHeader",
    "controlInRedirect",
    "controlInCookie",
    "controlInType",
    "badHeaders",
    "badCookies",
    "badCookieName",
    "badCookieValue",
    "badCookiePath",
    "badCookieDomain",
    "endlessMaxAge",
    "badSameSite",
    "badMaxAge",
    "badRedirect",
    "badType",
    "functionBody",
    "symbolBody",
    "circular",
    "bigint",
    "getter",
    "revoked",
    "throws",
    "throwsNull",
    "throwsOdd",
    "rejects",
  ];
  for (const name of nonsense) {
    await t.step(`${name}: 500, logged, never an upgrade`, async () => {
      const before = server.log.all.length;
      const response = await reply(name);
      assertEquals([response.status, await response.text()], [500, "Internal Server Error\n"]);
      assertEquals(response.headers.getSetCookie(), []);
      await server.logged(({ level }) => level === "ERROR");
      assert(server.log.all.length > before);
      const upgrade = await Client.open(server.ws(`/services/reply?case=${name}`)).then(
        () => "upgraded",
        () => "refused",
      );
      assertEquals(upgrade, "refused");
      await server.logged(({ level }) => level === "ERROR");
    });
  }

  await t.step("no value gets into the log", () => {
    const text = server.log.all.join("\n");
    assertMatch(text, /Cookie \\"a b;\\" has a name that no cookie may have/);
    for (const field of ["value", "path", "domain", "maxAge"]) {
      assertMatch(text, new RegExp(`Cookie ..a.. has a ${field} that no cookie may have`));
    }
    assertMatch(text, /Header \\"x-a\\" has a name or a value that no header may have/);
    for (const value of ["secret", "evil"]) assert(!text.includes(value), text);
  });

  await t.step("the log has the stack, with the user's file and line", () => {
    const throwing = server.log.all.find((line) => line.includes("Error: thrown"))!;
    assertMatch(JSON.parse(throwing).message, /reply\.js:\d+:\d+/);
  });

  await t.step("after all that, everybody answers", async () => {
    assertEquals(await server.text("/services/fine"), "fine");
    await check("text", 200, html, "<b>hi</b>");
    assertEquals(await server.settled(), { sessions: 0, groups: 0 });
  });
});

Deno.test("contract XP 2: the webSocket answer", async (t) => {
  await using server = await Server.start({
    "services/accept/accept.js": `
      const { send } = require("/lib/xp/websocket");
      const answers = {
        empty: { webSocket: {} },
        yes: { webSocket: true },
        nullish: { webSocket: null, status: 404, body: "no" },
        absent: { status: 404, body: "nothing here" },
        data: { webSocket: { data: { n: 1, s: "x", o: { deep: [true] }, gone: null, never: undefined } } },
        textData: { webSocket: { data: "text" } },
        arrayData: { webSocket: { data: [1] } },
        ignored: { status: 500, body: "ignored", contentType: "text/x", webSocket: {} },
        status101: { status: 101, webSocket: {} },
        extras: { webSocket: {}, headers: { "X-Extra": "yes", Upgrade: "h2c", "Sec-WebSocket-Accept": "forged" }, cookies: { c: "1" } },
        one: { webSocket: { subProtocols: "chat" } },
        many: { webSocket: { subProtocols: ["b", "a"] } },
        badProtocols: { webSocket: { subProtocols: [1] } },
        badOrigin: { webSocket: { checkOrigin: true } },
        circular: { webSocket: { data: {} } },
        bigint: { webSocket: { data: { n: 5n } } },
      };
      answers.circular.webSocket.data.self = answers.circular.webSocket.data;
      exports.get = (req) => answers[req.params.case];
      exports.webSocketEvent = (e) => {
        if (e.type === "open") { e.data.changed = true; send(e.session.id, JSON.stringify(e.data)); }
        if (e.type === "message") send(e.session.id, JSON.stringify(e.data));
      };
    `,
    "services/silent/silent.js": "exports.get = () => ({ webSocket: {} });",
  });
  const open = (name: string, protocols?: string[]) =>
    Client.open(server.ws(`/services/accept?case=${name}`), { protocols });

  for (const name of ["empty", "yes", "ignored", "status101"]) {
    await t.step(`${name}: accepted`, async () => {
      await using client = await open(name);
      assertEquals(await client.json(), { changed: true });
    });
  }

  await t.step("data comes back on every event, a fresh copy each time", async () => {
    await using client = await open("data");
    const data = { n: 1, s: "x", o: { deep: [true] } };
    assertEquals(await client.json(), { ...data, changed: true });
    client.send("");
    assertEquals(await client.json(), data);
  });

  for (const name of ["textData", "arrayData"]) {
    await t.step(`${name}: data that is no object is {}`, async () => {
      await using client = await open(name);
      assertEquals(await client.json(), { changed: true });
    });
  }

  await t.step("headers and cookies are sent on the 101, but for the handshake's own", async () => {
    using raw = await Raw.connect(server.port);
    const head = await raw.handshake("/services/accept?case=extras");
    assertMatch(head, /^HTTP\/1\.1 101 /);
    assertMatch(head, /^x-extra: yes\r?$/im);
    assertMatch(head, /^set-cookie: c=1\r?$/im);
    assertMatch(head, /^upgrade: websocket\r?$/im);
    assertMatch(head, /^sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r?$/im);
    assertEquals(head.match(/^sec-websocket-accept:/gim)!.length, 1);
  });

  await t.step("no webSocket on an upgrade request: an ordinary response", async () => {
    for (const name of ["absent", "nullish"]) {
      using raw = await Raw.connect(server.port);
      assertMatch(await raw.handshake(`/services/accept?case=${name}`), /^HTTP\/1\.1 404 /);
    }
  });

  await t.step("no webSocketEvent export: accepted, events ignored", async () => {
    await using client = await Client.open(server.ws("/services/silent"));
    client.send("anybody?");
    assertEquals((await client.close(4001)).code, 4001);
    assertEquals(client.waiting, 0);
  });

  await t.step("sub-protocol: the first that the client asks for and the service has", async () => {
    const cases: [string, string[], string][] = [
      ["many", ["a", "b"], "a"],
      ["many", ["x", "b", "a"], "b"],
      ["one", ["x", "chat"], "chat"],
    ];
    for (const [name, wanted, chosen] of cases) {
      await using client = await open(name, wanted);
      assertEquals(client.protocol, chosen);
    }
  });

  await t.step("sub-protocol: the header may arrive as `a,b` or `a, b`", async () => {
    for (const header of ["x,a,b", "x, a, b", "x ,\ta"]) {
      using raw = await Raw.connect(server.port);
      const head = await raw.handshake("/services/accept?case=many", {
        "Sec-WebSocket-Protocol": header,
      });
      assertMatch(head, /^HTTP\/1\.1 101 /);
      assertMatch(head, /^sec-websocket-protocol: a\r?$/im);
    }
  });

  await t.step("sub-protocol: no match, or none configured: 101 without the header", async () => {
    for (const name of ["many", "empty"]) {
      using raw = await Raw.connect(server.port);
      const head = await raw.handshake(`/services/accept?case=${name}`, {
        "Sec-WebSocket-Protocol": "x, y",
      });
      assertMatch(head, /^HTTP\/1\.1 101 /);
      assert(!/sec-websocket-protocol/i.test(head), head);
    }
  });

  for (const name of ["badProtocols", "badOrigin", "circular", "bigint"]) {
    await t.step(`${name}: malformed, so 500 and no upgrade`, async () => {
      using raw = await Raw.connect(server.port);
      assertMatch(await raw.handshake(`/services/accept?case=${name}`), /^HTTP\/1\.1 500 /);
      await server.logged(({ level }) => level === "ERROR");
    });
  }

  await t.step("nothing is left", async () => {
    assertEquals(await server.settled(), { sessions: 0, groups: 0 });
  });
});

Deno.test("contract XP 2: a controller that never answers", async (t) => {
  await using server = await Server.start({
    "switchboard.json": { limits: { requestTimeoutMs: 300 } },
    "services/never/never.js": `
      exports.get = (req) => req.params.spin ? (() => { while (true); })() : new Promise(() => {});
    `,
    "services/fine/fine.js": "exports.get = () => ({ body: 'fine', webSocket: {} });",
  });

  await t.step("is 504 after the deadline, for requests and upgrades", async () => {
    const response = await server.fetch("/services/never");
    assertEquals(response.status, 504);
    assertStringIncludes(await response.text(), "did not answer in time");
    using raw = await Raw.connect(server.port);
    assertMatch(await raw.handshake("/services/never"), /^HTTP\/1\.1 504 /);
    await server.logged(({ message }) => /did not answer GET \/services\/never/.test(message));
  });

  await t.step("also when it spins, and the other services answer meanwhile", async () => {
    const spinning = server.fetch("/services/never?spin=1");
    assertEquals(await server.text("/services/fine"), "fine");
    await using client = await Client.open(server.ws("/services/fine"));
    const response = await spinning;
    await response.body?.cancel();
    assertEquals(response.status, 504);
    assertEquals((await client.close(1000)).code, 1000);
  });

  await t.step("leaves no session", async () => {
    assertEquals(await server.settled(), { sessions: 0, groups: 0 });
  });
});
