import { assertEquals } from "@std/assert";
import { originAllowed } from "../../lib/host/gateway/origin.ts";

const OWN = "http://example.com";

type Case = [origin: string | null, own: string, allowed: boolean];

/** Checks cases without a list of the operator's and without a verdict of the controller's. */
function checkOwn(cases: Case[]): (t: Deno.TestContext) => Promise<void> {
  return async (t) => {
    for (const [origin, own, allowed] of cases) {
      await t.step(`${JSON.stringify(origin)} at ${own}`, () => {
        assertEquals(originAllowed(origin, own, undefined, null), allowed);
      });
    }
  };
}

Deno.test(
  "originAllowed() lets in pages of the server's own origin",
  checkOwn([
    [OWN, OWN, true],
    ["https://example.com", "https://example.com", true],
    ["http://example.com:8080", "http://example.com:8080", true],
    ["http://127.0.0.1:8080", "http://127.0.0.1:8080", true],
    ["http://[::1]:8080", "http://[::1]:8080", true],
    ["http://localhost", "http://localhost", true],
  ]),
);

Deno.test(
  "originAllowed() takes a default port for no port",
  checkOwn([
    ["http://example.com:80", OWN, true],
    [OWN, "http://example.com:80", true],
    ["https://example.com:443", "https://example.com", true],
    ["https://example.com", "https://example.com:443", true],
    ["http://example.com:443", OWN, false],
    ["https://example.com:80", "https://example.com", false],
  ]),
);

Deno.test(
  "originAllowed() ignores the case of scheme and host",
  checkOwn([
    ["HTTP://EXAMPLE.com", OWN, true],
    [OWN, "http://Example.COM", true],
  ]),
);

Deno.test(
  "originAllowed() lets in clients that send no origin, for these are no browsers",
  checkOwn([[null, OWN, true]]),
);

Deno.test(
  "originAllowed() refuses other origins",
  checkOwn([
    ["https://example.com", OWN, false],
    [OWN, "https://example.com", false],
    ["ws://example.com", OWN, false],
    ["http://example.com:8080", OWN, false],
    [OWN, "http://example.com:8080", false],
    ["http://example.org", OWN, false],
    ["http://sub.example.com", OWN, false],
    [OWN, "http://sub.example.com", false],
    ["http://example.com.", OWN, false],
    ["http://localhost", "http://127.0.0.1", false],
    ["file://", OWN, false],
    ["chrome-extension://abcdef", OWN, false],
  ]),
);

Deno.test(
  "originAllowed() refuses a look-alike domain",
  checkOwn([
    ["http://evil-example.com", OWN, false],
    ["http://example.com.evil.org", OWN, false],
    ["http://examp1e.com", OWN, false],
    ["http://example.comm", OWN, false],
    ["http://еxample.com", OWN, false],
    ["http://example.com@evil.org", OWN, false],
    ["http://evil.org/http://example.com", OWN, false],
    ["http://evil.org#example.com", OWN, false],
    ["http://evil.org\\@example.com", OWN, false],
  ]),
);

Deno.test(
  "originAllowed() refuses what is no origin",
  checkOwn([
    ["null", OWN, false],
    ["", OWN, false],
    [" ", OWN, false],
    ["*", OWN, false],
    ["example.com", OWN, false],
    ["//example.com", OWN, false],
    ["http://", OWN, false],
    ["http://example.com/", OWN, false],
    ["http://example.com/chat", OWN, false],
    ["http://example.com?x", OWN, false],
    ["http://example.com#x", OWN, false],
    ["http://example.com, http://example.com", OWN, false],
    ["http://example.com http://evil.org", OWN, false],
    ["http://example.com:99999", OWN, false],
    ["data:text/html,x", OWN, false],
    ["about:blank", OWN, false],
    ["undefined", OWN, false],
  ]),
);

Deno.test(
  "originAllowed() refuses an origin with a user",
  checkOwn([
    ["http://user@example.com", OWN, false],
    ["http://user:password@example.com", OWN, false],
    ["http://:password@example.com", OWN, false],
    ["http://@example.com", OWN, false],
  ]),
);

Deno.test(
  "originAllowed() refuses what only a lenient parser takes for the own origin",
  checkOwn([
    ["http:example.com", OWN, false],
    ["http:/example.com", OWN, false],
    ["http:\\\\example.com", OWN, false],
    ["http://example.com\\", OWN, false],
    ["http://example.com?", OWN, false],
    ["http://example.com#", OWN, false],
    ["http://exa\tmple.com", OWN, false],
  ]),
);

Deno.test(
  "originAllowed() refuses every origin where the own host is broken",
  checkOwn([
    [OWN, "http://", false],
    [OWN, "http://example.com/x", false],
    [OWN, "http://user@example.com", false],
    [OWN, "http://example.com:99999", false],
    ["null", "http://", false],
    ["null", "null", false],
    ["", "", false],
  ]),
);

Deno.test("originAllowed() lets in what the operator lists, in place of the own origin", async (t) => {
  const cases: [string | null, string[], boolean][] = [
    ["https://a.test", ["https://a.test"], true],
    ["https://a.test:443", ["https://a.test"], true],
    ["https://a.test", ["https://a.test:443"], true],
    ["HTTPS://A.test", ["https://a.TEST"], true],
    ["https://b.test", ["https://a.test", "https://b.test"], true],
    ["http://a.test", ["https://a.test"], false],
    ["https://a.test:8443", ["https://a.test"], false],
    [OWN, ["https://a.test"], false],
    [OWN, [], false],
    [null, [], true],
    [null, ["https://a.test"], true],
    ["null", ["https://a.test"], false],
    ["null", ["null"], false],
    ["", ["https://a.test"], false],
    ["https://anything.test", ["*"], true],
    ["null", ["*"], true],
  ];
  for (const [origin, listed, allowed] of cases) {
    await t.step(`${JSON.stringify(origin)} of ${JSON.stringify(listed)}`, () => {
      assertEquals(originAllowed(origin, OWN, listed, null), allowed);
    });
  }
});

Deno.test("originAllowed() takes *. for every subdomain, and for nothing else", async (t) => {
  const cases: [string, string, boolean][] = [
    ["https://a.example.com", "https://*.example.com", true],
    ["https://a.b.example.com", "https://*.example.com", true],
    ["https://A.EXAMPLE.com:443", "https://*.Example.com", true],
    ["https://a.example.com", "https://*.example.com:443", true],
    ["http://a.example.com:8080", "http://*.example.com:8080", true],
    ["https://a.xn--exmple-cua.com", "https://*.exämple.com", true],
    ["https://example.com", "https://*.example.com", false],
    ["https://.example.com", "https://*.example.com", false],
    ["https://evil-example.com", "https://*.example.com", false],
    ["https://evilexample.com", "https://*.example.com", false],
    ["https://example.com.evil.org", "https://*.example.com", false],
    ["https://evil.org/.example.com", "https://*.example.com", false],
    ["https://evil.org#.example.com", "https://*.example.com", false],
    ["https://evil.org?.example.com", "https://*.example.com", false],
    ["https://user@a.example.com", "https://*.example.com", false],
    ["http://a.example.com", "https://*.example.com", false],
    ["https://a.example.com", "http://*.example.com", false],
    ["https://a.example.com:8443", "https://*.example.com", false],
    ["https://a.example.com", "https://*.example.com:8443", false],
    ["https://a.example.com/", "https://*.example.com", false],
    ["null", "https://*.example.com", false],
    ["https://a.example.com", "https://a.*.com", false],
    ["https://a.example.com", "https://*", false],
    ["https://a.example.com", "*.example.com", false],
  ];
  for (const [origin, pattern, allowed] of cases) {
    await t.step(`${origin} of ${pattern}`, () => {
      assertEquals(originAllowed(origin, OWN, [pattern], null), allowed);
    });
  }
});

Deno.test("originAllowed() lets the controller's verdict narrow the operator's list, not widen it", async (t) => {
  const other = "https://other.test";
  const cases: [string | null, string[] | undefined, boolean | null, boolean][] = [
    [other, undefined, true, true],
    ["null", undefined, true, true],
    [null, undefined, true, true],
    [OWN, undefined, false, false],
    [null, undefined, false, false],
    [other, [other], null, true],
    [other, [other], true, true],
    [other, [other], false, false],
    [other, ["*"], false, false],
    [other, [OWN], true, false],
    [other, [], true, false],
    [null, [], true, true],
    [null, [other], false, false],
  ];
  for (const [origin, listed, verdict, allowed] of cases) {
    await t.step(`${origin}, list ${JSON.stringify(listed)}, verdict ${verdict}`, () => {
      assertEquals(originAllowed(origin, OWN, listed, verdict), allowed);
    });
  }
});
