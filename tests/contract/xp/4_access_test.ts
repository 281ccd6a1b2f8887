import { assertEquals, assertMatch } from "@std/assert";
import { Board } from "../../helpers/board.ts";
import { Client } from "../../helpers/client.ts";
import { Raw } from "../../helpers/raw.ts";
import { SharedBoard } from "../../helpers/shared_board.ts";

const OPEN = "exports.get = () => ({ webSocket: {}, body: 'in' });";

// These cases depend on the transport: they run on both.

const suite = new SharedBoard();

suite.add("origin", {
  "services/own/own.js": OPEN,
  "services/listed/listed.js": OPEN,
  "services/listed/service.json": {
    origins: ["https://app.example.com", "https://*.trusted.org"],
  },
  "services/check/check.js": `
    exports.get = (req) => "no" in req.params ? { status: 404 } : ({ webSocket: { checkOrigin: (origin) => {
      if (origin === "https://throws.example") throw new Error("checkOrigin threw");
      if (origin === "https://truthy.example") return "yes";
      return origin === "https://checked.example" || origin === "";
    } } });
  `,
  "services/both/both.js":
    `exports.get = () => ({ webSocket: { checkOrigin: (origin) => origin.startsWith("https://a.") } });`,
  "services/both/service.json": { origins: ["https://a.example", "https://b.example"] },
}, async (server, t) => {
  const status = async (
    service: string,
    origin: string | null,
    headers: Record<string, string> = {},
  ) => {
    using raw = await Raw.connect(server.port);
    const host = `127.0.0.1:${server.port}`;
    const head = await raw.handshake(`/services/${service}`, {
      Host: host,
      Origin: origin,
      ...headers,
    });
    return Number(/^HTTP\/1\.1 (\d+)/.exec(head)![1]);
  };
  const own = `http://127.0.0.1:${server.port}`;

  const cases: [string, string, string | null, number][] = [
    ["the server's own", "own", own, 101],
    ["none at all", "own", null, 101],
    ["null", "own", "null", 403],
    ["another host", "own", "http://evil.example", 403],
    ["another scheme", "own", own.replace("http:", "https:"), 403],
    ["another port", "own", "http://127.0.0.1:1", 403],
    ["no port", "own", "http://127.0.0.1", 403],
    ["a look-alike", "own", `${own}.evil.example`, 403],
    ["a user that looks like the host", "own", `http://127.0.0.1:${server.port}@evil.example`, 403],
    ["garbage", "own", "not an origin", 403],
    ["empty", "own", "", 403],
    ["listed in the manifest", "listed", "https://app.example.com", 101],
    ["a listed subdomain", "listed", "https://x.y.trusted.org", 101],
    ["the own one when others are listed", "listed", own, 403],
    ["a look-alike of a subdomain", "listed", "https://eviltrusted.org", 403],
    ["a listed host by another scheme", "listed", "http://app.example.com", 403],
    ["allowed by checkOrigin", "check", "https://checked.example", 101],
    ["not allowed by checkOrigin, although the own", "check", own, 403],
    ["checkOrigin without an Origin gets an empty text", "check", null, 101],
    ["checkOrigin that returns no boolean", "check", "https://truthy.example", 403],
    ["checkOrigin that throws", "check", "https://throws.example", 500],
    ["manifest and checkOrigin agree", "both", "https://a.example", 101],
    ["listed, but not by checkOrigin", "both", "https://b.example", 403],
    ["by checkOrigin, but not listed", "both", "https://a.evil.example", 403],
    ["no upgrade at all: the controller's status", "check?no", "http://evil.example", 404],
  ];
  for (const [name, service, origin, expected] of cases) {
    await t.step(name, async () => assertEquals(await status(service, origin), expected));
  }

  await t.step("forwarded headers of anybody do not count", async () => {
    const forged = { "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https" };
    assertEquals(await status("own", "https://evil.example", forged), 403);
    assertEquals(await status("own", own, forged), 101);
  });

  await t.step("refused clients leave nothing behind", async () => {
    assertEquals(await server.settled(), { sessions: 0, groups: 0 });
  });
});

const xml =
  `<?xml version="1.0"?>\n<service xmlns="urn:enonic:xp:model:1.0"><allow><principal>role:system.admin</principal></allow></service>`;
suite.add("users and roles", {
  "services/xml/xml.js": OPEN,
  "services/xml/xml.xml": xml,
  "services/yml/yml.js": OPEN,
  "services/yml/yml.yml": 'kind: "Service"\nallow:\n  - "role:system.authenticated"\n',
  "services/yaml/yaml.js": OPEN,
  "services/yaml/yaml.yaml": "allow: [role:system.admin]",
  "services/manifest/manifest.js": OPEN,
  "services/manifest/service.json": { allow: ["role:system.admin"] },
  "services/manifest/assets/secret.txt": "secret",
  "services/everyone/everyone.js": OPEN,
  "services/everyone/everyone.yml": "allow: [role:system.everyone]",
  "services/silent/silent.js": OPEN,
  "services/silent/silent.xml": "<service><description>nothing of it</description></service>",
  "services/broken/broken.js": OPEN,
  "services/broken/broken.xml": "<service><allow><principal>",
  "services/broken/assets/secret.txt": "secret",
}, async (server, t) => {
  for (const service of ["xml", "yml", "yaml", "manifest"]) {
    await t.step(
      `${service}: anonymous is 401 with a challenge, for requests and upgrades`,
      async () => {
        const response = await server.fetch(`/services/${service}`);
        await response.body?.cancel();
        assertEquals(response.status, 401);
        assertMatch(response.headers.get("www-authenticate")!, /^Bearer /);
        using raw = await Raw.connect(server.port);
        assertMatch(await raw.handshake(`/services/${service}`), /^HTTP\/1\.1 401 /);
      },
    );
  }

  await t.step("static files are behind the same door", async () => {
    const response = await server.fetch("/services/manifest/assets/secret.txt");
    assertEquals([response.status, (await response.text()).includes("secret")], [401, false]);
  });

  for (const service of ["everyone", "silent"]) {
    await t.step(`${service}: everybody may enter`, async () => {
      assertEquals(await server.text(`/services/${service}`), "in");
      await using client = await Client.open(server.ws(`/services/${service}`));
      assertEquals((await client.close(1000)).code, 1000);
    });
  }

  await t.step("a descriptor that cannot be parsed rejects every client", async () => {
    for (const path of ["/services/broken", "/services/broken/assets/secret.txt"]) {
      const response = await server.fetch(path);
      await response.body?.cancel();
      assertEquals(response.status, 503);
    }
  });
});

Deno.test("contract XP 4: access", suite.run);

Deno.test("contract XP 4: behind a proxy that is trusted, the forwarded host and proto count", async () => {
  await using server = await Board.start({
    "switchboard.json": { trustProxy: ["127.0.0.1"] },
    "services/own/own.js": `
      const { send } = require("/lib/xp/websocket");
      exports.get = (req) => ({ webSocket: { data: { url: req.url, from: req.remoteAddress, port: req.port } } });
      exports.webSocketEvent = (e) => e.type === "open" && send(e.session.id, JSON.stringify(e.data));
    `,
  });
  const headers = {
    "X-Forwarded-Host": "chat.example.com",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-For": "203.0.113.9, 127.0.0.1",
    "Origin": "https://chat.example.com",
  };
  await using client = await Client.open(server.ws("/services/own"), { headers });
  assertEquals(await client.nextJson(), {
    url: "https://chat.example.com/services/own",
    from: "203.0.113.9",
    port: 443,
  });
  using raw = await Raw.connect(server.port);
  const head = await raw.handshake("/services/own", { ...headers, Origin: server.http("") });
  assertMatch(head, /^HTTP\/1\.1 403 /);
});
