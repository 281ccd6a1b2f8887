import { assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { OtherApplication } from "../../lib/model/mod.ts";
import { findRoute, urlOf } from "../../lib/systems/xp/host/route.ts";

const APP = "com.example.app";

Deno.test("findRoute() finds the service that a URL leads to", async (t) => {
  const cases: [string, string, string, string][] = [
    ["/services/chat", "chat", "/services/chat", ""],
    ["/services/chat/", "chat", "/services/chat", ""],
    ["/services/chat/room/1", "chat", "/services/chat", "room/1"],
    ["/services/chat/room/", "chat", "/services/chat", "room/"],
    ["/services/chat//room", "chat", "/services/chat", "/room"],
    ["/services/services", "services", "/services/services", ""],
    [`/_/service/${APP}/chat`, "chat", `/_/service/${APP}/chat`, ""],
    [`/_/service/${APP}/chat/x/y`, "chat", `/_/service/${APP}/chat`, "x/y"],
    [`/site/default/master/_/service/${APP}/chat`, "chat", null!, ""],
    [`/admin/_/service/${APP}/chat/x`, "chat", `/admin/_/service/${APP}/chat`, "x"],
    [`//_/service/${APP}/chat`, "chat", `//_/service/${APP}/chat`, ""],
    [`/api/${APP}:chat`, "api:chat", `/api/${APP}:chat`, ""],
    [`/api/${APP}:chat/x`, "api:chat", `/api/${APP}:chat`, "x"],
    [`/_/${APP}:chat`, "api:chat", `/_/${APP}:chat`, ""],
    [`/site/a/_/${APP}:chat/x`, "api:chat", `/site/a/_/${APP}:chat`, "x"],
    [`/webapp/${APP}`, "webapp", `/webapp/${APP}`, ""],
    [`/webapp/${APP}/`, "webapp", `/webapp/${APP}`, ""],
    [`/webapp/${APP}/a/b`, "webapp", `/webapp/${APP}`, "a/b"],
    [`/webapp/${APP}/_/service/${APP}/chat`, "chat", `/webapp/${APP}/_/service/${APP}/chat`, ""],
  ];
  for (const [path, key, contextPath, rest] of cases) {
    await t.step(path, () => {
      assertEquals(findRoute(path, APP), {
        key,
        contextPath: contextPath ?? path,
        rest,
        endpoint: null,
        match: null,
      });
    });
  }
});

Deno.test("findRoute() decodes names, and leaves the context path as it came", async (t) => {
  const cases: [string, string, string, string][] = [
    ["/services/my%20chat/a%20b", "my chat", "/services/my%20chat", "a b"],
    ["/services/caf%C3%A9", "café", "/services/caf%C3%A9", ""],
    ["/services/%63hat", "chat", "/services/%63hat", ""],
    ["/services/chat/a%2Fb", "chat", "/services/chat", "a/b"],
    ["/services/chat/%25", "chat", "/services/chat", "%"],
    ["/services/chat/%252e", "chat", "/services/chat", "%2e"],
    [`/%5F/service/${APP}/chat`, "chat", `/%5F/service/${APP}/chat`, ""],
    [`/api/${APP}%3Achat`, "api:chat", `/api/${APP}%3Achat`, ""],
    ["/services/a%2Fb", "a/b", "/services/a%2Fb", ""],
  ];
  for (const [path, key, contextPath, rest] of cases) {
    await t.step(
      path,
      () =>
        assertEquals(findRoute(path, APP), { key, contextPath, rest, endpoint: null, match: null }),
    );
  }
});

Deno.test("findRoute() finds nothing at any other path", async (t) => {
  const cases = [
    "",
    "/",
    "//",
    "/services",
    "/services/",
    "/services//chat",
    "//services/chat",
    "/Services/chat",
    "/service/chat",
    "/chat",
    "/api",
    "/api/",
    "/api/chat",
    "/api/:chat",
    `/api/${APP}:`,
    `/api/${APP}`,
    "/webapp",
    "/webapp/",
    "/_",
    "/_/",
    "/_/x",
    "/_/service",
    "/_/service/",
    `/_/service/${APP}`,
    `/_/service/${APP}/`,
    "/_/service//chat",
    `/_/${APP}:`,
    "/_/:chat",
    `/__/service/${APP}/chat`,
    `/_service/${APP}/chat`,
  ];
  for (const path of cases) {
    await t.step(JSON.stringify(path), () => assertEquals(findRoute(path, APP), null));
  }
});

Deno.test("findRoute() tells when a URL names another application", async (t) => {
  const cases = [
    "/_/service/other/chat",
    "/site/_/service/other/chat/x",
    "/_/other:chat",
    "/api/other:chat",
    "/webapp/other",
    "/webapp/other/x",
    `/_/service/${APP.toUpperCase()}/chat`,
    `/_/service/${APP}%00/chat`,
  ];
  for (const path of cases) {
    await t.step(path, () => {
      const error = assertThrows(() => findRoute(path, APP), OtherApplication);
      assertEquals(error.message.includes(`this is "${APP}"`), true);
    });
  }
});

Deno.test("findRoute() throws for a broken percent-encoding, wherever it is", async (t) => {
  const cases = [
    "/%",
    "/services/%zz",
    "/services/chat/%",
    "/services/chat/%E0%A4",
    "/services/chat/%c0%ae",
    "/services/chat/%ff",
    `/%2/_/service/${APP}/chat`,
  ];
  for (const path of cases) {
    await t.step(path, () => {
      assertThrows(() => findRoute(path, APP), URIError);
    });
  }
});

Deno.test("findRoute() takes `..` for a name, not for a way up", async (t) => {
  const cases: [string, string, string][] = [
    ["/services/..", "..", ""],
    ["/services/%2e%2e/chat", "..", "chat"],
    ["/services/chat/../other", "chat", "../other"],
    ["/services/chat/..%2f..%2fother", "chat", "../../other"],
  ];
  for (const [path, key, rest] of cases) {
    await t.step(path, () => {
      const route = findRoute(path, APP)!;
      assertEquals([route.key, route.rest], [key, rest]);
    });
  }
});

Deno.test("findRoute() keeps services, APIs and the web app apart", async (t) => {
  const cases: [string, string][] = [
    ["/services/webapp", `/webapp/${APP}`],
    [`/_/service/${APP}/webapp`, `/webapp/${APP}`],
    ["/services/api:chat", `/api/${APP}:chat`],
    ["/services/api%3Achat", `/_/${APP}:chat`],
  ];
  for (const [service, other] of cases) {
    await t.step(`${service} is not ${other}`, () => {
      assertNotEquals(findRoute(service, APP)?.key, findRoute(other, APP)?.key);
    });
  }
});

Deno.test("findRoute() leaves a `_` that leads nowhere to the service that the path begins with", async (t) => {
  const cases: [string, string, string][] = [
    ["/services/chat/_/logo.png", "chat", "_/logo.png"],
    ["/services/chat/_", "chat", "_"],
    [`/webapp/${APP}/_/static/app.js`, "webapp", "_/static/app.js"],
    [`/api/${APP}:chat/_/x`, "api:chat", "_/x"],
  ];
  for (const [path, key, rest] of cases) {
    await t.step(path, () => {
      const route = findRoute(path, APP);
      assertEquals(route && [route.key, route.rest], [key, rest]);
    });
  }
});

Deno.test("urlOf() gives a URL that leads to the service", async (t) => {
  const cases: ["service" | "api" | "webapp", string, string][] = [
    ["service", "chat", "chat"],
    ["service", "my chat", "my chat"],
    ["service", "50%", "50%"],
    ["service", "a?b#c", "a?b#c"],
    ["api", "chat", "api:chat"],
    ["api", "é:x", "api:é:x"],
    ["webapp", "webapp", "webapp"],
  ];
  for (const [kind, name, key] of cases) {
    await t.step(`${kind} ${name}`, () => {
      const { pathname } = new URL(urlOf(kind, name, APP), "http://host");
      assertEquals(findRoute(pathname, APP)?.key, key);
    });
  }
});
