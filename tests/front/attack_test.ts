import { assert, assertEquals, assertMatch } from "@std/assert";
import { Client } from "../helpers/client.ts";
import { fuzz } from "../helpers/fuzz.ts";
import { Random } from "../helpers/random.ts";
import { frameOf, Raw } from "../helpers/raw.ts";
import { Board } from "../helpers/board.ts";
import type { Served } from "../helpers/served.ts";
import { Server } from "../helpers/server.ts";
import { pause } from "../helpers/until.ts";

const FILES = {
  "switchboard.json": {
    limits: { handshakesPerSecPerAddress: 0, sessionsPerAddress: 0 },
  },
  "services/echo/echo.js": `
    const { send } = require("/lib/websocket");
    exports.get = (req) => req.webSocket ? { webSocket: {} } : { body: "up" };
    exports.webSocketEvent = (e) => { if (e.type === "message") send(e.session.id, e.message); };`,
};

/** Talks while something goes on, and says how it went. */
async function honestly<T>(server: Served, attack: () => Promise<T>): Promise<T> {
  await using honest = await Client.open(server.ws("/services/echo"));
  let isOver = false;
  const result = attack().finally(() => isOver = true);
  let count = 0;
  do {
    honest.send(`honest ${count}`);
    assertEquals(await honest.next(), `honest ${count++}`);
    await pause(5);
  } while (!isOver);
  return await result;
}

Deno.test("10,000 connections that send nothing, or half a request, do not keep a client out", async () => {
  await using server = await Server.start(FILES);
  const before = server.memory();
  const raws: Raw[] = [];
  await honestly(server, async () => {
    for (let n = 0; n < 100; n++) {
      raws.push(
        ...await Promise.all(Array.from({ length: 100 }, async (_, index) => {
          const raw = await Raw.connect(server.port);
          if (index % 2 === 0) await raw.write("GET /services/echo HTTP/1.1\r\nHost: x\r\nUpgr");
          return raw;
        })),
      );
    }
  });
  assertEquals(await server.text("/services/echo"), "up");
  // Deno ends none of them (docs/security.md); what each costs is bounded.
  const each = (server.memory() - before) / raws.length;
  assert(each < 64 * 1024, `${Math.round(each / 1024)} KB each`);
  for (const raw of raws) raw[Symbol.dispose]();
});

Deno.test("an honest client in the same service is not disturbed", async (t) => {
  await using server = await Board.start(FILES);

  await t.step(
    "a flood of pings, pongs and closes reaches no controller, and delays no client",
    async (t) => {
      for (const [name, opcode] of [["pings", 9], ["pongs", 10]] as const) {
        await t.step(name, () =>
          honestly(server, async () => {
            using raw = await Raw.connect(server.port);
            await raw.handshake("/services/echo");
            const frame = frameOf(opcode, "x".repeat(125));
            const flood = new Uint8Array(frame.length * 1000);
            for (let n = 0; n < 1000; n++) flood.set(frame, n * frame.length);
            for (let n = 0; n < 20; n++) {
              const writing = raw.write(flood).catch(() => {});
              // Who does not read the answers could not write any more.
              for (let m = 0; opcode === 9 && m < 1000; m++) {
                const frame = await raw.frame();
                // ws ends who pings faster than it takes the answers.
                if (frame === null && Deno.env.get("SWITCHBOARD_TRANSPORT") === "ws") return;
                assertEquals(frame?.opcode, 10);
              }
              await writing;
            }
            await raw.write(frameOf(1, "still here"));
            assertEquals((await raw.frame())?.opcode, 1);
          }));
      }
      await t.step("closes", () =>
        honestly(server, async () => {
          for (let n = 0; n < 300; n++) {
            using raw = await Raw.connect(server.port);
            await raw.handshake("/services/echo");
            const close = frameOf(8, new Uint8Array([3, 232]));
            await raw.write(new Uint8Array([...close, ...close, ...close])).catch(() => {});
            assertEquals(await raw.ends(), true);
          }
        }));
      assertEquals(await server.settled(), { sessions: 0, groups: 0 });
    },
  );

  await t.step("every reserved bit and opcode ends its own socket, and no other", async (t) => {
    await using honest = await Client.open(server.ws("/services/echo"));
    const first = [
      ...[0x40, 0x20, 0x10, 0x70].flatMap((bits) =>
        [0, 1, 2, 8, 9, 10].map((opcode) => 0x80 | bits | opcode)
      ),
      ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].flatMap((opcode) => [0x80 | opcode, opcode]),
    ];
    for (const byte of first) {
      await t.step(`0x${byte.toString(16)}`, async () => {
        using raw = await Raw.connect(server.port);
        await raw.handshake("/services/echo");
        await raw.write(new Uint8Array([byte, 0x81, 0, 0, 0, 0, 65]));
        assertEquals(await raw.ends(), true);
        honest.send("honest");
        assertEquals(await honest.next(), "honest");
      });
    }
  });

  await t.step(
    "a request that two servers could read in two ways is refused, or answered once",
    async (t) => {
      const smuggled = "GET /services/echo?smuggled HTTP/1.1\r\nHost: x\r\n\r\n";
      const cases: Record<string, string> = {
        "two lengths": `Content-Length: 0\r\nContent-Length: ${smuggled.length}\r\n\r\n${smuggled}`,
        "a length and chunks":
          `Content-Length: ${smuggled.length}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
        "chunks, spelled oddly": `Transfer-Encoding: xchunked\r\nContent-Length: 0\r\n\r\n`,
        "chunks twice": `Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n`,
        "a negative length": "Content-Length: -1\r\n\r\n",
        "a length with a sign": "Content-Length: +1\r\n\r\nx",
        "a chunk of no size": "Transfer-Encoding: chunked\r\n\r\nxyz\r\n\r\n",
        "a header with a blank before the colon": "X-A : 1\r\n\r\n",
        "a folded header": "X-A: 1\r\n 2\r\n\r\n",
        "a header without a name": ": 1\r\n\r\n",
        "a zero in a header": "X-A: \0\r\n\r\n",
        "a lone line feed": "X-A: 1\nX-B: 2\r\n\r\n",
      };
      for (const [name, rest] of Object.entries(cases)) {
        await t.step(name, async () => {
          using raw = await Raw.connect(server.port);
          await raw.write(`POST /services/echo HTTP/1.1\r\nHost: x\r\n${rest}`);
          // To hang up is an answer as well.
          assertMatch(await raw.head(), /^(?:HTTP\/1\.1 (?:4\d\d|200) |$)/);
        });
      }
      await t.step("the server goes on", async () => {
        assertEquals(await server.text("/services/echo"), "up");
      });
    },
  );

  await t.step(
    "fuzzing with a fixed seed: an honest client in the same service gets all its messages",
    async () => {
      const { rounds, honest } = await fuzz(server, 20261121, (round) => round >= 300);
      assertEquals([rounds, honest], [300, 900]);
      // Nothing that was sent is an error of the server's.
      const errors = server.log.all.filter((line) => /"level":"ERROR"/.test(line));
      assertEquals(errors, []);
      assertEquals(await server.settled(), { sessions: 0, groups: 0 });
    },
  );
});

Deno.test("a storm of clients that come back at once is let in as fast as it may, and all get in", async () => {
  await using server = await Board.start({
    ...FILES,
    "switchboard.json": { limits: { handshakesPerSecPerAddress: 100, sessionsPerAddress: 0 } },
  });
  let refused = 0;
  await using clients = new AsyncDisposableStack();
  const connect = async () => clients.use(await Raw.connect(server.port));
  // By hand, for many clients of a library are dear.
  const comeBack = async (random: Random, first: Raw): Promise<Raw> => {
    for (let wait = 50, raw = first;; wait *= 1.5) {
      const head = await raw.handshake("/services/echo");
      if (head.startsWith("HTTP/1.1 101 ")) return raw;
      assertMatch(head, /^HTTP\/1\.1 429 /);
      raw[Symbol.dispose]();
      refused++;
      await pause(wait * (0.5 + random.next()));
      raw = await connect();
    }
  };
  // Connected first, so that their handshakes come at once on a busy machine, too.
  const first = await Promise.all(Array.from({ length: 400 }, connect));
  const raws = await Promise.all(first.map((raw, n) => comeBack(new Random(n), raw)));
  assert(refused > 0);
  assertEquals((await server.counts()).sessions, 400);
  for (const [n, raw] of raws.entries()) {
    await raw.write(frameOf(1, String(n)));
    assertEquals(new TextDecoder().decode((await raw.frame())!.payload), String(n));
  }
});
