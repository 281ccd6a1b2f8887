import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { Board } from "../../helpers/board.ts";
import { Client } from "../../helpers/client.ts";
import { Raw } from "../../helpers/raw.ts";
import { SharedBoard } from "../../helpers/shared_board.ts";

// These cases depend on the transport: they run on both.

const suite = new SharedBoard({ "switchboard.json": { app: "my.app" } });

suite.add("the export chosen for a request", {
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
    exports.get = () => ({ body: "got", webSocket: {} });
    exports.post = "not a function";
  `,
}, async (server, t) => {
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

  await t.step("an unknown method is 405", async () => {
    const response = await server.fetch("/services/few", { method: "BREW" });
    // To Node it is no request at all.
    const isWs = Deno.env.get("SWITCHBOARD_TRANSPORT") === "ws";
    assertEquals(response.status, isWs ? 400 : 405);
    await response.body?.cancel();
  });
});

suite.add("the request", {
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
}, async (server, t) => {
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

  const logged = server.log.all.length;
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

  await t.step("no cookie of a client is an error", () => {
    assertEquals(server.log.all.slice(logged), []);
  });

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
    const req = await client.nextJson();
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

suite.add("the response", {
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
}, async (server, t) => {
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
    assertMatch(text, /Cookie \\"a b;\\" has a name that is not allowed in a cookie/);
    for (const field of ["value", "path", "domain", "maxAge"]) {
      assertMatch(text, new RegExp(`Cookie ..a.. has a ${field} that is not allowed in a cookie`));
    }
    assertMatch(text, /Header \\"x-a\\" has a name or a value that HTTP does not allow/);
    for (const value of ["secret", "evil"]) assert(!text.includes(value), text);
  });

  await t.step("the log has the stack, with the user's file and line", () => {
    const throwing = server.log.all.find((line) => line.includes("Error: thrown"))!;
    assertMatch(JSON.parse(throwing).message, /reply\.js:\d+:\d+/);
  });

  await t.step("after all that, every service answers", async () => {
    assertEquals(await server.text("/services/few"), "got");
    await check("text", 200, html, "<b>hi</b>");
    assertEquals(await server.settled(), { sessions: 0, groups: 0 });
  });
});

suite.add("the webSocket answer", {
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
}, async (server, t) => {
  const open = (name: string, protocols?: string[]) =>
    Client.open(server.ws(`/services/accept?case=${name}`), { protocols });

  for (const name of ["empty", "yes", "ignored", "status101"]) {
    await t.step(`${name}: accepted`, async () => {
      await using client = await open(name);
      assertEquals(await client.nextJson(), { changed: true });
    });
  }

  await t.step("data comes back on every event, a fresh copy each time", async () => {
    await using client = await open("data");
    const data = { n: 1, s: "x", o: { deep: [true] } };
    assertEquals(await client.nextJson(), { ...data, changed: true });
    client.send("");
    assertEquals(await client.nextJson(), data);
  });

  for (const name of ["textData", "arrayData"]) {
    await t.step(`${name}: data that is no object is {}`, async () => {
      await using client = await open(name);
      assertEquals(await client.nextJson(), { changed: true });
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
    await using client = await Client.open(server.ws("/services/few"));
    client.send("anybody?");
    assertEquals((await client.close(4001)).code, 4001);
    assertEquals(client.waiting.length, 0);
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

Deno.test("contract XP 2: requests", suite.run);

Deno.test("contract XP 2: a controller that never answers", async (t) => {
  await using server = await Board.start({
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
