import { assertEquals, assertThrows } from "@std/assert";
import {
  neutralRequest,
  originOf,
  plainResponse,
  replyHeaders,
} from "../../lib/host/gateway/neutral.ts";
import { Networks } from "../../lib/base/networks.ts";
import type { NeutralReply } from "../../lib/model/mod.ts";

const PROXY = "10.0.0.1";
const FORWARDED = {
  "X-Forwarded-For": "203.0.113.9",
  "X-Forwarded-Proto": "https",
  "X-Forwarded-Host": "public.test",
};

function requestWith(headers: Record<string, string>, url = "http://inner.test:8080/x"): Request {
  return new Request(url, { headers });
}

Deno.test("originOf() takes scheme, host and peer from the connection", async (t) => {
  const cases: [Request, string, ReturnType<typeof originOf>][] = [
    [
      requestWith({}),
      "192.0.2.1",
      { scheme: "http", host: "inner.test:8080", addresses: ["192.0.2.1"] },
    ],
    [
      requestWith({ "Host": "named.test" }),
      "192.0.2.1",
      { scheme: "http", host: "named.test", addresses: ["192.0.2.1"] },
    ],
    [
      requestWith({}, "https://inner.test/"),
      "::1",
      { scheme: "https", host: "inner.test", addresses: ["::1"] },
    ],
  ];
  for (const [request, peer, origin] of cases) {
    await t.step(`${request.url} from ${peer}`, () => {
      assertEquals(originOf(request, peer, new Networks([])), origin);
    });
  }
});

Deno.test("originOf() ignores forwarded headers unless a trusted proxy sends them", async (t) => {
  const own = { scheme: "http", host: "inner.test:8080" };
  const cases: [string, string[]][] = [
    ["203.0.113.1", []],
    ["203.0.113.1", [PROXY]],
    ["10.0.0.11", [PROXY]],
    ["10.0.0.", [PROXY]],
    ["", [PROXY]],
    [PROXY, []],
    ["localhost", ["127.0.0.1"]],
  ];
  for (const [peer, trusted] of cases) {
    await t.step(`${peer || "(unknown)"} of ${JSON.stringify(trusted)}`, () => {
      assertEquals(originOf(requestWith(FORWARDED), peer, new Networks(trusted)), {
        ...own,
        addresses: [peer],
      });
    });
  }
});

Deno.test("originOf() believes a trusted proxy", () => {
  assertEquals(originOf(requestWith(FORWARDED), PROXY, new Networks([PROXY])), {
    scheme: "https",
    host: "public.test",
    addresses: ["203.0.113.9"],
  });
});

Deno.test("originOf() knows a trusted IPv4 proxy that comes through an IPv6 socket", () => {
  assertEquals(
    originOf(requestWith(FORWARDED), `::ffff:${PROXY}`, new Networks([PROXY])).scheme,
    "https",
  );
});

Deno.test("originOf() takes what the nearest proxy has added, not what the client made up", async (t) => {
  const cases: [Record<string, string>, Partial<ReturnType<typeof originOf>>][] = [
    [{ "X-Forwarded-For": "6.6.6.6, 203.0.113.9" }, { addresses: ["203.0.113.9"] }],
    [{ "X-Forwarded-For": "6.6.6.6, 203.0.113.9, 10.0.0.2" }, {
      addresses: ["203.0.113.9", "10.0.0.2"],
    }],
    [{ "X-Forwarded-For": `6.6.6.6,203.0.113.9,${PROXY},10.0.0.2` }, {
      addresses: ["203.0.113.9", PROXY, "10.0.0.2"],
    }],
    [{ "X-Forwarded-For": `10.0.0.2, ${PROXY}` }, { addresses: [PROXY] }],
    [{ "X-Forwarded-For": "" }, { addresses: [PROXY] }],
    [{ "X-Forwarded-For": " , " }, { addresses: [PROXY] }],
    [{ "X-Forwarded-For": "2001:db8::1" }, { addresses: ["2001:db8::1"] }],
    // Some proxies write the port as well, which is another one each time.
    [{ "X-Forwarded-For": "203.0.113.9:5001, 10.0.0.2:80" }, {
      addresses: ["203.0.113.9", "10.0.0.2"],
    }],
    [{ "X-Forwarded-For": "[2001:db8::1]:5001" }, { addresses: ["2001:db8::1"] }],
    [{ "X-Forwarded-For": "[2001:db8::1]" }, { addresses: ["2001:db8::1"] }],
    [{ "X-Forwarded-For": "::ffff:203.0.113.9, ::ffff:10.0.0.2" }, {
      addresses: ["203.0.113.9", "10.0.0.2"],
    }],
    [{ "X-Forwarded-For": "unknown" }, { addresses: ["unknown"] }],
    [{ "X-Forwarded-For": "1.2.3:4" }, { addresses: ["1.2.3:4"] }],
    [{ "X-Forwarded-Proto": "http, https" }, { scheme: "https" }],
    [{ "X-Forwarded-Proto": "https, http" }, { scheme: "http" }],
    [{ "X-Forwarded-Host": "evil.test, public.test" }, { host: "public.test" }],
    [{ "X-Forwarded-Host": "public.test:8443" }, { host: "public.test:8443" }],
  ];
  for (const [headers, expected] of cases) {
    await t.step(JSON.stringify(headers), () => {
      assertEquals(originOf(requestWith(headers), PROXY, new Networks([PROXY, "10.0.0.2"])), {
        scheme: "http",
        host: "inner.test:8080",
        addresses: [PROXY],
        ...expected,
      });
    });
  }
});

Deno.test("originOf() passes over forwarded values that mean nothing", async (t) => {
  const cases: Record<string, string>[] = [
    { "X-Forwarded-Proto": "javascript" },
    { "X-Forwarded-Proto": "" },
    { "X-Forwarded-Proto": "https," },
    { "X-Forwarded-Host": "" },
    { "X-Forwarded-Host": "," },
    { "Forwarded": "for=6.6.6.6;proto=https;host=evil.test" },
    { "X-Forwarded-Port": "443" },
  ];
  for (const headers of cases) {
    await t.step(JSON.stringify(headers), () => {
      assertEquals(originOf(requestWith(headers), PROXY, new Networks([PROXY])), {
        scheme: "http",
        host: "inner.test:8080",
        addresses: [PROXY],
      });
    });
  }
});

Deno.test("neutralRequest() tells a service what was asked, as the client asked it", async (t) => {
  const ask = (scheme: string, host: string, rawPath: string, search = "") => {
    const url = `http://inner.test${rawPath}${search}`;
    const request = new Request(url, { headers: { "cookie": "a=1; b=x%20y" } });
    return neutralRequest(request, {
      endpoint: "xp",
      match: null,
      origin: { scheme, host, addresses: ["192.0.2.1"] },
      rawPath,
      contextPath: "/services/chat",
      body: null,
      upgrade: true,
      id: "id",
      identity: null,
    });
  };
  await t.step("URL, paths, cookies", () => {
    const { headers: _, cookies, ...request } = ask(
      "https",
      "public.test",
      "/services/chat/caf%C3%A9",
      "?a=%20b",
    );
    assertEquals({ ...request, cookies: { ...cookies } }, {
      endpoint: "xp",
      route: null,
      method: "GET",
      url: "https://public.test/services/chat/caf%C3%A9?a=%20b",
      scheme: "https",
      host: "public.test",
      port: 443,
      path: "/services/chat/café",
      rawPath: "/services/chat/caf%C3%A9",
      contextPath: "/services/chat",
      addresses: ["192.0.2.1"],
      cookies: { a: "1", b: "x%20y" },
      body: null,
      upgrade: true,
      identity: null,
      id: "id",
    });
  });
  const hosts: [string, string, string, number][] = [
    ["http", "a.test", "a.test", 80],
    ["https", "a.test", "a.test", 443],
    ["http", "a.test:8080", "a.test", 8080],
    ["http", "[::1]", "[::1]", 80],
    ["http", "[::1]:8080", "[::1]", 8080],
    ["https", "127.0.0.1:1", "127.0.0.1", 1],
  ];
  for (const [scheme, given, host, port] of hosts) {
    await t.step(`${scheme}://${given}`, () => {
      const request = ask(scheme, given, "/");
      assertEquals([request.host, request.port], [host, port]);
    });
  }
});

function reply(changes: Partial<NeutralReply>): NeutralReply {
  return { status: 200, headers: [], cookies: [], body: null, accept: null, ...changes };
}

Deno.test("replyHeaders() carries headers and cookies, and keeps repeated ones apart", () => {
  const headers = replyHeaders(reply({
    headers: [["X-A", "1"], ["set-cookie", "x=1"]],
    cookies: [{ name: "a", value: "b", httpOnly: true, sameSite: "Lax" }, { name: "c", value: "" }],
  }));
  assertEquals(headers.get("x-a"), "1");
  assertEquals(headers.getSetCookie().map((cookie) => cookie.split(";")[0]), ["x=1", "a=b", "c="]);
});

Deno.test("replyHeaders() throws for what would break out of a header", async (t) => {
  const cases: Partial<NeutralReply>[] = [
    { headers: [["X-A", "1\r\nX-B: 2"]] },
    { headers: [["X-A", "1\0"]] },
    ...["\x01", "\x08", "\x0b", "\x1f", "\x7f", "€"].flatMap((character) => [
      { headers: [["X-A", `1${character}2`]] } satisfies Partial<NeutralReply>,
      { cookies: [{ name: "a", value: `1${character}2` }] },
    ]),
    { headers: [["X A", "1"]] },
    { headers: [["", "1"]] },
    { headers: [["X-A\r\nX-B", "1"]] },
    { cookies: [{ name: "a", value: "1\r\nX-B: 2" }] },
    { cookies: [{ name: "a b", value: "1" }] },
    { cookies: [{ name: "a", value: "1; domain=evil.test" }] },
    { cookies: [{ name: "a", value: "1", path: "/; domain=evil.test" }] },
    { cookies: [{ name: "a", value: "1", domain: "a.test; path=/" }] },
    { cookies: [{ name: "a", value: "1", maxAge: 0.5 }] },
    { cookies: [{ name: "a", value: "1", sameSite: "Lax; path=/" as "Lax" }] },
    { cookies: [{ name: "", value: "1" }] },
    { cookies: [{ name: "good", value: "1" }, { name: "a", value: "1;" }] },
  ];
  for (const changes of cases) {
    await t.step(JSON.stringify(changes), () => {
      assertThrows(() => replyHeaders(reply(changes)), TypeError, " allow");
    });
  }
});

Deno.test("plainResponse() sends a body only where one may be", async (t) => {
  const cases: [number, string, string | null][] = [
    [200, "GET", "text"],
    [200, "POST", "text"],
    [404, "GET", "text"],
    [599, "GET", "text"],
    [200, "HEAD", null],
    [204, "GET", null],
    [205, "GET", null],
    [304, "GET", null],
  ];
  for (const [status, method, body] of cases) {
    await t.step(`${method} ${status}`, async () => {
      const response = plainResponse(reply({ status, body: "text" }), method);
      assertEquals([response.status, response.body === null], [status, body === null]);
      assertEquals(await response.text(), body ?? "");
    });
  }
});
