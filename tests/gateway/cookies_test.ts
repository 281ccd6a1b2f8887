import { assertEquals, assertThrows } from "@std/assert";
import { requestCookies, setCookieHeader } from "../../lib/host/gateway/cookies.ts";
import type { NeutralCookie } from "../../lib/model/mod.ts";

const cookiesOf = (header: string) => ({ ...requestCookies(new Headers({ cookie: header })) });

Deno.test("requestCookies() reads whatever a client sends, and throws for nothing", async (t) => {
  const cases: [string, string, Record<string, string>][] = [
    ["one", "a=1", { a: "1" }],
    ["several", "a=1; b=2;c=3", { a: "1", b: "2", c: "3" }],
    ["blanks and tabs around names and values", " a = 1 ;\tb\t=\t2\t", { a: "1", b: "2" }],
    ["a semicolon at the end", "a=1;", { a: "1" }],
    ["a semicolon at the start", ";a=1", { a: "1" }],
    ["empty pairs", "a=1;; ; ;b=2;;", { a: "1", b: "2" }],
    ["a repeated name", "a=1; a=2; a=3", { a: "1" }],
    ["a repeated name whose first value is empty", "a=; a=2", { a: "" }],
    ["names that differ in case", "a=1; A=2", { a: "1", A: "2" }],
    ["an equals sign in a value", "a=1=2==", { a: "1=2==" }],
    ["a percent-encoded value", "a=x%20y%", { a: "x%20y%" }],
    ["a quoted value", 'a="1"', { a: '"1"' }],
    ["a comma in a value", "a=1, b=2", { a: "1, b=2" }],
    ["a pair without =", "a; b=2; c", { b: "2" }],
    ["a pair without a name", "=1; b=2", { b: "2" }],
    ["only garbage", "\x80\xff@@ ,, {}", {}],
    ["only separators", ";=;=;", {}],
    ["nothing", "", {}],
    ["names of Object.prototype", "toString=1; constructor=2", { toString: "1", constructor: "2" }],
  ];
  for (const [name, header, cookies] of cases) {
    await t.step(name, () => assertEquals(cookiesOf(header), cookies));
  }

  await t.step("no Cookie header", () => {
    assertEquals({ ...requestCookies(new Headers()) }, {});
  });

  await t.step("__proto__ is a name like any other", () => {
    const cookies = requestCookies(new Headers({ cookie: "__proto__=1; a=2" }));
    assertEquals(Object.entries(cookies), [["__proto__", "1"], ["a", "2"]]);
  });

  await t.step("a cookie that was not sent is undefined, whatever its name", () => {
    const cookies = requestCookies(new Headers({ cookie: "a=1" }));
    assertEquals(
      [cookies.toString, cookies.constructor, cookies.__proto__],
      Array(3).fill(undefined),
    );
  });

  await t.step("many pairs take no time to speak of", () => {
    const start = performance.now();
    for (const pair of ["a;", ";", "=;", "a=1;", "=", "a=;"]) cookiesOf(pair.repeat(20_000));
    assertEquals(performance.now() - start < 2000, true);
  });
});

Deno.test("setCookieHeader() writes a cookie with its attributes", async (t) => {
  const cases: [NeutralCookie, string][] = [
    [{ name: "a", value: "b" }, "a=b"],
    [{ name: "a", value: "" }, "a="],
    [{ name: "a", value: "x%20y=" }, "a=x%20y="],
    [{ name: "a", value: '{"b":[1,2]}' }, 'a={"b":[1,2]}'],
    [{ name: "__Host-a", value: "b", path: "/", secure: true }, "__Host-a=b; Path=/; Secure"],
    [{ name: "a", value: "b", maxAge: 0 }, "a=b; Max-Age=0"],
    [{ name: "a", value: "b", path: "", domain: "" }, "a=b"],
    [{ name: "a", value: "b", httpOnly: false, secure: false }, "a=b"],
    [{ name: "a", value: "b", sameSite: "Strict" }, "a=b; SameSite=Strict"],
    [{ name: "a", value: "b", sameSite: "None", secure: true }, "a=b; Secure; SameSite=None"],
    [
      {
        name: "a",
        value: "b",
        path: "/p q",
        domain: ".example.com",
        maxAge: 60,
        httpOnly: true,
        secure: true,
        sameSite: "Lax",
      },
      "a=b; Max-Age=60; Domain=.example.com; Path=/p q; HttpOnly; Secure; SameSite=Lax",
    ],
  ];
  for (const [cookie, header] of cases) {
    await t.step(header, () => assertEquals(setCookieHeader(cookie), header));
  }
});

Deno.test("setCookieHeader() says which field no cookie may have, and not its value", async (t) => {
  const cases: Record<string, unknown[]> = {
    name: ["", "a b", "a;", "a=", "a\r\nb", "é", "\x7f", 5],
    value: ["secret value", "secret;", "secret\n", "secret\t", "secreté", "secret\x00", 5, null],
    path: ["/secret;", "/secret\r\nx: y", "/é", "/\x7f", 5, {}],
    domain: ["a.test; secret", "a..test", "-a.test", "a test", "a.test:80", 5],
    maxAge: [1.5, NaN, Infinity, 1e300, "60", null],
    sameSite: ["secret", "lax; secure", true, 5],
  };
  for (const [field, values] of Object.entries(cases)) {
    for (const value of values) {
      await t.step(`${field}: ${JSON.stringify(value)}`, () => {
        const cookie = { name: "a", value: "b", [field]: value } as unknown as NeutralCookie;
        const { message } = assertThrows(() => setCookieHeader(cookie), TypeError, "not allow");
        assertEquals(
          message.includes(` has a ${field} that is not allowed in a cookie: it must be `),
          true,
        );
        assertEquals(message.includes("secret"), false);
      });
    }
  }

  await t.step("of several the first in order is named", () => {
    const cookie = { name: "a", value: "b;", path: ";", maxAge: 0.5 };
    assertThrows(() => setCookieHeader(cookie), TypeError, 'Cookie "a" has a value that');
  });

  await t.step("a name is shown, but not all of one that is very long", () => {
    const cookie = { name: ";".repeat(5000), value: "" };
    const { message } = assertThrows(() => setCookieHeader(cookie), TypeError, ";;;");
    assertEquals(message.length < 300, true);
  });

  await t.step("fields that cookies do not have are not sent", () => {
    const cookie = { name: "a", value: "b", priority: "high", comment: "c", expires: new Date() };
    assertEquals(setCookieHeader(cookie as NeutralCookie), "a=b");
  });
});
