import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { generateKeyPairSync } from "node:crypto";
import { JwtVerifier, WrongToken } from "../../lib/host/auth/jwt.ts";
import { Board } from "../helpers/board.ts";
import { Client } from "../helpers/client.ts";
import { Raw } from "../helpers/raw.ts";
import type { Served } from "../helpers/served.ts";
import { Server } from "../helpers/server.ts";
import { type Files, Site } from "../helpers/site.ts";
import { KeyPair, SECRET, tokenOf } from "../helpers/tokens.ts";
import { pause } from "../helpers/until.ts";

/** A service that says who is there. */
const WHO = `
  const auth = require("/lib/xp/auth");
  const ws = require("/lib/xp/websocket");
  const roles = ["system.everyone", "system.authenticated", "editor", "role:editor", "system.admin"];
  const who = () => ({ user: auth.getUser(), roles: roles.filter((role) => auth.hasRole(role)) });
  exports.get = (req) => req.webSocket
    ? { webSocket: { data: who(), subProtocols: ["chat"] } }
    : { contentType: "application/json", body: who() };
  exports.webSocketEvent = (e) => {
    if (e.type === "close") console.log("closed " + e.closeReason);
    if (e.type !== "message") return;
    ws.send(e.session.id, JSON.stringify({ user: e.session.user ?? null, data: e.data, now: who() }));
  };`;

const JWT = { algorithms: ["HS256" as const], secretFile: "secret" };

/** A public key of RSA with 1,024 bits, which is too short. */
function shortKey(): string {
  const { publicKey } = generateKeyPairSync("rsa", { modulusLength: 1024 });
  return String(publicKey.export({ type: "spki", format: "pem" }));
}

const ADA = {
  key: "user:jwt:ada",
  displayName: "ada",
  disabled: false,
  login: "ada",
  idProvider: "jwt",
};

function site(auth: unknown, more: Files = {}): Files {
  return { "switchboard.json": { auth }, secret: SECRET, "services/who/who.js": WHO, ...more };
}

function start(auth: unknown, more: Files = {}): Promise<Board> {
  return Board.start(site(auth, more));
}

async function ask(server: Served, headers: Record<string, string> = {}, path = "/services/who") {
  const response = await server.fetch(path, { headers });
  return { status: response.status, headers: response.headers, body: await response.text() };
}

Deno.test("a token gives the user and the roles, in a request and in each event", async (t) => {
  await using server = await start({ jwt: { ...JWT, cookie: "session", queryParam: "token" } });
  const token = await tokenOf({
    preferred_username: "ada.l",
    name: "Ada Lovelace",
    email: "ada@example.com",
    roles: ["editor", "role:other", 7, ""],
  });
  const user = { ...ADA, displayName: "Ada Lovelace", email: "ada@example.com", login: "ada.l" };
  const known = ["system.everyone", "system.authenticated", "editor", "role:editor"];
  await t.step("in a request", async () => {
    const { body } = await ask(server, { Authorization: `Bearer ${token}` });
    assertEquals(JSON.parse(body), { user, roles: known });
  });
  await t.step("in an event", async () => {
    await using client = await Client.open(server.ws("/services/who"), {
      headers: { Authorization: `bearer ${token}` },
    });
    client.send("who?");
    const who = { user, roles: known };
    assertEquals(await client.nextJson(), { user, data: who, now: who });
  });
  await t.step("without credentials the client is anonymous", async () => {
    const { body } = await ask(server);
    assertEquals(JSON.parse(body), { user: null, roles: ["system.everyone"] });
    await using client = await Client.open(server.ws("/services/who"));
    client.send("who?");
    assertEquals((await client.nextJson()).user, null);
  });
  await t.step("in a cookie", async () => {
    const { body } = await ask(server, { Cookie: `other=1; session=${token}` });
    assertEquals(JSON.parse(body).user, user);
    assertEquals(JSON.parse((await ask(server, { Cookie: `other=${token}` })).body).user, null);
  });
  await t.step("in the query", async () => {
    const { body } = await ask(server, {}, `/services/who?token=${token}`);
    assertEquals(JSON.parse(body).user, user);
  });
  await t.step("in a subprotocol, of which only the other one is answered", async () => {
    for (
      const [protocols, answer] of [[["bearer", token], "bearer"], [
        ["bearer", token, "chat"],
        "chat",
      ], [["chat", "bearer", token], "chat"]] as const
    ) {
      await using client = await Client.open(server.ws("/services/who"), {
        protocols: [...protocols],
      });
      assertEquals(client.protocol, answer);
      client.send("who?");
      assertEquals((await client.nextJson()).user, user);
    }
    using raw = await Raw.connect(server.port);
    const head = await raw.handshake("/services/who", {
      "Sec-WebSocket-Protocol": `bearer,${token}`,
    });
    assertMatch(head, /^HTTP\/1\.1 101 /);
    assert(!head.includes(token));
  });
  await t.step("the header counts over the cookie", async () => {
    const other = await tokenOf({ sub: "eva" });
    const { body } = await ask(server, {
      Authorization: `Bearer ${other}`,
      Cookie: `session=${token}`,
    });
    assertEquals(JSON.parse(body).user.login, "eva");
  });
  await t.step("the log has no token", () => {
    assert(!server.log.all.join("\n").includes(token.slice(0, 20)));
  });
});

Deno.test("a wrong token is an error, never an anonymous visitor, whatever is wrong with it", async (t) => {
  await using server = await start(null, {
    "switchboard.json": {
      auth: { jwt: { ...JWT, issuer: "us", audience: "them", clockSkewSec: 0, cookie: "session" } },
      limits: { wrongCredentialsPerMinPerAddress: 0 },
    },
  });
  const good = { iss: "us", aud: "them" };
  const encode = (value: unknown) =>
    new TextEncoder().encode(JSON.stringify(value)).toBase64({
      alphabet: "base64url",
      omitPadding: true,
    });
  const [head, payload, signature] = (await tokenOf(good)).split(".") as [string, string, string];
  const hour = Math.floor(Date.now() / 1000) + 3600;
  const cases: Record<string, [string, RegExp]> = {
    "expired": [
      await tokenOf(good, { expires: Math.floor(Date.now() / 1000) - 1 }),
      /The token has expired/,
    ],
    "not yet": [await tokenOf({ ...good, nbf: hour }), /The token is not valid yet/],
    "another secret": [await tokenOf(good, { secret: "x".repeat(40) }), /signature is wrong/],
    "another issuer": [await tokenOf({ ...good, iss: "them" }), /"iss" claim does not match/],
    "no issuer": [await tokenOf({ aud: "them" }), /"iss" claim is missing/],
    "another audience": [await tokenOf({ ...good, aud: ["others"] }), /"aud" claim does not match/],
    "no subject": [await tokenOf({ ...good, sub: undefined } as never), /"sub" claim is missing/],
    "an empty subject": [await tokenOf({ ...good, sub: "" }), /has no subject/],
    "a long subject": [await tokenOf({ ...good, sub: "x".repeat(257) }), /longer than 256/],
    "HS512": [
      await tokenOf(good, { alg: "HS512", secret: SECRET + SECRET }),
      /algorithm is not listed/,
    ],
    "alg none": [
      `${encode({ alg: "none" })}.${encode({ ...good, sub: "ada" })}.`,
      /Malformed token|not listed/,
    ],
    "alg None": [
      `${encode({ alg: "None" })}.${encode({ ...good, sub: "ada" })}.${signature}`,
      /not listed/,
    ],
    "no alg": [`${encode({})}.${payload}.${signature}`, /Malformed token/],
    "no signature": [`${head}.${payload}.`, /Malformed token|signature is wrong/],
    "another payload": [
      `${head}.${encode({ ...good, sub: "admin", exp: hour })}.${signature}`,
      /signature is wrong/,
    ],
    "a crit that nobody knows": [
      `${encode({ alg: "HS256", crit: ["x"], x: 1 })}.${payload}.${signature}`,
      /Malformed token/,
    ],
    "five parts": [`${head}.${payload}.${signature}.x.y`, /Malformed token/],
    "no parts": ["token", /Malformed token/],
    "nothing": ["", /Malformed token/],
    "odd characters": ["a b", /Malformed token/],
    "long": ["x".repeat(8193), /longer than 8192 characters/],
  };
  for (const [name, [token, expected]] of Object.entries(cases)) {
    await t.step(name, async () => {
      const { status, headers, body } = await ask(server, { Authorization: `Bearer ${token}` });
      assertEquals(status, 401, body);
      assertEquals(
        headers.get("www-authenticate"),
        'Bearer realm="switchboard", error="invalid_token"',
      );
      assertMatch(body, expected);
      if (token.length > 20) assertEquals(body.includes(token.slice(0, 20)), false);
      using raw = await Raw.connect(server.port);
      const upgrade = await raw.handshake("/services/who", { Authorization: `Bearer ${token}` });
      assertMatch(upgrade, /^HTTP\/1\.1 401 /);
    });
  }
  await t.step("100 KB of it", async () => {
    using raw = await Raw.connect(server.port);
    const head = await raw.handshake("/services/who", {
      Authorization: `Bearer ${"x".repeat(100_000)}`,
    });
    assertMatch(head, /^HTTP\/1\.1 4\d\d /);
  });
  await t.step("in the cookie as well, and the pair", async () => {
    assertEquals((await ask(server, { Cookie: "session=x.y.z" })).status, 401);
    for (const pair of ["bearer", "bearer, ", "bearer, x", "chat, bearer", "bearer, bearer"]) {
      using raw = await Raw.connect(server.port);
      const head = await raw.handshake("/services/who", { "Sec-WebSocket-Protocol": pair });
      assertMatch(head, /^HTTP\/1\.1 401 /, pair);
    }
  });
  await t.step("two headers are no way round", async () => {
    using raw = await Raw.connect(server.port);
    const token = await tokenOf(good);
    await raw.write(
      `GET /services/who HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer x\r\nAuthorization: Bearer ${token}\r\n\r\n`,
    );
    assertMatch(await raw.head(), /^HTTP\/1\.1 4\d\d /);
  });
  await t.step("another scheme is the service's own business", async () => {
    const { status, body } = await ask(server, { Authorization: "Digest x" });
    assertEquals([status, JSON.parse(body).user], [200, null]);
  });
  await t.step("and the good one is good", async () => {
    assertEquals(
      (await ask(server, { Authorization: `Bearer ${await tokenOf(good)}` })).status,
      200,
    );
  });
});

Deno.test("an expired token does not lock out its address, and a forged one does", async (t) => {
  await using server = await start(null, {
    "switchboard.json": {
      auth: { jwt: { ...JWT, issuer: "us", cookie: "session" } },
      limits: { wrongCredentialsPerMinPerAddress: 5 },
    },
  });
  const status = async (token: string) =>
    (await ask(server, { Cookie: `session=${token}` })).status;
  const expires = Math.floor(Date.now() / 1000) - 3600;
  const good = await tokenOf({ iss: "us" });
  const genuine = {
    "expired": await tokenOf({ iss: "us" }, { expires }),
    "of another issuer": await tokenOf({ iss: "them" }),
    "without a subject": await tokenOf({ iss: "us", sub: "" }),
  };
  for (const [name, token] of Object.entries(genuine)) {
    await t.step(`a page with all that it loads: ${name}`, async () => {
      for (let n = 0; n < 10; n++) assertEquals(await status(token), 401);
      assertEquals(await status(good), 200);
    });
  }
  await t.step("forged, although it says that it has expired", async () => {
    const forged = await tokenOf({ iss: "us" }, { expires, secret: "x".repeat(40) });
    for (let n = 0; n < 5; n++) assertEquals(await status(forged), 401);
    assertEquals(await status(forged), 429);
    assertEquals(await status(good), 429);
  });
});

Deno.test("public keys: each algorithm, and no confusion of keys", async (t) => {
  for (const alg of ["RS256", "ES256", "EdDSA"] as const) {
    await t.step(alg, async () => {
      const keys = await KeyPair.make(alg);
      const other = await KeyPair.make(alg);
      const pem = await keys.pem();
      using folder = Site.make({ "key.pem": pem });
      const settings = { algorithms: [alg], publicKeyFile: "key.pem" };
      const verifier = await JwtVerifier.open(settings, folder.root, () => {});
      assertEquals((await verifier.verify(await keys.token())).user, ADA);
      for (const token of [await other.token(), await tokenOf({}, { secret: pem })]) {
        await assertRejects(() => verifier.verify(token), WrongToken);
      }
    });
  }
  await t.step("of a server", async () => {
    const [keys, other] = [await KeyPair.make("ES256"), await KeyPair.make("ES256")];
    const pem = await keys.pem();
    await using server = await start({ jwt: { algorithms: ["ES256"], publicKeyFile: "key.pem" } }, {
      "key.pem": pem,
    });
    const good = await ask(server, { Authorization: `Bearer ${await keys.token()}` });
    assertEquals([good.status, JSON.parse(good.body).user], [200, ADA]);
    for (const token of [await other.token(), await tokenOf({}, { secret: pem })]) {
      assertEquals((await ask(server, { Authorization: `Bearer ${token}` })).status, 401);
    }
  });
});

Deno.test("a JWKS is fetched, kept, and fetched again for an unknown key", async (t) => {
  const one = await KeyPair.make("ES256", "one");
  const two = await KeyPair.make("ES256", "two");
  let keys = [await one.jwk()];
  let asked = 0;
  let isDown = false;
  await using jwks = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, () => {
    asked++;
    return isDown ? new Response("down", { status: 500 }) : Response.json({ keys });
  });
  const jwksUrl = `http://127.0.0.1:${jwks.addr.port}/keys`;
  await using server = await start({ jwt: { algorithms: ["ES256"], jwksUrl } });
  const status = async (token: string) =>
    (await ask(server, { Authorization: `Bearer ${token}` })).status;
  await t.step("one look for many tokens", async () => {
    for (let n = 0; n < 5; n++) assertEquals(await status(await one.token()), 200);
    assertEquals(asked, 1);
  });
  await t.step("unknown keys make the server fetch only once in a while", async () => {
    for (let n = 0; n < 5; n++) assertEquals(await status(await two.token()), 401);
    assertEquals(asked, 1);
  });
  await t.step("a key that was there when another server first looked", async () => {
    keys = [await one.jwk(), await two.jwk()];
    const fresh = await JwtVerifier.open({ algorithms: ["ES256"], jwksUrl }, ".", () => {});
    assertEquals((await fresh.verify(await two.token())).user, ADA);
  });
  await t.step(
    "while the URL is down no client is authenticated, nor treated as anonymous",
    async () => {
      isDown = true;
      await using fresh = await start({ jwt: { algorithms: ["ES256"], jwksUrl } });
      const answer = await ask(fresh, { Authorization: `Bearer ${await one.token()}` });
      assertEquals([answer.status, answer.headers.get("retry-after")], [503, "5"]);
      assertMatch(
        (await fresh.logged(({ level }) => level === "WARN")).message,
        /Cannot get the keys/,
      );
      assertEquals((await ask(fresh)).status, 200);
    },
  );
  await t.step(
    "while the URL is down the current keys stay valid, also after a reload",
    async () => {
      const before = asked;
      assertEquals(await server.board.reloadAuth(), true);
      for (let n = 0; n < 20; n++) assertEquals(await status(await one.token()), 200);
      // Once, or twice if that took more than 5 s.
      assert(asked > before && asked <= before + 2);
      const { message } = await server.logged(({ level }) => level === "ERROR");
      assertMatch(message, /the current keys stay valid for up to 24 h$/);
      assertEquals(await status(await two.token()), 503);
    },
  );
});

Deno.test("a client that is connected when its token expires is closed with 1008, unless it shall not be", async (t) => {
  const [closes, tolerates, keeps] = await Promise.all([
    start({ jwt: { ...JWT, clockSkewSec: 0 } }),
    start({ jwt: { ...JWT, clockSkewSec: 3 } }),
    start({ jwt: { ...JWT, clockSkewSec: 0, closeOnExpiry: false } }),
  ]);
  await using _closes = closes;
  await using _tolerates = tolerates;
  await using _keeps = keeps;
  const now = Math.floor(Date.now() / 1000);
  const enter = async (server: Served, expires: number) =>
    await Client.open(server.ws("/services/who"), {
      headers: { Authorization: `Bearer ${await tokenOf({}, { expires })}` },
    });
  // All of them first: they expire side by side.
  const client = await enter(closes, now + 3);
  const late = await enter(tolerates, now - 1);
  const lateEnd = late.untilClosed().then((end) => ({ ...end, at: Date.now() }));
  await using kept = await enter(keeps, now + 3);
  await using stays = await Client.open(closes.ws("/services/who"));
  await t.step("closed", async () => {
    assertEquals(await client.untilClosed(), { code: 1008, reason: "credential expired" });
    assert(Date.now() >= (now + 3) * 1000);
    assertEquals((await closes.logged(({ service }) => service === "who")).message, "closed 1008");
    stays.send("still here");
    assertEquals((await stays.nextJson()).user, null);
  });
  await t.step("not before the clocks' difference is over that lets it in", async () => {
    const { code, reason, at } = await lateEnd;
    assertEquals([code, reason], [1008, "credential expired"]);
    assert(at >= (now + 2) * 1000);
  });
  await t.step("not closed", async () => {
    while (Date.now() < (now + 5) * 1000) {
      kept.send("still here");
      assertEquals((await kept.nextJson()).user.login, "ada");
      await pause(100);
    }
  });
});

Deno.test("what a service lets in: `allow`, shared paths, and no token of the query", async (t) => {
  const allowed = (allow: string[]) => ({ allow });
  const module = "require('net/websocket').getSession().sendText('[\"in\"]');";
  await using server = await start({ jwt: JWT, basic: { file: "users.json" } }, {
    "users.json": { users: {} },
    "services/known/known.js": WHO,
    "services/known/service.json": allowed(["role:system.authenticated"]),
    "services/editors/editors.js": WHO,
    "services/editors/editors.xml":
      "<service><allow><principal>role:editor</principal></allow></service>",
    "services/editors/assets/page.html": "secret",
    "services/ada/ada.js": WHO,
    "services/ada/service.json": allowed(["user:jwt:ada"]),
    "services/all/all.js": WHO,
    "services/all/service.json": allowed(["role:system.everyone", "role:nobody"]),
    "services/nobody/nobody.js": WHO,
    "services/nobody/service.json": allowed([]),
    "services/open/m.js": module,
    "services/open/service.json": { messageModules: ["m.js"] },
    "services/closed/m.js": module,
    "services/closed/service.json": { messageModules: ["m.js"], allow: ["role:editor"] },
  });

  await t.step("the query is no place for a token, unless it was switched on", async () => {
    const token = await tokenOf();
    for (const name of ["token", "access_token", "null", "session"]) {
      const { status, body } = await ask(
        server,
        { Cookie: `${name}=${token}` },
        `/services/who?${name}=${token}`,
      );
      assertEquals([status, JSON.parse(body).user], [200, null]);
    }
  });

  await t.step(
    "`allow`: 401 with a challenge if not authenticated, 403 if not allowed, and no upgrade",
    async (t) => {
      const tokens: Record<string, string | null> = {
        nobody: null,
        ada: await tokenOf(),
        eva: await tokenOf({ sub: "eva", roles: "editor other" }),
        forged: await tokenOf({ sub: "eve", roles: ["ditor", "role:editor2", "EDITOR"] }),
      };
      const expected: Record<string, Record<string, number>> = {
        "/services/known": { nobody: 401, ada: 200, eva: 200, forged: 200 },
        "/services/editors": { nobody: 401, ada: 403, eva: 200, forged: 403 },
        "/services/editors/assets/page.html": { nobody: 401, ada: 403, eva: 200, forged: 403 },
        "/services/ada": { nobody: 401, ada: 200, eva: 403, forged: 403 },
        "/services/all": { nobody: 200, ada: 200, eva: 200, forged: 200 },
        "/services/nobody": { nobody: 401, ada: 403, eva: 403, forged: 403 },
      };
      for (const [path, statuses] of Object.entries(expected)) {
        for (const [name, status] of Object.entries(statuses)) {
          await t.step(`${path} ${name}: ${status}`, async () => {
            const token = tokens[name];
            const headers = token ? { Authorization: `Bearer ${token}` } : undefined;
            const answer = await ask(server, headers, path);
            assertEquals(answer.status, status);
            if (status === 401) {
              assertEquals(
                answer.headers.get("www-authenticate"),
                'Bearer realm="switchboard", Basic realm="switchboard", charset="UTF-8"',
              );
            }
            if (path.includes("assets")) return;
            using raw = await Raw.connect(server.port);
            const head = await raw.handshake(path, headers);
            assertMatch(head, new RegExp(`^HTTP/1\\.1 ${status === 200 ? 101 : status} `));
          });
        }
      }
    },
  );

  await t.step("on a shared path each service authenticates the client", async () => {
    const answers = async (headers: Record<string, string>) => {
      await using client = await Client.open(server.ws("/service/js"), { headers });
      const all = [];
      for (const name of ["open", "closed"]) {
        client.send(JSON.stringify({ module: `/${name}/m.js`, params: {} }));
        const answer = await client.nextJson();
        all.push(answer.error?.code ?? answer[0]);
      }
      return all;
    };
    assertEquals(await answers({}), ["in", "FORBIDDEN"]);
    assertEquals(await answers({ Authorization: `Bearer ${await tokenOf()}` }), [
      "in",
      "FORBIDDEN",
    ]);
    const editor = await tokenOf({ roles: ["editor"] });
    assertEquals(await answers({ Authorization: `Bearer ${editor}` }), ["in", "in"]);
    using raw = await Raw.connect(server.port);
    const head = await raw.handshake("/service/js", { Authorization: "Bearer x" });
    assertMatch(head, /^HTTP\/1\.1 401 /);
  });
});

Deno.test("roles may be deep in a token, or a text", async (t) => {
  const cases: [string, Record<string, unknown>, string[]][] = [
    ["roles", { roles: "editor system.admin" }, ["editor", "system.admin"]],
    [
      "realm_access.roles",
      { realm_access: { roles: ["editor", "system.admin"] } },
      ["editor", "system.admin"],
    ],
    [
      "https://example.com/roles",
      { "https://example.com/roles": ["editor", "system.admin"] },
      ["editor", "system.admin"],
    ],
    ["a.constructor.name", { a: {} }, []],
  ];
  using folder = Site.make({ secret: SECRET });
  for (const [rolesClaim, claims, roles] of cases) {
    await t.step(rolesClaim, async () => {
      const verifier = await JwtVerifier.open({ ...JWT, rolesClaim }, folder.root, () => {});
      assertEquals((await verifier.verify(await tokenOf(claims))).roles, [
        "role:system.everyone",
        "role:system.authenticated",
        ...roles.map((role) => `role:${role}`),
      ]);
    });
  }
  await t.step("of a server", async () => {
    const [, [rolesClaim, claims]] = cases as [unknown, (typeof cases)[number]];
    await using server = await start({ jwt: { ...JWT, rolesClaim } });
    const rolesOf = async (claims: Record<string, unknown>) => {
      const { body } = await ask(server, { Authorization: `Bearer ${await tokenOf(claims)}` });
      return JSON.parse(body).roles;
    };
    const everybody = ["system.everyone", "system.authenticated"];
    assertEquals(await rolesOf(claims), [...everybody, "editor", "role:editor", "system.admin"]);
    assertEquals(await rolesOf({ realm_access: {} }), everybody);
  });
});

Deno.test("a server whose keys are not as they should be does not start, and says why", async (t) => {
  const pem = await (await KeyPair.make("RS256")).pem();
  const short = shortKey();
  const cases: [string, Record<string, unknown>, RegExp][] = [
    ["no source", { algorithms: ["HS256"] }, /needs one of "secretEnv".*got none/],
    ["two", { ...JWT, secretEnv: "S" }, /got "secretEnv" and "secretFile"/],
    [
      "not set",
      { algorithms: ["HS256"], secretEnv: "NOT_SET" },
      /needs the environment variable NOT_SET, which is not set/,
    ],
    ["too short", { ...JWT, secretFile: "short" }, /at least 32 bytes in .*"short".*, got 5/],
    ["no file", { algorithms: ["HS256"], secretFile: "none" }, /cannot read "none"/],
    [
      "a secret for RS256",
      { ...JWT, algorithms: ["RS256"] },
      /"RS256" needs a public key, got a secret/,
    ],
    ["both kinds", { ...JWT, algorithms: ["HS256", "RS256"] }, /"RS256" needs a public key/],
    [
      "a public key for HS256",
      { algorithms: ["HS256"], publicKeyFile: "key.pem" },
      /"HS256" needs a secret, got a public key/,
    ],
    [
      "another kind of key",
      { algorithms: ["ES256"], publicKeyFile: "key.pem" },
      /needs a public key \(PEM, "PUBLIC KEY"\) for ES256/,
    ],
    [
      "a short key",
      { algorithms: ["RS256"], publicKeyFile: "short.pem" },
      /it has 1024 bits, and 2048 are the least/,
    ],
    [
      "no PEM",
      { algorithms: ["ES256"], publicKeyFile: "switchboard.json" },
      /needs a public key \(PEM/,
    ],
  ];
  for (const [name, jwt, expected] of cases) {
    await t.step(name, async () => {
      const error = await start({ jwt }, {
        "key.pem": pem,
        "short.pem": short,
        short: "short",
      }).then(() => null, (error) => error);
      assertMatch(error.message, expected);
      assertMatch(error.message, /^"auth\.jwt" in switchboard\.json /);
      assert(!error.message.includes(SECRET));
    });
  }
  await t.step("the command prints it, and takes a secret from the environment", async () => {
    const files = site({ jwt: { algorithms: ["HS256"], secretEnv: "SHORT" } });
    const error = await Server.start(files, { env: { SHORT: "short" } })
      .then(() => null, (error) => error);
    assertMatch(
      error.message,
      /error: "auth\.jwt" in switchboard\.json .*at least 32 bytes in environment variable SHORT, got 5/,
    );
  });
});
