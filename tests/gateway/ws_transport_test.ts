import { assert, assertEquals, assertMatch } from "@std/assert";
import { Client } from "../helpers/client.ts";
import { type Frame, frameOf, Raw } from "../helpers/raw.ts";
import { Board } from "../helpers/board.ts";
import type { Served } from "../helpers/served.ts";
import { Server } from "../helpers/server.ts";
import { pause, until } from "../helpers/until.ts";

const ECHO = `
  const ws = require("/lib/websocket");
  exports.get = (req) => req.webSocket ? { webSocket: {} } : { body: "up" };
  exports.webSocketEvent = (e) => {
    if (e.type === "error") console.log("error " + e.error);
    if (e.type === "close") console.log("closed " + e.closeReason);
    if (e.type !== "message") return;
    if (e.message === "flood") for (let n = 0; n < 40; n++) ws.send(e.session.id, "x".repeat(1_000_000));
    else if (e.message === "end") { ws.send(e.session.id, "last"); ws.close(e.session.id, 4000, "over"); }
    else ws.send(e.session.id, e.message);
  };`;
const LARGE = "x".repeat(20_000_000);
/** How long a client may keep these servers waiting, ms. */
const WAITS = { closeMs: 1_000, requestMs: 2_000 };

/** Code and reason of a close frame. */
function closeOf(frame: Frame | null): [code: number, reason: string] {
  assertEquals(frame?.opcode, 8);
  const { payload } = frame!;
  return [payload[0]! << 8 | payload[1]!, new TextDecoder().decode(payload.subarray(2))];
}

const textOf = (frame: Frame | null) => new TextDecoder().decode(frame!.payload);

/** What a service logs next. */
const said = async (server: Served, service: string) =>
  (await server.logged((line) => line.service === service)).message;

async function bytesOf(frames: Uint8Array[]): Promise<Uint8Array> {
  return new Uint8Array(await new Blob(frames as BlobPart[]).arrayBuffer());
}

Deno.test("--transport ws: memory and descriptors of the server's process", async (t) => {
  await using server = await Server.start({
    "services/echo/echo.js": ECHO,
    "services/echo/assets/large.txt": LARGE,
    "services/echo/service.json": { maxMessageBytes: 100_000, sendBufferBytes: 5_000_000 },
    "services/slow/slow.js": `
      const ws = require("/lib/websocket");
      let open;
      const opened = new Promise((resolve) => open = resolve);
      let last = 0;
      exports.get = (req) => ({ webSocket: {} });
      exports.webSocketEvent = async (e) => {
        if (e.type !== "message") return;
        if (e.message === "go") return open();
        await opened;
        const number = Number(e.message.slice(0, 6));
        if (number !== ++last) ws.send(e.session.id, "expected " + last + ", got " + number);
        if (number === 40000) ws.send(e.session.id, "all there");
      };`,
  }, { args: ["--transport", "ws"], waits: WAITS });
  /** Waits until the process has no more descriptors than before. */
  const untilClosed = (before: number) =>
    until("all descriptors are given back", async () => {
      // The connection of the fetch stays open, and is none of ours.
      await server.text("/healthz");
      return server.openFiles() <= before;
    });

  // First, as long as the process has little memory that it could use again.
  await t.step("fragments without end are too large as soon as they are", async () => {
    const before = server.memory();
    using raw = await Raw.connect(server.port);
    await raw.handshake("/services/echo");
    await raw.write(frameOf(1, "x".repeat(10_000), false));
    const more = frameOf(0, "x".repeat(10_000), false);
    for (let n = 0; n < 1000; n++) {
      if (await raw.write(more).then(() => false, () => true)) break;
    }
    assertEquals(await said(server, "echo"), "error Message is larger than 100000 bytes");
    assert(server.memory() - before < 50 * 2 ** 20);
    await using client = await Client.open(server.ws("/services/echo"));
    client.send("fine");
    assertEquals(await client.next(), "fine");
  });

  await t.step("a client that is ahead of its service waits, and loses nothing", async () => {
    const before = server.memory();
    using raw = await Raw.connect(server.port);
    await raw.handshake("/services/slow");
    // More than twice as many as may wait for a service: over the other transport this ends with 1013.
    const written = (async () => {
      for (let first = 1; first <= 40_000; first += 1000) {
        const numbers = Array.from({ length: 1000 }, (_, n) => `${first + n}`.padStart(6, "0"));
        await raw.write(await bytesOf(numbers.map((text) => frameOf(1, text.padEnd(400, ".")))));
      }
    })();
    await using other = await Client.open(server.ws("/services/slow"));
    other.send("go");
    await written;
    assertEquals(textOf(await raw.frame()), "all there");
    assert(server.memory() - before < 150 * 2 ** 20);
  });

  await t.step("a client that does not read is cut off, and nothing of it is left", async () => {
    await server.counts();
    const files = server.openFiles();
    using stuck = await Raw.connect(server.port);
    await stuck.handshake("/services/echo");
    await stuck.write(frameOf(1, "flood"));
    await server.logged(({ message }) => message === "closed 3008");
    // The descriptor is given back too, which Deno's own sockets cannot do.
    await untilClosed(files);
    assertEquals(await server.settled(), { sessions: 0, groups: 0 });
  });

  await t.step("a client that keeps the server waiting is not waited for", async () => {
    await server.counts();
    const files = server.openFiles();
    const begin = performance.now();
    using silent = await Raw.connect(server.port);
    using half = await Raw.connect(server.port);
    await half.write("GET /services/echo HTTP/1.1\r\nHost: x\r\nUpgr");
    using drips = await Raw.connect(server.port);
    await drips.write("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
    assertMatch(await drips.head(), /^HTTP\/1\.1 200 /);
    using deaf = await Raw.connect(server.port);
    await deaf.write("GET /services/echo/assets/large.txt HTTP/1.1\r\nHost: x\r\n\r\n");
    let hasEnded = false;
    const ended = drips.ends().then(() => hasEnded = true);
    while (!hasEnded) {
      assert(performance.now() - begin < 30_000);
      await drips.write("x").catch(() => {});
      await pause(100);
    }
    await ended;
    assertEquals([await silent.ends(), await half.ends()], [true, true]);
    assert(performance.now() - begin > WAITS.requestMs / 2);
    await untilClosed(files);
  });

  await t.step("clients that break off leave no file open", async () => {
    await server.text("/healthz");
    const files = server.openFiles();
    for (let n = 0; n < 40; n++) {
      const raw = await Raw.connect(server.port);
      await raw.write("GET /services/echo/assets/large.txt HTTP/1.1\r\nHost: x\r\n\r\n");
      await raw.head();
      for (let part = 0; part < n; part++) await raw.connection.read(new Uint8Array(65536));
      raw[Symbol.dispose]();
    }
    await untilClosed(files);
  });
});

Deno.test("transport ws: how sockets end", async (t) => {
  await using server = await Board.start({
    "services/echo/echo.js": ECHO,
    "services/small/small.js": ECHO,
    "services/small/service.json": { maxMessageBytes: 1000 },
    "services/echo/m.js": `
      const session = require("net/websocket").getSession();
      globalThis.count = (globalThis.count ?? 0) + 1;
      // So long that more comes meanwhile than may wait.
      if (count === 1) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_500);
      if (count === 40_000) session.sendText('["all there"]');`,
    "services/echo/service.json": { messageModules: ["m.js"] },
  }, { transport: "ws" });

  await t.step("a message that is too large is refused before it has come", async () => {
    using raw = await Raw.connect(server.port);
    await raw.handshake("/services/small");
    // The head of a frame of a gigabyte, and nothing more.
    await raw.write(new Uint8Array([0x82, 0xff, 0, 0, 0, 0, 0x40, 0, 0, 0, 0, 0, 0, 0]));
    assertEquals(closeOf(await raw.frame())[0], 1009);
    assertEquals(await said(server, "small"), "error Message is larger than 1000 bytes");
    assertEquals(await said(server, "small"), "closed 1009");
  });

  await t.step("the close comes after everything that was sent before it", async () => {
    const client = await Client.open(server.ws("/services/echo"));
    client.send("end");
    assertEquals(await client.next(), "last");
    assertEquals(await client.untilClosed(), { code: 4000, reason: "over" });
    assertEquals(await said(server, "echo"), "closed 4000");
  });

  await t.step("a controller hears why its client is closed", async (t) => {
    const ends = async (frames: Uint8Array[], code: number) => {
      using raw = await Raw.connect(server.port);
      await raw.handshake("/services/echo");
      for (const frame of frames) await raw.write(frame);
      const [sent, reason] = closeOf(await raw.frame());
      assertEquals(sent, code);
      assertEquals(await said(server, "echo"), "error Message is larger than 65536 bytes");
      assertEquals(await said(server, "echo"), "closed 1009");
      return reason;
    };
    await t.step("a message that is too large", async () => {
      assertEquals(await ends([frameOf(1, "x".repeat(70_000))], 1009), "message too big");
    });
    await t.step("a frame of an exabyte", async () => {
      await ends([new Uint8Array([0x82, 0xff, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])], 1009);
    });
    await t.step("a message in very many parts", async () => {
      const parts = Array.from({ length: 16_400 }, (_, n) => frameOf(n === 0 ? 1 : 0, "x", false));
      await ends([await bytesOf(parts)], 1008);
    });
  });

  await t.step("at a shared path too, a client that is ahead of a service waits", async () => {
    using raw = await Raw.connect(server.port);
    await raw.handshake("/service/js");
    const frame = frameOf(1, JSON.stringify({ module: "/echo/m.js", padding: "x".repeat(400) }));
    const thousand = await bytesOf(Array(1000).fill(frame));
    for (let n = 0; n < 40; n++) await raw.write(thousand);
    assertEquals(textOf(await raw.frame()), '["all there"]');
  });

  await t.step(
    "a client that sends too much, and goes on, still learns why it is closed",
    async (t) => {
      const sends: [string, Uint8Array, number][] = [
        ["a message that is too large", frameOf(1, "x".repeat(8_000_000)), 1009],
        ["a frame that is none", new Uint8Array(8_000_000).fill(0x83), 1002],
      ];
      for (const [name, bytes, code] of sends) {
        await t.step(name, async () => {
          using raw = await Raw.connect(server.port);
          await raw.handshake("/services/echo");
          const isWritten = raw.write(bytes).then(() => true, () => false);
          assertEquals(closeOf(await raw.frame())[0], code);
          assertEquals(await isWritten, true);
        });
      }
    },
  );
});

Deno.test("transport ws: how long clients and services may take", async (t) => {
  await using server = await Board.start({
    "switchboard.json": { pingIntervalSec: 1, limits: { requestTimeoutMs: 20_000 } },
    "services/slow/slow.js": `
      const ws = require("/lib/websocket");
      const late = () => new Promise((done) => setTimeout(() => done({ body: "late" }), ${
      2 * WAITS.requestMs
    }));
      exports.get = (req) => req.webSocket ? { webSocket: {} } : late();
      exports.webSocketEvent = (e) => {
        if (e.type !== "message") return;
        for (let n = 0; n < 200; n++) ws.send(e.session.id, "x".repeat(60_000));
        if (e.message === "close") ws.close(e.session.id, 4000, "over");
      };`,
    "services/slow/service.json": { sendBufferBytes: 20_000_000 },
  }, { transport: "ws", waits: WAITS });

  using raw = await Raw.connect(server.port);
  using mixed = await Raw.connect(server.port);
  const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: x\r\n`;
  // The reply to the second is there at once, and cannot be given before the first.
  await mixed.write(`${get("/services/slow")}\r\n${get("/healthz")}Connection: close\r\n\r\n`);
  // Two at a time: the second waits for the answer to the first as well.
  await raw.write(`${get("/services/slow")}\r\n${get("/services/slow")}Connection: close\r\n\r\n`);

  await t.step("a client that goes on sending after the close is cut off", async () => {
    using raw = await Raw.connect(server.port);
    await raw.handshake("/services/slow");
    const begin = performance.now();
    const endless = new Uint8Array(100_000).fill(0xff);
    while (await raw.write(endless).then(() => true, () => false)) {
      assert(performance.now() - begin < 15_000);
      await pause();
    }
    assertEquals(await server.settled(), { sessions: 0, groups: 0 });
  });

  await t.step(
    "a client that takes its time is neither dead, nor cut off before what was sent",
    async () => {
      const slow = async (message: string) => {
        const raw = await Raw.connect(server.port);
        await raw.handshake("/services/slow");
        await raw.write(frameOf(1, message));
        return raw;
      };
      using stays = await slow("stay");
      using leaves = await slow("close");
      using other = await Raw.connect(server.port);
      await other.handshake("/services/slow");
      // Longer than two pings, and than a close may take.
      for (let pings = 0; pings < 4; pings++) {
        assertEquals((await other.frame())?.opcode, 9);
        await other.write(frameOf(10));
      }
      // One that was connected just before the others were pinged has a ping before its messages.
      const next = async (raw: Raw) => {
        const frame = await raw.frame();
        return frame?.opcode === 9 ? await raw.frame() : frame;
      };
      for (const raw of [stays, leaves]) {
        for (let n = 0; n < 200; n++) assertEquals((await next(raw))!.payload.length, 60_000);
      }
      assertEquals(closeOf(await next(leaves))[0], 4000);
    },
  );
  await t.step(
    "a client that waits for its service is left to wait, as long as that may take",
    async () => {
      const [mixedAnswers, answers] = await Promise.all([mixed.rest(), raw.rest()]);
      assertEquals(mixedAnswers.match(/HTTP\/1\.1 200 OK|late|"status"/g), [
        "HTTP/1.1 200 OK",
        "late",
        "HTTP/1.1 200 OK",
        '"status"',
      ]);
      assertEquals(answers.match(/HTTP\/1\.1 200 OK|late/g), [
        "HTTP/1.1 200 OK",
        "late",
        "HTTP/1.1 200 OK",
        "late",
      ]);
    },
  );
});

Deno.test("transport ws: requests are answered as by the other transport", async (t) => {
  const files = {
    "services/echo/echo.js": ECHO,
    "services/other/other.js": `
      exports.get = () => ({ status: 204 });
      exports.post = (req) => ({ body: req.body === null ? "null" : String(req.body.length) });`,
  };
  const both = await Promise.all([
    Board.start(files, { transport: "deno" }),
    Board.start(files, { transport: "ws" }),
  ]);
  await using _deno = both[0];
  await using _ws = both[1];

  const of = async (server: Served, path: string, init: RequestInit) => {
    const response = await server.fetch(path, init);
    const headers = Object.fromEntries(
      [...response.headers].filter(([name]) =>
        !["date", "x-request-id", "vary", "connection", "keep-alive"].includes(name)
      ),
    );
    return { status: response.status, headers, body: await response.text() };
  };
  const requests: [string, RequestInit][] = [
    ["/services/echo", {}],
    ["/services/echo", { method: "HEAD" }],
    ["/services/echo", { method: "POST", body: "x".repeat(100_000) }],
    ["/services/missing", {}],
    ["/healthz", {}],
    ["/healthz", { method: "DELETE" }],
    ["/", { headers: { "X-Large": "x".repeat(20_000) } }],
  ];
  for (const [path, init] of requests) {
    await t.step(`${init.method ?? "GET"} ${path}`, async () => {
      assertEquals(await of(both[1], path, init), await of(both[0], path, init));
    });
  }

  const byHand: [string, string?][] = [
    ["GET /healthz HTTP/1.1"],
    ["HEAD /healthz HTTP/1.1"],
    ["HEAD /services/echo HTTP/1.1"],
    ["HEAD /nothing HTTP/1.1"],
    ["GET /services/other HTTP/1.1"],
    ["HEAD /services/other HTTP/1.1"],
    ["GET /healthz HTTP/1.1\r\nExpect: the-unexpected"],
    ["POST /services/other HTTP/1.1\r\nContent-Length: 5", "hello"],
    ["POST /services/other HTTP/1.1\r\nUpgrade: h2c\r\nContent-Length: 5", "hello"],
    ["POST /services/other HTTP/1.1\r\nTransfer-Encoding: chunked", "5\r\nhello\r\n0\r\n\r\n"],
  ];
  for (const [head, body] of byHand) {
    await t.step(`by hand: ${head.replaceAll("\r\n", ", ")}`, async () => {
      const [deno, ws] = await Promise.all(both.map((server) => answerOf(server, head, body)));
      assertEquals(ws, deno);
      assertEquals(ws!.at(-1), "HTTP/1.1 200");
    });
  }
});

/** What a server answers to a request by hand: its status, its length as it says it, and what follows. */
async function answerOf(server: Served, head: string, body = ""): Promise<unknown[]> {
  using raw = await Raw.connect(server.port);
  await raw.write(`${head}\r\nHost: x\r\n\r\n${body}`);
  const answer = await raw.head();
  const length = /^content-length: (\d+)/im.exec(answer)?.[1] ?? null;
  const bodyLength = length === null || head.startsWith("HEAD") ? 0 : Number(length);
  // Whatever comes too much is in front of the next answer.
  await raw.write("GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const [own, next] = [bodyLength, (await raw.rest()).slice(bodyLength, bodyLength + 12)];
  return [answer.split(" ")[1], length, own, next];
}

Deno.test("dev --transport ws: a websocket that opens is no news", async () => {
  await using server = await Server.start(
    { "services/echo/echo.js": ECHO },
    { command: "dev", args: ["--transport", "ws"] },
  );
  await server.output.next((line) => line.startsWith("Watching "));
  await using client = await Client.open(server.ws("/services/echo"));
  client.send("hello");
  assertEquals(await client.next(), "hello");
  await client.close();
  await server.log.next((line) => line.includes("closed 1000"));
  assertEquals(server.log.all.filter((line) => line.includes("No websocket")), []);
});

Deno.test("--transport takes what there is", async () => {
  const error = await Server.start(
    { "services/echo/echo.js": ECHO },
    { args: ["--transport", "uws"] },
  ).then(() => null, (error) => error);
  assertMatch(error.message, /'uws' is invalid. Allowed choices are deno, ws/);
});
