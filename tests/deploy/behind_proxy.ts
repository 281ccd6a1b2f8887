import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Server } from "../helpers/server.ts";
import { type Files, Site } from "../helpers/site.ts";
import { block } from "../helpers/page.ts";
import type { Proxy } from "./proxy.ts";
import { Visitor } from "./visitor.ts";

/** What is behind the proxy: the chat that ships, and services that say what they see. */
export function siteBehind(settings: object = {}): Site {
  return siteWith({ ...SERVICES, ...chat() }, settings);
}

/** A site with a service that says what it sees, and nothing else. */
export function seenBehind(settings: object = {}): Site {
  return siteWith({ "services/seen/seen.js": SEEN }, settings);
}

/** A site with the chat that ships, and nothing else. */
export function chatBehind(): Site {
  return siteWith(chat(), {});
}

function siteWith(services: Files, settings: object): Site {
  return Site.make({
    "switchboard.json": {
      ...JSON.parse(block("docs/deployment.md", "json", "trustProxy")),
      ...settings,
    },
    ...services,
  });
}

function chat(): Files {
  const files = ["chat.ts", "assets/index.html", "assets/chat.js", "assets/chat.css"]
    .map((file) => `services/chat/${file}`);
  return Object.fromEntries(files.map((file) => [file, Deno.readTextFileSync(file)]));
}

const SEEN = `
  const { send, close } = require("/lib/websocket");
  const seen = (req) => ({ address: req.remoteAddress, url: req.url, host: req.host, port: req.port });
  exports.get = (req) => req.webSocket && !req.params.staff
    ? { webSocket: { data: seen(req), subProtocols: ["talk"] } }
    : req.params.staff
    ? { status: 403, body: "staff only" }
    : { body: seen(req) };
  exports.webSocketEvent = (e) => {
    const { id } = e.session;
    if (e.type === "open") send(id, JSON.stringify(e.data));
    if (e.type === "close") log.info("closed " + e.closeReason);
    if (e.type === "message") {
      if (e.message === "bye") close(id, 4001, "see you");
      else send(id, e.message);
    }
  };`;

const SERVICES: Files = {
  "services/seen/seen.js": SEEN,
  "services/members/members.js": SEEN,
  "services/members/service.json": { allow: ["role:system.authenticated"] },
  "services/flow/flow.flow.json": {
    nodes: {
      socket: { use: "lolo/Websocket Trigger", params: { path: "/flow" } },
      say: { file: "./say.js" },
    },
    edges: [["socket.req", "say.in"]],
  },
  "services/flow/say.js":
    "exports.handler = ({ peer }, ctx) => ctx.emit('response', { body: { peer } })",
  "services/broken/broken.js": "throw new Error('broken')",
};

/** Ways to spell a path that must not be passed on. */
const OWN_PATHS = [
  "/metrics",
  "/readyz",
  "/healthz",
  "/metrics?x=1",
  "/%6detrics",
  "/./metrics",
  "/services/../metrics",
  "/services/%2e%2e/metrics",
  "//metrics",
];

/** Headers that only a proxy may send. */
const FORGED = {
  "X-Forwarded-For": "203.0.113.9",
  "X-Forwarded-Host": "evil.test",
  "X-Forwarded-Proto": "http",
  "Forwarded": "for=203.0.113.9;host=evil.test;proto=http",
};

/** What holds behind every proxy: that is what its page's configuration is for. */
export async function behindProxy(
  t: Deno.TestContext,
  proxy: Proxy,
  server: Server,
): Promise<void> {
  const { place } = proxy;
  const { address } = place;
  const own = { address, host: place.name };

  await t.step("a page is served", async () => {
    const page = await Visitor.ask(place, "/services/chat/assets/");
    assertEquals(page.status, 200);
    assertMatch(page.body, /Join the chat/);
    const moved = await Visitor.ask(place, "/services/chat");
    assertMatch(moved.head, /^HTTP\/1\.1 303 [^]*location: \/services\/chat\/assets\//i);
  });

  await t.step("two people chat", async () => {
    using ada = await Visitor.enter(place, "/services/chat?name=Ada");
    assertMatch(await ada.next() as string, /"type":"welcome"/);
    using bob = await Visitor.enter(place, "/services/chat?name=Bob");
    assertMatch(await bob.next() as string, /"people":\["Ada","Bob"\]/);
    assertMatch(await ada.next() as string, /"type":"joined","name":"Bob"/);
    await bob.send("Hello");
    assertMatch(await ada.next() as string, /"from":"Bob","text":"Hello"/);
  });

  await t.step("bytes, large messages and sub-protocols pass", async () => {
    const headers = { "Sec-WebSocket-Protocol": "other, talk" };
    const { head } = await Visitor.knock(place, "/services/seen", headers);
    assertMatch(head, /sec-websocket-protocol: talk/i);
    using visitor = await Visitor.enter(place, "/services/seen");
    await visitor.next();
    const bytes = crypto.getRandomValues(new Uint8Array(65535));
    await visitor.send(bytes);
    assertEquals(await visitor.next(), bytes);
  });

  await t.step("the server knows the client's address and the site's URL", async () => {
    const plain = await Visitor.ask(place, "/services/seen?a=1");
    const url = `https://${place.name}/services/seen`;
    assertEquals(jsonOf(plain.body), { ...own, url: `${url}?a=1`, port: 443 });
    using visitor = await Visitor.enter(place, "/services/seen");
    assertEquals(jsonOf(await visitor.next() as string), { ...own, url, port: 443 });
  });

  await t.step("nobody forges them", async () => {
    const plain = await Visitor.ask(place, "/services/seen", FORGED);
    const url = `https://${place.name}/services/seen`;
    assertEquals(jsonOf(plain.body), { ...own, url, port: 443 });
    using visitor = await Visitor.enter(place, "/services/seen", FORGED);
    assertEquals(jsonOf(await visitor.next() as string), { ...own, url, port: 443 });
    using flow = await Visitor.enter(place, "/flow", FORGED);
    assertEquals(jsonOf(await flow.next() as string), { peer: address });
  });

  await t.step("pages of the site may connect, pages of others may not", async () => {
    const knock = async (headers: Record<string, string>) =>
      (await Visitor.knock(place, "/services/seen", headers)).status;
    assertEquals(await knock({ Origin: `https://${place.name}` }), 101);
    assertEquals(await knock({ Origin: `http://${place.name}` }), 403);
    assertEquals(await knock({ Origin: "https://evil.test" }), 403);
    assertEquals(await knock({ Origin: "http://evil.test", ...FORGED }), 403);
    assertEquals(await knock({ Origin: "null" }), 403);
  });

  await t.step("refusals pass as they are", async () => {
    const knock = (service: string) => Visitor.knock(place, `/services/${service}`);
    const unknown = await knock("members");
    assertEquals(unknown.status, 401);
    assertMatch(unknown.head, /www-authenticate: /i);
    const forbidden = await Visitor.ask(place, "/services/seen?staff=1");
    assertEquals([forbidden.status, forbidden.body.includes("staff only")], [403, true]);
    assertEquals((await knock("seen?staff=1")).status, 403);
    const down = await knock("broken");
    assertEquals(down.status, 503);
    assertMatch(down.head, /retry-after: /i);
    assertEquals((await knock("nobody")).status, 404);
  });

  await t.step("the server's own pages are not passed on, however they are spelled", async () => {
    for (const path of OWN_PATHS) {
      const { status, body } = await Visitor.ask(place, path);
      assert([400, 403, 404].includes(status), `${path}: ${status}`);
      assert(!/switchboard_|"status":"|"sessions"/.test(body), `${path}: ${body}`);
    }
    assertEquals(await server.status("/metrics"), 200);
  });

  await t.step("close codes pass both ways", async () => {
    const closed = (code: number) => server.logged(({ message }) => message === `closed ${code}`);
    using first = await Visitor.enter(place, "/services/seen");
    await first.next();
    await first.send("bye");
    assertEquals(await first.next(), "4001 see you");
    using second = await Visitor.enter(place, "/services/seen");
    await second.next();
    await second.close(4002);
    assertEquals(await second.next(), "4002");
    await closed(4002);
    const third = await Visitor.enter(place, "/services/seen");
    await third.next();
    third[Symbol.dispose]();
    await closed(1006);
  });

  await t.step("SIGHUP: a service is swapped in, and its sockets stay", async () => {
    using visitor = await Visitor.enter(place, "/services/seen");
    await visitor.next();
    const edited = SEEN.replace("else send(id, e.message)", 'else send(id, "new " + e.message)');
    server.site.write({ "services/seen/seen.js": edited });
    server.process.kill("SIGHUP");
    await server.logged(({ message, service }) =>
      service === "seen" && message.startsWith("Swapped in")
    );
    await visitor.send("one");
    assertEquals(await visitor.next(), "new one");
  });

  await t.step("SIGTERM: clients get 1001, the exit code is 0", async () => {
    using visitor = await Visitor.enter(place, "/services/seen");
    await visitor.next();
    server.process.kill("SIGTERM");
    assertEquals(await visitor.next(), "1001 server stopping");
    await visitor.close(1001);
    assertEquals((await server.process.status).code, 0);
    assertEquals((await Visitor.ask(place, "/services/seen")).status, 502);
  });
}

function jsonOf(text: string): unknown {
  // The body may have come in chunks.
  return JSON.parse(text.slice(text.indexOf("{"), text.lastIndexOf("}") + 1));
}
