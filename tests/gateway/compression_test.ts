import { assert, assertEquals, assertMatch } from "@std/assert";
import { constants, deflateRawSync, inflateRawSync } from "node:zlib";
import { Chromium, findChromium } from "../helpers/browser.ts";
import { Client } from "../helpers/client.ts";
import { type Frame, frameOf, Raw } from "../helpers/raw.ts";
import { Board } from "../helpers/board.ts";
import type { Served } from "../helpers/served.ts";
import { Server } from "../helpers/server.ts";

const SKIP = findChromium() === null;
if (SKIP) {
  console.log(
    "A test of tests/gateway/compression_test.ts is skipped: no Chromium (apt-get install chromium)",
  );
}

const FILES = {
  "switchboard.json": { transport: "ws", compression: true },
  "services/room/room.js": `
    const { addToGroup, sendToGroup } = require("/lib/websocket");
    const noise = () => crypto.getRandomValues(new Uint8Array(5000));
    exports.get = (req) => req.webSocket ? { webSocket: {} } : { body: "up" };
    exports.webSocketEvent = (e) => {
      if (e.type === "open") addToGroup("all", e.session.id);
      if (e.type === "error") console.log("error " + e.error);
      if (e.type === "close") console.log("closed " + e.closeReason);
      if (e.type === "message") sendToGroup("all", e.message === "noise" ? noise() : e.message);
    };`,
};

const OFFER = { "Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits" };
const LONG = JSON.stringify(Array.from({ length: 400 }, (_, id) => ({ id, name: `number ${id}` })));

/** The last bytes of a flushed block, which do not travel (RFC 7692, section 7.2.1). */
const TAIL = new Uint8Array([0, 0, 0xff, 0xff]);

function deflated(data: string | Uint8Array): Uint8Array {
  const all = deflateRawSync(data, { finishFlush: constants.Z_SYNC_FLUSH });
  return all.subarray(0, all.length - 4);
}

function textOf(frame: Frame | null): string {
  const { isCompressed, payload } = frame!;
  const bytes = isCompressed
    ? inflateRawSync(new Uint8Array([...payload, ...TAIL]), { finishFlush: constants.Z_SYNC_FLUSH })
    : payload;
  return new TextDecoder().decode(bytes);
}

/** A client's frame whose payload is compressed. */
function compressedFrame(payload: Uint8Array): Uint8Array {
  const frame = frameOf(1, payload);
  frame[0]! |= 0x40;
  return frame;
}

async function joined(
  server: Served,
  headers: Record<string, string>,
  service = "room",
): Promise<[Raw, string]> {
  const raw = await Raw.connect(server.port);
  const head = await raw.handshake(`/services/${service}`, headers);
  assertMatch(head, /^HTTP\/1.1 101/);
  return [raw, head];
}

Deno.test("a server that compresses", async (t) => {
  await using server = await Board.start({
    ...FILES,
    "services/count/count.js": `
      const ws = require("/lib/websocket");
      let count = 0;
      exports.get = () => ({ webSocket: {} });
      exports.webSocketEvent = (e) => {
        if (e.type === "message" && ++count === 1000) ws.send(e.session.id, "all there");
      };`,
  });

  await t.step(
    "compression is negotiated, and each member gets a group's message as it can read it",
    async () => {
      const [packed, head] = await joined(server, OFFER);
      using _packed = packed;
      assertMatch(
        head,
        /permessage-deflate; server_no_context_takeover; client_no_context_takeover/i,
      );
      const [plain, plainHead] = await joined(server, {});
      using _plain = plain;
      assert(!/sec-websocket-extensions/i.test(plainHead));
      await using client = await Client.open(server.ws("/services/room"));
      await packed.write(compressedFrame(deflated(LONG)));
      const frames = [await packed.frame(), await plain.frame()];
      assertEquals(frames.map(textOf), [LONG, LONG]);
      assertEquals(frames.map((frame) => frame!.isCompressed), [true, false]);
      assert(frames[0]!.payload.length < LONG.length / 3);
      assertEquals(await client.next(), LONG);
      // What came before is no context: each message stands for itself.
      await packed.write(compressedFrame(deflated(LONG)));
      assertEquals(textOf(await packed.frame()), LONG);
    },
  );

  await t.step("what is short, or does not become smaller, goes as it is", async () => {
    const [raw] = await joined(server, OFFER);
    using _ = raw;
    await raw.write(frameOf(1, "short"));
    const short = await raw.frame();
    assertEquals([textOf(short), short!.isCompressed], ["short", false]);
    await raw.write(frameOf(1, "noise"));
    const noise = await raw.frame();
    assertEquals([noise!.opcode, noise!.payload.length, noise!.isCompressed], [2, 5000, false]);
  });

  await t.step(
    "a client that asks for a smaller window is sent nothing that needs a larger one",
    async () => {
      const [raw] = await joined(server, {
        "Sec-WebSocket-Extensions": "permessage-deflate; server_max_window_bits=9",
      });
      using _ = raw;
      await raw.write(frameOf(1, LONG));
      const frame = await raw.frame();
      assertEquals([textOf(frame), frame!.isCompressed], [LONG, false]);
    },
  );

  await t.step("compressed nonsense ends the session that sent it, and no other", async (t) => {
    await using client = await Client.open(server.ws("/services/room"));
    const closes: [string, Record<string, string>, Uint8Array, number][] = [
      ["no deflate stream", OFFER, compressedFrame(new Uint8Array([0xff, 0xff, 0xff, 0xff])), 1007],
      ["not UTF-8 in it", OFFER, compressedFrame(deflated(new Uint8Array([0xc3, 0x28]))), 1007],
      ["nobody had agreed to it", {}, compressedFrame(deflated("hello")), 1002],
    ];
    for (const [name, headers, frame, code] of closes) {
      await t.step(name, async () => {
        const [raw] = await joined(server, headers);
        using _ = raw;
        await raw.write(frame);
        const { opcode, payload } = (await raw.frame())!;
        assertEquals([opcode, payload[0]! << 8 | payload[1]!], [8, code]);
      });
    }
    client.send("fine");
    assertEquals(await client.next(), "fine");
  });

  await t.step("a compressed message may come in parts, with pings between them", async () => {
    const [raw] = await joined(server, OFFER);
    using _ = raw;
    const all = deflated("parts of a whole");
    const first = frameOf(1, all.subarray(0, 5), false);
    first[0]! |= 0x40;
    await raw.write(first);
    await raw.write(frameOf(9, "still there?"));
    await raw.write(frameOf(0, all.subarray(5, 6), false));
    await raw.write(frameOf(0, all.subarray(6)));
    await raw.write(frameOf(1, "and then this"));
    assertEquals((await raw.frame())!.opcode, 10);
    assertEquals(textOf(await raw.frame()), "parts of a whole");
    assertEquals(textOf(await raw.frame()), "and then this");
  });

  await t.step(
    "of several offers the first that makes sense counts; without one there is no compression",
    async (t) => {
      const cases: [string, string | null, boolean][] = [
        ["permessage-deflate; server_max_window_bits=99", null, false],
        ["permessage-deflate; unknown_parameter", null, false],
        ["permessage-deflate; unknown_parameter, permessage-deflate", "", true],
        [
          "x-other; a=b, permessage-deflate;client_max_window_bits=10",
          "client_max_window_bits=10",
          true,
        ],
        ['permessage-deflate; server_max_window_bits="15"', "server_max_window_bits=15", true],
      ];
      for (const [offers, parameter, isCompressed] of cases) {
        await t.step(offers, async () => {
          const [raw, head] = await joined(server, { "Sec-WebSocket-Extensions": offers });
          using _ = raw;
          const answer = /^sec-websocket-extensions: (.*)$/im.exec(head)?.[1] ?? null;
          assertEquals(answer === null, parameter === null);
          assert(parameter === null || answer!.includes(parameter), answer ?? "");
          await raw.write(frameOf(1, LONG));
          const frame = await raw.frame();
          assertEquals([textOf(frame), frame!.isCompressed], [LONG, isCompressed]);
        });
      }
      await t.step("what is no list of extensions is refused", async () => {
        using raw = await Raw.connect(server.port);
        const head = await raw.handshake("/services/room", {
          "Sec-WebSocket-Extensions": "permessage-deflate;;",
        });
        assertMatch(head, /^HTTP\/1.1 400/);
      });
    },
  );

  await t.step(
    "a client whose messages shrink well waits for its service as others do",
    async () => {
      const [raw] = await joined(server, OFFER, "count");
      using _raw = raw;
      const frame = compressedFrame(deflated("0".repeat(60_000)));
      // Some 80 KB, and 60 MB when they have come.
      await raw.write(new Uint8Array(await new Blob(Array(1000).fill(frame)).arrayBuffer()));
      assertEquals(textOf(await raw.frame()), "all there");
    },
  );

  await t.step({
    name: "a browser sends and reads compressed messages",
    ignore: SKIP,
    async fn() {
      await using browser = await Chromium.start();
      const page = await browser.window();
      await page.goto(server.http("/services/room"));
      const got = await page.evaluate(({ url, text }) => {
        const socket = new WebSocket(url);
        socket.onopen = () => socket.send(text);
        return new Promise<string[]>((resolve) => {
          socket.onmessage = ({ data }) => resolve([socket.extensions, data]);
          socket.onclose = ({ code }) => resolve(["closed", `${code}`]);
        });
      }, { url: server.ws("/services/room"), text: LONG });
      assertMatch(got[0]!, /permessage-deflate/);
      assertEquals(got[1], LONG);
    },
  });
});

Deno.test("a bomb is too large as soon as what comes out of it is", async () => {
  await using server = await Server.start({
    ...FILES,
    "services/room/service.json": { maxMessageBytes: 100_000 },
  });
  const bomb = deflated(new Uint8Array(256 * 2 ** 20));
  assert(bomb.length < 600_000);
  const before = server.memory();
  const [raw] = await joined(server, OFFER);
  using _ = raw;
  // It may be cut off before it has sent all of it.
  await raw.write(compressedFrame(bomb.subarray(0, 90_000)));
  const { opcode, payload } = (await raw.frame())!;
  assertEquals([opcode, payload[0]! << 8 | payload[1]!], [8, 1009]);
  assertEquals(
    (await server.logged(({ service }) => service === "room")).message,
    "error Message is larger than 100000 bytes",
  );
  const [other] = await joined(server, OFFER);
  using _other = other;
  await other.write(compressedFrame(bomb)).catch(() => {});
  const closing = await other.frame();
  assertEquals(closing?.opcode ?? 8, 8);
  assert(server.memory() - before < 100 * 2 ** 20);
  await using client = await Client.open(server.ws("/services/room"));
  client.send("fine");
  assertEquals(await client.next(), "fine");
});

Deno.test("without the setting nothing is compressed, whatever is offered", async () => {
  await using server = await Board.start({ ...FILES, "switchboard.json": { transport: "ws" } });
  const [raw, head] = await joined(server, OFFER);
  using _ = raw;
  assert(!/sec-websocket-extensions/i.test(head));
  await raw.write(frameOf(1, LONG));
  assertEquals((await raw.frame())!.isCompressed, false);
});
