import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { addUser } from "../../lib/host/auth/mod.ts";
import { SwitchboardError } from "../../lib/base/errors.ts";
import { Client } from "../helpers/client.ts";
import { Board } from "../helpers/board.ts";
import type { Served } from "../helpers/served.ts";
import { Site } from "../helpers/site.ts";
import { pause, until } from "../helpers/until.ts";

const CLI = fromFileUrl(import.meta.resolve("../../cli.ts"));

const WHO = `
  const auth = require("/lib/xp/auth");
  exports.get = (req) => req.webSocket
    ? { webSocket: {} }
    : { contentType: "application/json", body: { user: auth.getUser(), editor: auth.hasRole("editor") } };
  exports.webSocketEvent = () => {};`;

const SETTINGS = {
  auth: { basic: { file: "users.json" } },
  limits: { wrongCredentialsPerMinPerAddress: 0 },
};
const FILES = { "switchboard.json": SETTINGS, "services/who/who.js": WHO };

const basic = (login: string, password: string) =>
  `Basic ${new TextEncoder().encode(`${login}:${password}`).toBase64()}`;

/** Adds a user as `user add` does. */
const addTo = (site: Site, login: string, password: string) =>
  addUser(join(site.root, "users.json"), "users.json", login, password, []);

/** Runs `user add` as somebody who types would, and returns what it says. */
async function add(site: Site, password: string, ...args: string[]) {
  const process = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-prompt", CLI, "user", "add", ...args, "--root", site.root],
    env: { NO_COLOR: "1" },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = process.stdin.getWriter();
  await writer.write(new TextEncoder().encode(`${password}\n`));
  await writer.close();
  const { code, stdout, stderr } = await process.output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

async function ask(server: Served, authorization?: string) {
  const headers: Record<string, string> = authorization === undefined
    ? {}
    : { Authorization: authorization };
  const response = await server.fetch("/services/who", { headers });
  return { status: response.status, headers: response.headers, body: await response.text() };
}

Deno.test("user add writes a hash, and the password is accepted", async (t) => {
  using site = Site.make(FILES);
  await t.step("add", async () => {
    assertEquals(await add(site, "correct horse", "ada", "--role", "editor", "other"), {
      code: 0,
      stdout: 'User "ada" added in users.json',
      stderr: "",
    });
    const text = Deno.readTextFileSync(join(site.root, "users.json"));
    assert(!text.includes("correct"));
    assertMatch(text, /"password": "scrypt\$16384\$8\$1\$/);
    assertEquals(JSON.parse(text).users.ada.roles, ["editor", "other"]);
    assertEquals(Deno.statSync(join(site.root, "users.json")).mode! & 0o777, 0o600);
  });
  await using server = await Board.start(site);
  const user = {
    key: "user:basic:ada",
    displayName: "ada",
    disabled: false,
    login: "ada",
    idProvider: "basic",
  };
  await t.step("right", async () => {
    const { status, body } = await ask(server, basic("ada", "correct horse"));
    assertEquals([status, JSON.parse(body)], [200, { user, editor: true }]);
    await using client = await Client.open(server.ws("/services/who"), {
      headers: { Authorization: basic("ada", "correct horse") },
    });
    assertEquals(client.waiting.length, 0);
  });
  await t.step("nobody", async () => {
    assertEquals(JSON.parse((await ask(server)).body), { user: null, editor: false });
  });
  await t.step("wrong, in every way", async () => {
    const wrong = [
      basic("ada", "wrong"),
      basic("ada", ""),
      basic("ada", "correct horse "),
      basic("Ada", "correct horse"),
      basic("eva", "correct horse"),
      basic("__proto__", "correct horse"),
      basic("constructor", ""),
      basic("", "correct horse"),
      "Basic",
      "Basic x",
      "Basic =",
      `Basic ${new TextEncoder().encode("no colon").toBase64()}`,
      `Basic ${new Uint8Array([255, 58, 97]).toBase64()}`,
      basic("x".repeat(2000), "y"),
      basic("ada", "y".repeat(2000)),
    ];
    for (const authorization of wrong) {
      const { status, headers, body } = await ask(server, authorization);
      assertEquals(status, 401, authorization);
      assertEquals(headers.get("www-authenticate"), 'Basic realm="switchboard", charset="UTF-8"');
      assert(!body.includes("correct"));
    }
  });
  await t.step("a changed password counts at once, and the old one no more", async () => {
    const { stdout } = await add(site, "battery staple", "ada");
    assertEquals(stdout, 'User "ada" changed in users.json');
    await until("the new password counts", async () => {
      return (await ask(server, basic("ada", "battery staple"))).status === 200;
    });
    assertEquals((await ask(server, basic("ada", "correct horse"))).status, 401);
    const { body } = await ask(server, basic("ada", "battery staple"));
    assertEquals(JSON.parse(body).editor, true);
  });
  await t.step("a user that is disabled is nobody", async () => {
    await addTo(site, "eva", "correct horse");
    assertEquals(await server.board.reloadAuth(), true);
    assertEquals((await ask(server, basic("eva", "correct horse"))).status, 200);
    const users = JSON.parse(Deno.readTextFileSync(join(site.root, "users.json")));
    users.users.eva.disabled = true;
    site.write({ "users.json": users });
    assertEquals(await server.board.reloadAuth(), true);
    assertEquals((await ask(server, basic("eva", "correct horse"))).status, 401);
  });
  await t.step("a file that breaks changes nothing, and is said", async () => {
    site.write({ "users.json": "{" });
    for (const begin = performance.now(); server.log.all.length === 0;) {
      assertEquals((await ask(server, basic("ada", "battery staple"))).status, 200);
      assert(performance.now() - begin < 15_000);
      await pause(50);
    }
    assertMatch(server.log.all[0]!, /Cannot read users .*users\.json.*the users stay as they were/);
  });
  await t.step("the log has no password", () => {
    assert(!/correct horse|battery/.test(server.log.all.join("\n")));
  });
});

Deno.test("user add refuses what cannot be, and changes nothing", async (t) => {
  using site = Site.make(FILES);
  await addTo(site, "ada", "correct horse");
  const before = Deno.readTextFileSync(join(site.root, "users.json"));
  const cases: [string, string, RegExp][] = [
    ["eva", "short", /^Cannot add user "eva": a password has 8 to 512 characters, got 5$/],
    ["eva", "", /got 0$/],
    ["eva", "x".repeat(513), /got 513$/],
    ["a:b", "correct horse", /a login has 1 to 128 characters, and no colon$/],
    ["", "correct horse", /a login has 1 to 128 characters, and no colon$/],
    ["x".repeat(129), "correct horse", /a login has 1 to 128 characters/],
    ["a\nb", "correct horse", /Cannot add user "a\\nb"/],
  ];
  for (const [login, password, expected] of cases) {
    await t.step(JSON.stringify([login.slice(0, 10), password.slice(0, 10)]), async () => {
      const error = await assertRejects(() => addTo(site, login, password), SwitchboardError);
      assertMatch(error.message, expected);
    });
  }
  await t.step("the command says so", async () => {
    const { code, stderr } = await add(site, "short", "a\nb");
    assertEquals(code, 1);
    assertMatch(stderr, /^error: Cannot add user "a\\nb": a login has 1 to 128 characters/);
  });
  await t.step("a file that is none", async () => {
    using other = Site.make({ ...FILES, "users.json": { users: { ada: {} } } });
    const error = await assertRejects(() => addTo(other, "eva", "correct horse"), SwitchboardError);
    assertEquals(
      error.message,
      'Cannot read users "users.json": "users.ada.password" is missing',
    );
  });
  await t.step("no settings", async () => {
    using other = Site.make({ "services/who/who.js": WHO });
    const { code, stderr } = await add(other, "correct horse", "eva");
    assertEquals(code, 1);
    assertMatch(stderr, /No users file is configured: add \{ "auth": \{ "basic"/);
  });
  assertEquals(Deno.readTextFileSync(join(site.root, "users.json")), before);
});

Deno.test("a server whose users are not as they should be does not start, and says why", async (t) => {
  const cases: [string, Record<string, unknown>, RegExp][] = [
    [
      "no file",
      {},
      /There are no users: "users.json" is missing; make it with "switchboard user add NAME"/,
    ],
    ["a password as it is", { ada: { password: "secret" } }, /the password of "ada" is not a hash/],
    [
      "a hash that asks for all memory",
      { ada: { password: "scrypt$9999999$8$1$AAAA$AAAA" } },
      /is not a hash/,
    ],
    [
      "a hash that is cut",
      { ada: { password: "scrypt$16384$8$1$c2FsdHNhbHQ=$" } },
      /is not a hash/,
    ],
    ["an unknown key", { ada: { pasword: "x" } }, /did you mean "password"/],
  ];
  for (const [name, users, expected] of cases) {
    await t.step(name, async () => {
      const files = name === "no file" ? FILES : { ...FILES, "users.json": { users } };
      const error = await Board.start(files).then(() => null, (error) => error);
      assertMatch(error.message, expected);
    });
  }
});

Deno.test("guesses of passwords are limited by address", async (t) => {
  using site = Site.make({
    ...FILES,
    "switchboard.json": {
      auth: SETTINGS.auth,
      limits: { wrongCredentialsPerMinPerAddress: 3 },
      trustProxy: ["127.0.0.1"],
    },
  });
  await addTo(site, "ada", "correct horse");
  await using server = await Board.start(site);

  await t.step(
    "many guesses at a time are no way round, and correct passwords do not count",
    async () => {
      for (let n = 0; n < 20; n++) {
        assertEquals((await ask(server, basic("ada", "correct horse"))).status, 200);
      }
      const statuses = await Promise.all(Array.from({ length: 60 }, async (_, n) => {
        const { status } = await ask(server, basic("ada", `guess ${n}`));
        return status;
      }));
      assertEquals(statuses.filter((status) => status === 401).length, 3);
      assertEquals(statuses.filter((status) => status === 429).length, 57);
    },
  );

  await t.step("a client that guesses passwords is slowed down, and others are not", async () => {
    const from = async (address: string, password: string) => {
      const response = await server.fetch("/services/who", {
        headers: { "X-Forwarded-For": address, Authorization: basic("ada", password) },
      });
      await response.body?.cancel();
      return [response.status, response.headers.get("retry-after")];
    };
    for (let n = 0; n < 3; n++) assertEquals(await from("192.0.2.1", "guess"), [401, null]);
    // Not even the right one tells whether it is right.
    assertEquals(await from("192.0.2.1", "guess"), [429, "1"]);
    assertEquals(await from("192.0.2.1", "correct horse"), [429, "1"]);
    assertEquals(await from("192.0.2.2", "correct horse"), [200, null]);
    // All of an IPv6 network is one.
    for (let n = 0; n < 3; n++) assertEquals(await from(`2001:db8::${n}`, "guess"), [401, null]);
    assertEquals(await from("2001:db8::9", "guess"), [429, "1"]);
    assertEquals(await from("2001:db8:0:1::9", "guess"), [401, null]);
  });
});
