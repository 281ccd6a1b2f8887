import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { Switchboard, SwitchboardError } from "../../mod.ts";
import { Board } from "../helpers/board.ts";
import { Server } from "../helpers/server.ts";
import { Certificate } from "../helpers/peer.ts";
import { Raw } from "../helpers/raw.ts";
import { Site } from "../helpers/site.ts";

const ECHO = `
  const { send } = require("/lib/xp/websocket");
  exports.get = (req) => req.webSocket ? { webSocket: {} } : { body: req.url };
  exports.webSocketEvent = (e) => e.type === "message" && send(e.session.id, e.message);`;

/** One line to a server and its answer, by a TLS client that trusts this certificate. */
async function ask(port: number, certificate: Certificate, request: string): Promise<string> {
  using connection = await Deno.connectTls({
    hostname: "localhost",
    port,
    caCerts: [Deno.readTextFileSync(certificate.authority)],
  });
  await connection.write(new TextEncoder().encode(request));
  const chunk = new Uint8Array(4096);
  const count = await connection.read(chunk);
  return new TextDecoder().decode(chunk.subarray(0, count ?? 0));
}

const GET = "GET /services/echo HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
const UPGRADE = "GET /services/echo HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n" +
  "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";

Deno.test("--cert and --key: https and wss, and another certificate on SIGHUP with all sockets open", async (t) => {
  using first = await Certificate.make();
  using second = await Certificate.make();
  using site = Site.make({ "services/echo/echo.js": ECHO });
  const [cert, key] = [join(site.root, "cert.pem"), join(site.root, "key.pem")];
  const use = (certificate: Certificate) => {
    Deno.copyFileSync(certificate.cert, cert);
    Deno.copyFileSync(certificate.key, key);
  };
  use(first);
  await using server = await Server.start(site, { args: ["--cert", cert, "--key", key] });
  assertMatch(server.output.all[0]!, /^Listening on https:\/\/127\.0\.0\.1:\d+$/);
  await t.step("https", async () => {
    assertMatch(
      await ask(server.port, first, GET),
      /^HTTP\/1\.1 200 [^]*https:\/\/localhost\/services\/echo/,
    );
  });
  await t.step("wss, from the own origin only", async () => {
    const own = "Origin: https://localhost\r\n\r\n";
    assertMatch(await ask(server.port, first, UPGRADE + own), /^HTTP\/1\.1 101 /);
    const plain = "Origin: http://localhost\r\n\r\n";
    assertMatch(await ask(server.port, first, UPGRADE + plain), /^HTTP\/1\.1 403 /);
  });
  await t.step("no http on that port", async () => {
    const answer = await server.fetch("/healthz").then(() => "answered", () => "refused");
    assertEquals(answer, "refused");
  });
  using open = await Deno.connectTls({
    hostname: "localhost",
    port: server.port,
    caCerts: [Deno.readTextFileSync(first.authority)],
  });
  await open.write(new TextEncoder().encode(`${UPGRADE}\r\n`));
  const chunk = new Uint8Array(1024);
  await open.read(chunk);
  await t.step("a certificate that is none changes nothing", async () => {
    for (const text of ["no PEM", "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n"]) {
      Deno.writeTextFileSync(cert, text);
      server.process.kill("SIGHUP");
      const { message } = await server.logged(({ level }) => level === "ERROR");
      assertMatch(message, /certificate.*the previous ones stay in use$/);
      assertMatch(await ask(server.port, first, GET), /^HTTP\/1\.1 200 /);
    }
  });
  await t.step("another certificate is used for new connections", async () => {
    use(second);
    server.process.kill("SIGHUP");
    await server.logged(({ message }) => message === "The certificate was reloaded");
    for (let n = 0; n < 10; n++) {
      assertMatch(await ask(server.port, second, GET), /^HTTP\/1\.1 200 /);
    }
    const old = await ask(server.port, first, GET).then(() => "accepted", () => "refused");
    assertEquals(old, "refused");
  });
  await t.step("and clients that were connected stay connected", async () => {
    const mask = [1, 2, 3, 4];
    const text = [...new TextEncoder().encode("hello")].map((byte, at) => byte ^ mask[at % 4]!);
    await open.write(new Uint8Array([0x81, 0x80 | 5, ...mask, ...text]));
    const count = await open.read(chunk);
    assertEquals(new TextDecoder().decode(chunk.subarray(2, count ?? 0)), "hello");
  });
  assertEquals((await server.stop()).code, 0);
  const errors = server.log.all.filter((line) => line.includes('"level":"ERROR"'));
  assertEquals(errors.length, 2, errors.join("\n"));
});

Deno.test("of certificates that come one right after the other, the last one counts", async (t) => {
  using first = await Certificate.make();
  using second = await Certificate.make();
  await using opened = await Board.start({
    "services/echo/echo.js": ECHO,
    "cert.pem": Deno.readTextFileSync(first.cert),
    "key.pem": Deno.readTextFileSync(first.key),
  }, { tls: { cert: "cert.pem", key: "key.pem" }, waits: { helloMs: 2_000 } });
  const { board, site, port, log } = opened;
  for (const last of [second, first, second]) {
    const reloads = [first, second, last].map((certificate) => {
      Deno.copyFileSync(certificate.cert, join(site.root, "cert.pem"));
      Deno.copyFileSync(certificate.key, join(site.root, "key.pem"));
      return board.reloadTls();
    });
    assertEquals(await Promise.all(reloads), [true, true, true]);
    assertMatch(await ask(port, last, GET), /^HTTP\/1\.1 200 /);
  }
  assertEquals(log.all, []);
  await t.step("a client that says nothing after its handshake is not waited for", async () => {
    const caCerts = [Deno.readTextFileSync(second.authority)];
    using silent = Raw.over(await Deno.connectTls({ hostname: "localhost", port, caCerts }));
    assertEquals(await silent.ends(), true);
  });
  await t.step("with TLS too a port that is taken is not shared", async () => {
    using site = Site.make({});
    const tls = { cert: first.cert, key: first.key };
    await using other = await Switchboard.open({ root: site.root, port, tls, log() {} });
    const { code, message } = await assertRejects(() => other.listen(), SwitchboardError);
    assertEquals(code, "SB_LISTEN");
    assertMatch(message, /Cannot listen on .*listens on it; stop it/);
  });
});

Deno.test("a certificate that cannot be used keeps the server from starting, and it says why", async (t) => {
  using one = await Certificate.make();
  using other = await Certificate.make();
  using site = Site.make({ "text.pem": "hello" });
  const none = "/none.pem";
  await t.step("the flags", async (t) => {
    const cases: [string, string[], RegExp][] = [
      ["no key", ["--cert", one.cert], /--cert needs --key: TLS takes both/],
      ["no certificate", ["--key", one.key], /--key needs --cert: TLS takes both/],
      ["no file", ["--cert", none, "--key", one.key], /error: Cannot read a certificate from /],
    ];
    const errors = await Promise.all(
      cases.map(([, args]) => Server.start(site, { args }).then(() => null, (error) => error)),
    );
    for (const [index, [name, , expected]] of cases.entries()) {
      await t.step(name, () => assertMatch(errors[index].message, expected));
    }
  });
  const cases: [string, { cert: string; key: string }, RegExp][] = [
    ["no file", { cert: none, key: one.key }, /Cannot read a certificate from "\/none\.pem"/],
    [
      "no PEM",
      { cert: "text.pem", key: one.key },
      /expected PEM, "-----BEGIN CERTIFICATE-----"/,
    ],
    [
      "the key for the certificate",
      { cert: one.cert, key: one.cert },
      /Cannot read a private key from/,
    ],
    [
      "of each other",
      { cert: one.cert, key: other.key },
      /Cannot use the certificate and the key/,
    ],
  ];
  for (const [name, tls, expected] of cases) {
    await t.step(name, async () => {
      const error = await assertRejects(() => Board.start(site, { tls }), SwitchboardError);
      assertEquals(error.code, "SB_TLS");
      assertMatch(error.message, expected);
      assert(!error.message.includes("PRIVATE KEY-----\n"));
    });
  }
});
