import { assertEquals, assertMatch } from "@std/assert";
import { Client } from "../helpers/client.ts";
import { frameOf, Raw } from "../helpers/raw.ts";
import { Board } from "../helpers/board.ts";
import { Server } from "../helpers/server.ts";

const ECHO = `
  const { addToGroup, send } = require("/lib/xp/websocket");
  exports.get = (req) => req.webSocket ? { webSocket: {} } : { body: req.url };
  exports.post = (req) => ({ body: String(req.body.length) });
  exports.webSocketEvent = (e) => {
    if (e.type === "open") addToGroup("all", e.session.id);
    if (e.type === "message") send(e.session.id, e.message);
  };
`;

Deno.test("garbage harms nobody", async (t) => {
  await using server = await Board.start({
    "services/echo/echo.js": ECHO,
  });

  await t.step("garbage instead of a request is answered, and harms nobody", async (t) => {
    await using honest = await Client.open(server.ws("/services/echo"));
    const cases: [string, string, RegExp][] = [
      ["a blank in Host", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", /^HTTP\/1\.1 400 /],
      ["colons in Host", "GET /services/echo HTTP/1.1\r\nHost: ::::\r\n\r\n", /^HTTP\/1\.1 400 /],
      ["a user in Host", "GET /services/echo HTTP/1.1\r\nHost: a@b\r\n\r\n", /^HTTP\/1\.1 400 /],
      ["two Hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", /^HTTP\/1\.1 400 /],
      ["no request at all", "what\r\n\r\n", /^HTTP\/1\.1 400 /],
      ["TLS", "\x16\x03\x01\x02\x00\x01\r\n\r\n", /^HTTP\/1\.1 400 /],
      ["CONNECT", "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n", /^HTTP\/1\.1 405 /],
      [
        "another server's URL",
        "GET //evil/services/echo HTTP/1.1\r\nHost: a\r\n\r\n",
        /^HTTP\/1\.1 404 /,
      ],
      [
        "a POST to the landing page",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
        /^HTTP\/1\.1 405 /,
      ],
      ["a broken escape", "GET /services/%zz HTTP/1.1\r\nHost: a\r\n\r\n", /^HTTP\/1\.1 400 /],
      [
        "a long path",
        `GET /${"a".repeat(20_000)} HTTP/1.1\r\nHost: a\r\n\r\n`,
        /^HTTP\/1\.1 4\d\d /,
      ],
    ];
    for (const [name, request, answer] of cases) {
      await t.step(name, async () => {
        using raw = await Raw.connect(server.port);
        await raw.write(request);
        assertMatch(await raw.head(), answer);
        honest.send(name);
        assertEquals(await honest.next(), name);
      });
    }

    await t.step("nothing was logged as an error", () => assertEquals(server.log.all, []));
  });

  await t.step("garbage instead of frames ends its own socket only", async (t) => {
    await using honest = await Client.open(server.ws("/services/echo"));
    const unmasked = new Uint8Array([0x81, 0x02, 0x68, 0x69]);
    const cases: [string, Uint8Array][] = [
      ["a reserved bit", new Uint8Array([0xc1, 0x80, 0, 0, 0, 0])],
      ["a reserved opcode", frameOf(3, "x")],
      ["invalid UTF-8", frameOf(1, new Uint8Array([0xff, 0xfe]))],
      ["a continuation of nothing", frameOf(0, "x")],
      ["a fragmented ping", frameOf(9, "x", false)],
      ["a close of one byte", frameOf(8, new Uint8Array([3]))],
      ["a length of 2^63", new Uint8Array([0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])],
    ];
    for (const [name, frame] of cases) {
      await t.step(name, async () => {
        using raw = await Raw.connect(server.port);
        assertMatch(await raw.handshake("/services/echo"), /^HTTP\/1\.1 101 /);
        await raw.write(frame);
        assertEquals(await raw.ends(), true);
        honest.send(name);
        assertEquals(await honest.next(), name);
      });
    }

    await t.step("a frame without a mask", async () => {
      using raw = await Raw.connect(server.port);
      assertMatch(await raw.handshake("/services/echo"), /^HTTP\/1\.1 101 /);
      await raw.write(unmasked);
      const frame = await raw.frame();
      // RFC 6455, section 5.1 closes, and so does ws; Deno takes it: see docs/security.md.
      if (Deno.env.get("SWITCHBOARD_TRANSPORT") === "ws") assertEquals(frame?.opcode, 8);
      else assertEquals(frame && new TextDecoder().decode(frame.payload), "hi");
    });

    await t.step("nothing is left of them", async () => {
      await honest.close();
      assertEquals(await server.settled(), { sessions: 0, groups: 0 });
    });
  });
});

Deno.test("a client that leaves while the controller decides harms nobody", async () => {
  // In a process of its own: Deno never ends the upgrade of a client that has gone, which is a leak of the test.
  await using server = await Server.start({
    "services/slow/slow.js": `
      const { setTimeout: sleep } = require("node:timers/promises");
      exports.get = async () => { log.info("asked"); await sleep(150); log.info("decided"); return { webSocket: {}, body: "x" }; };
    `,
    "services/echo/echo.js": ECHO,
  });
  const told = (message: string) => server.logged((line) => line.message === message);
  const key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";
  for (const upgrade of [`Upgrade: websocket\r\nConnection: Upgrade\r\n${key}`, ""]) {
    const raw = await Raw.connect(server.port);
    await raw.write(`GET /services/slow HTTP/1.1\r\nHost: a\r\n${upgrade}\r\n`);
    await told("asked");
    raw[Symbol.dispose]();
    await told("decided");
  }
  await using client = await Client.open(server.ws("/services/echo"));
  client.send("still here");
  assertEquals(await client.next(), "still here");
  await client.close();
  assertEquals(await server.settled(), { sessions: 0, groups: 0 });
});

Deno.test("a request's body that never ends is 408, and does not hold others up", async () => {
  await using server = await Board.start({
    "switchboard.json": { limits: { requestTimeoutMs: 1_500 } },
    "services/echo/echo.js": ECHO,
  });
  using raw = await Raw.connect(server.port);
  await raw.write("POST /services/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf");
  assertEquals(await server.text("/services/echo", { method: "POST", body: "whole" }), "5");
  assertMatch(await raw.head(), /^HTTP\/1\.1 408 /);
});
