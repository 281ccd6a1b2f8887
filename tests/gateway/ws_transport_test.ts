import { assert, assertEquals, assertMatch } from "@std/assert";
import { Client } from "../helpers/client.ts";
import { frameOf, Raw } from "../helpers/raw.ts";
import { Board } from "../helpers/board.ts";
import type { Served } from "../helpers/served.ts";
import { Server } from "../helpers/server.ts";

const FILES = {
  "services/echo/echo.js": `
    const ws = require("/lib/websocket");
    exports.get = (req) => req.webSocket ? { webSocket: {} } : { body: "up" };
    exports.webSocketEvent = (e) => {
      if (e.type === "error") console.log("error " + e.error);
      if (e.type === "close") console.log("closed " + e.closeReason);
      if (e.type !== "message") return;
      if (e.message === "flood") for (let n = 0; n < 40; n++) ws.send(e.session.id, "x".repeat(1_000_000));
      else if (e.message === "end") { ws.send(e.session.id, "last"); ws.close(e.session.id, 4000, "over"); }
      else ws.send(e.session.id, e.message);
    };`,
};

function start(more: Record<string, unknown> = {}, command: "serve" | "dev" = "serve") {
  return Server.start({ ...FILES, ...more }, { command, args: ["--transport", "ws"] });
}

Deno.test("--transport ws: a message that is too large is refused before it has come", async () => {
  await using server = await start({ "services/echo/service.json": { maxMessageBytes: 1000 } });
  using raw = await Raw.connect(server.port);
  await raw.handshake("/services/echo");
  // The head of a frame of a gigabyte, and nothing more.
  await raw.write(new Uint8Array([0x82, 0xff, 0, 0, 0, 0, 0x40, 0, 0, 0, 0, 0, 0, 0]));
  const { opcode, payload } = (await raw.frame())!;
  assertEquals([opcode, payload[0]! << 8 | payload[1]!], [8, 1009]);
  const logged = () => server.logged(({ service }) => service === "echo");
  assertEquals((await logged()).message, "error Message is larger than 1000 bytes");
  assertEquals((await logged()).message, "closed 1009");
});

Deno.test("--transport ws: who sends too much, and goes on, still learns why it is closed", async (t) => {
  await using server = await start();
  const sends: [string, Uint8Array, number][] = [
    ["a message that is too large", frameOf(1, "x".repeat(8_000_000)), 1009],
    ["a frame that is none", new Uint8Array(8_000_000).fill(0x83), 1002],
  ];
  for (const [name, bytes, code] of sends) {
    await t.step(name, async () => {
      using raw = await Raw.connect(server.port);
      await raw.handshake("/services/echo");
      const isWritten = raw.write(bytes).then(() => true, () => false);
      const { opcode, payload } = (await raw.frame())!;
      assertEquals([opcode, payload[0]! << 8 | payload[1]!], [8, code]);
      assertEquals(await isWritten, true);
    });
  }
  await t.step("but not for ever", async () => {
    using raw = await Raw.connect(server.port);
    await raw.handshake("/services/echo");
    const begin = performance.now();
    const endless = new Uint8Array(10_000_000).fill(0xff);
    while (await raw.write(endless).then(() => true, () => false)) {
      assert(performance.now() - begin < 15_000);
    }
    assertEquals(await server.settled(), { sessions: 0, groups: 0 });
  });
});

Deno.test("--transport ws: fragments without end are too large as soon as they are", async () => {
  await using server = await start({ "services/echo/service.json": { maxMessageBytes: 100_000 } });
  const before = server.memory();
  using raw = await Raw.connect(server.port);
  await raw.handshake("/services/echo");
  await raw.write(frameOf(1, "x".repeat(10_000), false));
  const more = frameOf(0, "x".repeat(10_000), false);
  for (let n = 0; n < 1000; n++) {
    if (await raw.write(more).then(() => false, () => true)) break;
  }
  assertEquals(
    (await server.logged(({ service }) => service === "echo")).message,
    "error Message is larger than 100000 bytes",
  );
  assert(server.memory() - before < 50 * 2 ** 20);
  await using client = await Client.open(server.ws("/services/echo"));
  client.send("fine");
  assertEquals(await client.next(), "fine");
});

Deno.test("--transport ws: the close comes after everything that was sent before it", async () => {
  await using server = await start();
  const client = await Client.open(server.ws("/services/echo"));
  client.send("end");
  assertEquals(await client.next(), "last");
  assertEquals(await client.untilClosed(), { code: 4000, reason: "over" });
});

Deno.test("--transport ws: who does not read is cut off, and nothing of it is left", async () => {
  await using server = await start({
    "services/echo/service.json": { sendBufferBytes: 5_000_000 },
  });
  // The connection of the fetch stays open, and is none of ours.
  await server.counts();
  const files = server.openFiles();
  using stuck = await Raw.connect(server.port);
  await stuck.handshake("/services/echo");
  await stuck.write(frameOf(1, "flood"));
  assertEquals((await server.logged(({ service }) => service === "echo")).message, "closed 3008");
  // The descriptor is given back too, which Deno's own sockets cannot do.
  const until = performance.now() + 15_000;
  while (server.openFiles() > files) {
    assert(performance.now() < until);
    await server.counts();
  }
  assertEquals(await server.settled(), { sessions: 0, groups: 0 });
});

Deno.test("--transport ws: who keeps the server waiting is not waited for", async () => {
  await using server = await start({ "services/echo/assets/large.txt": "x".repeat(20_000_000) });
  const begin = performance.now();
  await server.text("/healthz");
  const files = server.openFiles();
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
  for (let last = begin; !hasEnded;) {
    await server.text("/healthz");
    const now = performance.now();
    assert(now - begin < 30_000);
    if (now - last < 500) continue;
    last = now;
    await drips.write("x").catch(() => {});
  }
  await ended;
  assertEquals([await silent.ends(), await half.ends()], [true, true]);
  assert(performance.now() - begin > 5_000);
  while (server.openFiles() > files) {
    assert(performance.now() - begin < 30_000);
    await server.text("/healthz");
  }
});

Deno.test("--transport ws: a client that waits for its service is left to wait, as long as that may take", async () => {
  await using server = await start({
    "switchboard.json": { limits: { requestTimeoutMs: 20_000 } },
    "services/slow/slow.js": `
      exports.get = () => new Promise((resolve) => setTimeout(() => resolve({ body: "late" }), 12_000));`,
  });
  using raw = await Raw.connect(server.port);
  using mixed = await Raw.connect(server.port);
  const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: x\r\n`;
  // The reply to the second is there at once, and cannot be given before the first.
  await mixed.write(`${get("/services/slow")}\r\n${get("/healthz")}Connection: close\r\n\r\n`);
  // Two at a time: the second waits for the answer to the first as well.
  await raw.write(`${get("/services/slow")}\r\n${get("/services/slow")}Connection: close\r\n\r\n`);
  assertEquals((await mixed.rest()).match(/HTTP\/1\.1 200 OK|late|"status"/g), [
    "HTTP/1.1 200 OK",
    "late",
    "HTTP/1.1 200 OK",
    '"status"',
  ]);
  assertEquals((await raw.rest()).match(/HTTP\/1\.1 200 OK|late/g), [
    "HTTP/1.1 200 OK",
    "late",
    "HTTP/1.1 200 OK",
    "late",
  ]);
});

Deno.test("--transport ws: requests are answered as by the other transport", async (t) => {
  const both = await Promise.all([
    Board.start(FILES),
    start(),
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
  const cases: [string, RequestInit][] = [
    ["/services/echo", {}],
    ["/services/echo", { method: "HEAD" }],
    ["/services/echo", { method: "POST", body: "x".repeat(100_000) }],
    ["/services/none", {}],
    ["/healthz", {}],
    ["/healthz", { method: "DELETE" }],
    ["/", { headers: { "X-Large": "x".repeat(20_000) } }],
  ];
  for (const [path, init] of cases) {
    await t.step(`${init.method ?? "GET"} ${path}`, async () => {
      assertEquals(await of(both[1], path, init), await of(both[0], path, init));
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

Deno.test("--transport ws: requests by hand are answered as by the other transport", async (t) => {
  const files = {
    ...FILES,
    "services/none/none.js": "exports.get = () => ({ status: 204 });",
    "services/length/length.js":
      "exports.post = (req) => ({ body: req.body === null ? 'null' : String(req.body.length) });",
  };
  const both = await Promise.all([Board.start(files), start(files)]);
  await using _deno = both[0];
  await using _ws = both[1];
  const cases: [string, string?][] = [
    ["GET /healthz HTTP/1.1"],
    ["HEAD /healthz HTTP/1.1"],
    ["HEAD /services/echo HTTP/1.1"],
    ["HEAD /nothing HTTP/1.1"],
    ["GET /services/none HTTP/1.1"],
    ["HEAD /services/none HTTP/1.1"],
    ["GET /healthz HTTP/1.1\r\nExpect: the-unexpected"],
    ["POST /services/length HTTP/1.1\r\nContent-Length: 5", "hello"],
    ["POST /services/length HTTP/1.1\r\nUpgrade: h2c\r\nContent-Length: 5", "hello"],
    ["POST /services/length HTTP/1.1\r\nTransfer-Encoding: chunked", "5\r\nhello\r\n0\r\n\r\n"],
  ];
  for (const [head, body] of cases) {
    await t.step(head.replaceAll("\r\n", ", "), async () => {
      const [deno, ws] = await Promise.all(both.map((server) => answerOf(server, head, body)));
      assertEquals(ws, deno);
      assertEquals(ws!.at(-1), "HTTP/1.1 200");
    });
  }
});

Deno.test("--transport ws: clients that break off leave no file open", async () => {
  await using server = await start({ "services/echo/assets/large.txt": "x".repeat(20_000_000) });
  await server.text("/healthz");
  const files = server.openFiles();
  for (let n = 0; n < 40; n++) {
    const raw = await Raw.connect(server.port);
    await raw.write("GET /services/echo/assets/large.txt HTTP/1.1\r\nHost: x\r\n\r\n");
    await raw.head();
    for (let part = 0; part < n; part++) await raw.connection.read(new Uint8Array(65536));
    raw[Symbol.dispose]();
  }
  const begin = performance.now();
  while (server.openFiles() > files) {
    assert(performance.now() - begin < 15_000, `${server.openFiles()} in place of ${files}`);
    await server.text("/healthz");
  }
});

Deno.test("--transport ws: who takes its time is neither dead, nor cut off before what was sent", async () => {
  await using server = await start({
    "switchboard.json": { pingIntervalSec: 1 },
    "services/large/large.js": `
      const ws = require("/lib/websocket");
      exports.get = () => ({ webSocket: {} });
      exports.webSocketEvent = (e) => {
        if (e.type !== "message") return;
        for (let n = 0; n < 200; n++) ws.send(e.session.id, "x".repeat(60_000));
        if (e.message === "close") ws.close(e.session.id, 4000, "over");
      };`,
    "services/large/service.json": { sendBufferBytes: 20_000_000 },
  });
  const slow = async (message: string) => {
    const raw = await Raw.connect(server.port);
    await raw.handshake("/services/large");
    await raw.write(frameOf(1, message));
    return raw;
  };
  using stays = await slow("stay");
  using leaves = await slow("close");
  // Longer than two pings, and than a close may take.
  for (const begin = performance.now(); performance.now() - begin < 7_000;) {
    await server.text("/healthz");
  }
  for (const raw of [stays, leaves]) {
    for (let n = 0; n < 200; n++) assertEquals((await raw.frame())!.payload.length, 60_000);
  }
  const { opcode, payload } = (await leaves.frame())!;
  assertEquals([opcode, payload[0]! << 8 | payload[1]!], [8, 4000]);
});

Deno.test("--transport ws: a controller hears why its client is closed", async (t) => {
  await using server = await start();
  const said = async (frames: Uint8Array[], code: number) => {
    using raw = await Raw.connect(server.port);
    await raw.handshake("/services/echo");
    for (const frame of frames) await raw.write(frame);
    const { opcode, payload } = (await raw.frame())!;
    assertEquals([opcode, payload[0]! << 8 | payload[1]!], [8, code]);
    const logged = await server.logged(({ service }) => service === "echo");
    assertEquals(logged.message, "error Message is larger than 65536 bytes");
    await server.logged(({ message }) => message === "closed 1009");
    return new TextDecoder().decode(payload.subarray(2));
  };
  await t.step("a message that is too large", async () => {
    assertEquals(await said([frameOf(1, "x".repeat(70_000))], 1009), "message too big");
  });
  await t.step("a frame of an exabyte", async () => {
    await said([new Uint8Array([0x82, 0xff, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])], 1009);
  });
  await t.step("a message in very many parts", async () => {
    const parts = Array.from({ length: 16_400 }, (_, n) => frameOf(n === 0 ? 1 : 0, "x", false));
    await said([new Uint8Array(await new Blob(parts as BlobPart[]).arrayBuffer())], 1008);
  });
});

Deno.test("dev --transport ws: a websocket that opens is no news", async () => {
  await using server = await start({}, "dev");
  await server.output.next((line) => line.startsWith("Watching "));
  await using client = await Client.open(server.ws("/services/echo"));
  client.send("hello");
  assertEquals(await client.next(), "hello");
  await client.close();
  await server.log.next((line) => line.includes("closed 1000"));
  assertEquals(server.log.all.filter((line) => line.includes("No websocket")), []);
});

Deno.test("--transport takes what there is", async () => {
  const error = await Server.start(FILES, { args: ["--transport", "uws"] })
    .then(() => null, (error) => error);
  assertMatch(error.message, /'uws' is invalid. Allowed choices are deno, ws/);
});

Deno.test("--transport ws: a client that is ahead of its service waits, and loses nothing", async () => {
  await using server = await Server.start({
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
  }, { args: ["--transport", "ws"] });
  const before = server.memory();
  using raw = await Raw.connect(server.port);
  await raw.handshake("/services/slow");
  // More than twice as many as may wait for a service: over the other transport this ends with 1013.
  const written = (async () => {
    for (let first = 1; first <= 40_000; first += 1000) {
      const frames = Array.from(
        { length: 1000 },
        (_, n) => frameOf(1, `${first + n}`.padStart(6, "0").padEnd(400, ".")),
      );
      await raw.write(new Uint8Array(await new Blob(frames as BlobPart[]).arrayBuffer()));
    }
  })();
  await using other = await Client.open(server.ws("/services/slow"));
  other.send("go");
  await written;
  assertEquals(new TextDecoder().decode((await raw.frame())!.payload), "all there");
  assert(server.memory() - before < 150 * 2 ** 20);
});

Deno.test("--transport ws: at a shared path too, a client that is ahead of a service waits", async () => {
  await using server = await start({
    "services/echo/m.js": `
      const session = require("net/websocket").getSession();
      globalThis.count = (globalThis.count ?? 0) + 1;
      // So slow that much more comes than may wait.
      for (const until = performance.now() + 0.1; performance.now() < until;);
      if (count === 40_000) session.sendText('["all there"]');`,
    "services/echo/service.json": { messageModules: ["m.js"] },
  });
  using raw = await Raw.connect(server.port);
  await raw.handshake("/service/js");
  const frame = frameOf(1, JSON.stringify({ module: "/echo/m.js", padding: "x".repeat(400) }));
  const thousand = new Uint8Array(await new Blob(Array(1000).fill(frame)).arrayBuffer());
  for (let n = 0; n < 40; n++) await raw.write(thousand);
  assertEquals(new TextDecoder().decode((await raw.frame())!.payload), '["all there"]');
});
