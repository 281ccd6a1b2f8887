import { assert, assertEquals, assertMatch } from "@std/assert";
import { Board } from "../helpers/board.ts";
import type { Served } from "../helpers/served.ts";
import { Server } from "../helpers/server.ts";
import { Client } from "../helpers/client.ts";
import type { Files } from "../helpers/site.ts";
import { SECRET, tokenOf } from "../helpers/tokens.ts";
import { until } from "../helpers/until.ts";

const WHO = `
  const auth = require("/lib/xp/auth");
  exports.get = (req) => req.webSocket
    ? { webSocket: {} }
    : { contentType: "application/json", body: { user: auth.getUser(), editor: auth.hasRole("editor") } };
  exports.webSocketEvent = (e) => e.type === "message" &&
    require("/lib/xp/websocket").send(e.session.id, JSON.stringify(e.session.user ?? null));`;

const MODULE = `
  export async function authenticate(request, { remoteAddress }) {
    const key = request.headers.get("x-key");
    switch (key) {
      case null: return null;
      case "undefined": return;
      case "wrong": return false;
      case "throws": throw new Error("no luck");
      case "never": await new Promise(() => {});
      case "spin": while (true);
      case "number": return 7;
      case "list": return [];
      case "no login": return { name: "ada" };
      case "empty": return { login: "" };
      case "long": return { login: "x".repeat(257) };
      case "roles": return { login: "ada", roles: "editor" };
      case "role": return { login: "ada", roles: [7] };
      case "ring": { const ring = { login: "ada" }; ring.ring = ring; return ring; }
      case "reads": return { login: Deno.readTextFileSync("/etc/hostname") };
      case "root": return { login: Deno.readTextFileSync(new URL("../switchboard.json", import.meta.url)) };
      case "about": return { login: "ada", displayName: [request.method, new URL(request.url).pathname, remoteAddress, request.headers.get("cookie")].join(" ") };
      case "soon": return { login: "ada", expiresAt: Date.now() + 2500 };
      default: return { login: key, displayName: "Key " + key, email: "a@b", id: "7", idProvider: "keys", roles: ["editor"] };
    }
  }`;

function files(
  more: Files = {},
  auth: Record<string, unknown> = {},
  limits: Record<string, unknown> = {},
): Files {
  return {
    "switchboard.json": { auth: { module: "auth/auth.mjs", ...auth }, limits },
    "auth/auth.mjs": MODULE,
    "services/who/who.js": WHO,
    ...more,
  };
}

function start(more: Files = {}, auth: Record<string, unknown> = {}): Promise<Board> {
  return Board.start(files(more, auth));
}

async function ask(server: Served, headers: Record<string, string> = {}) {
  const response = await server.fetch("/services/who?secret=1", { headers });
  return { status: response.status, body: await response.text() };
}

Deno.test("the operator's own module authenticates requests", async (t) => {
  await using server = await start({ secret: SECRET }, {
    jwt: { algorithms: ["HS256"], secretFile: "secret" },
  });
  await t.step("a user", async () => {
    const { body } = await ask(server, { "X-Key": "k1" });
    const user = {
      key: "user:keys:7",
      displayName: "Key k1",
      disabled: false,
      email: "a@b",
      login: "k1",
      idProvider: "keys",
    };
    assertEquals(JSON.parse(body), { user, editor: true });
    await using client = await Client.open(server.ws("/services/who"), {
      headers: { "X-Key": "k1" },
    });
    client.send("who?");
    assertEquals(await client.nextJson(), user);
  });
  await t.step("what it is told", async () => {
    const { body } = await ask(server, { "X-Key": "about", Cookie: "a=1" });
    assertEquals(JSON.parse(body).user.displayName, "GET /services/who 127.0.0.1 a=1");
  });
  for (const key of [null, "undefined"]) {
    await t.step(`nobody: ${key}`, async () => {
      const { status, body } = await ask(server, key === null ? {} : { "X-Key": key });
      assertEquals([status, JSON.parse(body).user], [200, null]);
    });
  }
  await t.step("Wrong credentials", async () => {
    assertEquals((await ask(server, { "X-Key": "wrong" })).status, 401);
  });
  await t.step("one that ends", async () => {
    await using client = await Client.open(server.ws("/services/who"), {
      headers: { "X-Key": "soon" },
    });
    assertEquals((await client.untilClosed()).code, 1008);
  });
  await t.step("beside tokens: the module gets requests without a token", async () => {
    const token = await tokenOf();
    const byToken = await ask(server, { Authorization: `Bearer ${token}`, "X-Key": "k1" });
    assertEquals(JSON.parse(byToken.body).user.login, "ada");
    assertEquals(JSON.parse((await ask(server, { "X-Key": "k1" })).body).user.login, "k1");
    assertEquals((await ask(server, { Authorization: "Bearer x", "X-Key": "k1" })).status, 401);
  });
});

Deno.test("a module that fails lets no client in, neither authenticated nor anonymous", async (t) => {
  const limits = { requestTimeoutMs: 1_500, wrongCredentialsPerMinPerAddress: 0 };
  await using server = await Board.start(files({}, {}, limits), { waits: { eventMs: 2_000 } });
  const failing = [
    "throws",
    "never",
    "number",
    "list",
    "no login",
    "empty",
    "long",
    "roles",
    "role",
    "ring",
  ];
  for (const key of failing) {
    await t.step(key, async () => {
      assertEquals((await ask(server, { "X-Key": key })).status, 503);
    });
  }
  await t.step("the log says why, and not what was asked", () => {
    const text = server.log.all.join("\n");
    assertMatch(text, /authenticate\(\): Error: no luck/);
    assertMatch(text, /must return a user, null or false: .*\\"login\\" is missing/);
    assert(!text.includes("secret=1"));
  });
  await t.step("it runs in an isolate with its own grants", async () => {
    for (const key of ["reads", "root"]) {
      assertEquals((await ask(server, { "X-Key": key })).status, 503);
    }
    assertMatch(server.log.all.join("\n"), /auth module auth\/auth\.mjs.*NotCapable/);
  });
  await t.step("one that never ends is stopped, and starts anew", async () => {
    assertEquals((await ask(server, { "X-Key": "spin" })).status, 503);
    await server.logged(({ message }) => /runs again/.test(message));
    await until("it lets in", async () => (await ask(server, { "X-Key": "k1" })).status === 200);
  });
});

Deno.test("SIGHUP reads the module anew; one that does not load replaces nothing", async () => {
  await using server = await Server.start(files());
  const login = async () => JSON.parse((await ask(server, { "X-Key": "k1" })).body).user?.login;
  assertEquals(await login(), "k1");
  server.site.write({ "auth/auth.mjs": "export const authenticate = (" });
  server.process.kill("SIGHUP");
  const { message } = await server.logged(({ level }) => level === "ERROR");
  assertMatch(message, /auth\.mjs:1:[^]*the previous ones stay in use$/);
  assertEquals(await login(), "k1");
  server.site.write({ "auth/auth.mjs": "export const authenticate = () => ({ login: 'new' });" });
  server.process.kill("SIGHUP");
  await server.logged(({ message }) => message === "Keys and users were reloaded");
  assertEquals(await login(), "new");
});

Deno.test("a request that the old module had begun when it was swapped gets its answer", async (t) => {
  const asked = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<Response>();
  await using directory = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => {
    asked.resolve();
    return answer.promise;
  });
  const host = `127.0.0.1:${directory.addr.port}`;
  const module = (login: string) => `
    export async function authenticate(request) {
      if (request.headers.has("x-key")) await (await fetch("http://${host}/")).text();
      return { login: "${login}" };
    }`;
  await using server = await start(
    { "auth/auth.mjs": module("old") },
    { permissions: { net: [host] } },
  );
  const slow = ask(server, { "X-Key": "slow" });
  await asked.promise;
  server.site.write({ "auth/auth.mjs": module("new") });
  assertEquals(await server.board.reloadAuth(), true);
  assertEquals(JSON.parse((await ask(server)).body).user.login, "new");
  answer.resolve(new Response("it is them"));
  const { status, body } = await slow;
  assertEquals([status, JSON.parse(body).user?.login], [200, "old"]);

  await t.step("several reloads at once end with the files that were on disk last", async () => {
    const reloads = ["second", "third", "last"].map((login) => {
      server.site.write({ "auth/auth.mjs": module(login) });
      return server.board.reloadAuth();
    });
    assertEquals(await Promise.all(reloads), [true, true, true]);
    assertEquals(JSON.parse((await ask(server)).body).user.login, "last");
    assertEquals(server.log.all, []);
  });
});

Deno.test("a module has the grants of the settings, and at the root reads but itself", async (t) => {
  await t.step("granted", async () => {
    await using server = await start({
      "auth/auth.mjs":
        `export const authenticate = () => ({ login: Deno.env.get("PATH").slice(0, 8) });`,
    }, { permissions: { env: ["PATH"] } });
    assertEquals(
      JSON.parse((await ask(server)).body).user.login,
      Deno.env.get("PATH")!.slice(0, 8),
    );
  });
  await t.step("at the root", async () => {
    await using server = await start({
      "auth.mjs": `export function authenticate() {
        const tries = ["switchboard.json", "services/who/who.js", "auth.mjs"].map((path) => {
          try { Deno.readTextFileSync(new URL(path, import.meta.url)); return "read"; } catch (error) { return error.name; }
        });
        return { login: tries.join() };
      }`,
    }, { module: "auth.mjs" });
    assertEquals(JSON.parse((await ask(server)).body).user.login, "NotCapable,NotCapable,read");
  });
});

Deno.test("a server whose module is not as it should be does not start, and says why", async (t) => {
  const cases: [string, Files, Record<string, unknown>, RegExp][] = [
    [
      "no file",
      {},
      { module: "none.ts" },
      /There is no "none.ts", named by "auth.module" in switchboard.json/,
    ],
    [
      "no function",
      { "auth/auth.mjs": "export const authenticat = 1;" },
      {},
      /must export a function authenticate\(request\)/,
    ],
    ["it throws", { "auth/auth.mjs": "throw new Error('at once');" }, {}, /at once/],
    [
      "a grant that needs trust",
      {},
      { permissions: { net: true } },
      /Cannot grant "permissions.net": true/,
    ],
    ["a grant that is none", {}, { permissions: { nett: [] } }, /did you mean "net"/],
  ];
  for (const [name, files, auth, expected] of cases) {
    await t.step(name, async () => {
      const error = await start(files, auth).then(() => null, (error) => error);
      assertMatch(error.message, expected);
    });
  }
});
