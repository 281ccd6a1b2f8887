import { assertEquals, assertMatch } from "@std/assert";
import { Client } from "../../helpers/client.ts";
import { Server } from "../../helpers/server.ts";
import { ECHO } from "./attempt.ts";

/** A controller that runs what its sockets send as code, or repeats what is no code. */
const RUNS = `
  const ws = require("/lib/websocket");
  exports.get = () => ({ body: "up", webSocket: {} });
  exports.webSocketEvent = ({ type, session: { id }, message }) => {
    if (type === "error") return ws.send(id, "error: " + message);
    if (type !== "message") return;
    if (message.startsWith("// ")) return eval(message);
    ws.send(id, message);
  };
`;

/** Code that does not come to an end by itself. */
const SPINS: Record<string, string> = {
  "a loop": "while (true);",
  "a loop in a timer": "setTimeout(() => { while (true); });",
  "a loop after an await": "(async () => { await null; while (true); })()",
  "microtasks": "(function next() { queueMicrotask(next) })()",
  "promises": "(async () => { while (true) await null; })()",
  "ticks": "(function next() { process.nextTick(next) })()",
  "a wait": "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)",
  "questions": `while (true) ws.getGroupSize("x")`,
  "messages": `while (true) ws.send("nobody", "x")`,
  "a loop that catches": "for (;;) { try { for (;;); } catch {} finally { continue } }",
  "a regular expression": `/^(a+)+$/.test("a".repeat(40) + "b")`,
  "an endless module of wasm": `new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array([
    0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 7, 5, 1, 1, 102, 0, 0,
    10, 9, 1, 7, 0, 3, 64, 12, 0, 11, 11]))).exports.f()`,
};

Deno.test("a loop without end is stopped, and its sockets stay open", async (t) => {
  const names = Object.keys(SPINS);
  await using server = await Server.start({
    ...Object.fromEntries(names.flatMap((_, index) => [
      [`services/s${index}/s${index}.js`, RUNS],
      [`services/s${index}/service.json`, { eventTimeoutMs: 300 }],
    ])),
    "services/calm/calm.js": ECHO,
  });
  await using calm = await Client.open(server.ws("/services/calm"));
  // All at once: so many threads that spin are no trouble either.
  const clients = await Promise.all(
    names.map((_, index) => Client.open(server.ws(`/services/s${index}`))),
  );
  for (const [index, client] of clients.entries()) {
    client.send("honest");
    assertEquals(await client.next(), "honest");
    client.send(`// ${index}\n${SPINS[names[index]!]}`);
  }
  calm.send("calm");
  assertEquals(await calm.next(), "calm");
  for (const [index, name] of names.entries()) {
    await t.step(name, async () => {
      const client = clients[index]!;
      client.send("after");
      while (await client.next() !== "after");
      const line = server.log.all.find((line) => line.includes(`"s${index}\\" has not answered`));
      assertMatch(line ?? "", /has not answered for 300 ms.*; it starts anew in 100 ms/);
      calm.send(name);
      assertEquals(await calm.next(), name);
      await client.close();
    });
  }
  await calm.close();
  assertEquals(await server.settled(), { sessions: 0, groups: 0 });
});

Deno.test("a service that does not come to an end while it loads stays down", async (t) => {
  await using server = await Server.start({
    "services/spins/spins.js": "while (true); exports.get = () => ({});",
    "services/spins/service.json": { eventTimeoutMs: 300 },
    "services/fills/fills.js": "const a = []; while (true) a.push(new Array(1000).fill(a.length));",
    "services/fills/service.json": { memoryMb: 32, eventTimeoutMs: 1000 },
    "services/deep/deep.js": "(function deep() { deep() })();",
    "services/rings/rings.js": `
      const { name } = require("./a");
      exports.get = () => ({ body: name });`,
    "services/rings/a.js": `exports.name = "a"; exports.other = require("./b").name;`,
    "services/rings/b.js": `exports.name = "b"; exports.other = require("./a").name;`,
    "services/calm/calm.js": "exports.get = () => ({ body: 'calm' });",
  });
  const lines: [string, RegExp][] = [
    ["spins", /has not answered for 300 ms/],
    // The engine cuts the loading off, and mostly without a word: then it is the silence that is noticed.
    ["fills", /has not answered for 1000 ms|has used up its memory of 32 MiB/],
    ["deep", /Maximum call stack size exceeded/],
  ];
  for (const [service, line] of lines) {
    await t.step(service, async () => {
      const logged = server.log.all.find((text) => text.includes(`"service":"${service}"`));
      assertMatch(logged ?? "", line);
      const { status, body } = await server.fetch(`/services/${service}`);
      await body?.cancel();
      assertEquals(status, 503);
    });
  }
  await t.step("modules that require each other are fine", async () => {
    assertEquals(await server.text("/services/rings"), "a");
    assertEquals(await server.text("/services/calm"), "calm");
  });
});

const FULL = /has used up its memory of 32 MiB/;

/** Code that fills the memory, and what it is ended for. */
const FILLS: Record<string, [code: string, line: RegExp]> = {
  "arrays in a handler": [
    "const a = []; while (true) a.push(new Array(1000).fill(a.length));",
    FULL,
  ],
  "arrays in a timer": [
    "setTimeout(() => { const a = []; while (true) a.push(new Array(1000).fill(a.length)); });",
    FULL,
  ],
  "arrays after an await": [
    "(async () => { await null; const a = []; while (true) a.push(new Array(1000).fill(1)); })()",
    FULL,
  ],
  // No heap limit counts bytes, and nothing inside can look at them while the loop runs: time ends it.
  "bytes in a handler": [
    "const a = []; while (true) a.push(new Uint8Array(1e5).fill(1));",
    /has not answered for 500 ms/,
  ],
  "bytes in timers": [
    `globalThis.kept = [];
     setInterval(() => { for (let n = 0; n < 5; n++) kept.push(new Uint8Array(1e6).fill(1)); }, 5);`,
    FULL,
  ],
  "bytes, and no timer left that could see them": [
    `for (let n = 0; n < 1e5; n++) clearInterval(n);
     globalThis.kept = Array.from({ length: 60 }, () => new Uint8Array(1e6).fill(1));`,
    FULL,
  ],
  "modules without end": [
    `const next = (n) => import("data:text/javascript,export default " + n + ";//" + "x".repeat(1e5))
       .then(() => next(n + 1));
     next(0);`,
    FULL,
  ],
};

Deno.test("a service that fills its memory ends alone, and its sockets stay open", async (t) => {
  const names = Object.keys(FILLS);
  await using server = await Server.start({
    ...Object.fromEntries(names.flatMap((_, index) => [
      [`services/f${index}/f${index}.js`, RUNS],
      [`services/f${index}/service.json`, {
        memoryMb: 32,
        eventTimeoutMs: names[index] === "bytes in a handler" ? 500 : 3000,
      }],
    ])),
    "services/calm/calm.js": ECHO,
  });
  await using calm = await Client.open(server.ws("/services/calm"));
  for (const [index, name] of names.entries()) {
    await t.step(name, async () => {
      await using client = await Client.open(server.ws(`/services/f${index}`));
      client.send("honest");
      assertEquals(await client.next(), "honest");
      const [code, line] = FILLS[name]!;
      client.send(`// ${index}\n${code}`);
      calm.send(name);
      assertEquals(await calm.next(), name);
      await server.logged(({ service, message }) => service === `f${index}` && line.test(message));
      client.send("after");
      while (await client.next() !== "after");
    });
  }
  await t.step("none of it was told to the service next to them", () => {
    assertEquals(server.log.all.filter((line) => line.includes('"service":"calm"')), []);
  });
});

Deno.test("more than can be held is refused, and what can be held arrives", async (t) => {
  await using server = await Server.start({
    "switchboard.json": { limits: { groupsPerSession: 16384 } },
    "services/large/large.js": RUNS,
    "services/large/service.json": { sendBufferBytes: 0, eventTimeoutMs: 10_000 },
    "services/calm/calm.js": ECHO,
  });
  const told = (code: string) =>
    `// ${"x"}\ntry { ${code} } catch (error) { ws.send(id, error.name + ": " + error.message) }`;
  await using calm = await Client.open(server.ws("/services/calm"));
  await using client = await Client.open(server.ws("/services/large"));
  await t.step("a text of a gigabyte", async () => {
    client.send(told(`ws.send(id, "x".repeat(2 ** 30))`));
    assertMatch(await client.next() as string, /^RangeError: Invalid string length/);
  });
  await t.step("a text of 20 MB arrives", async () => {
    client.send(told(`ws.send(id, "x".repeat(20_000_000))`));
    assertEquals((await client.next()).length, 20_000_000);
  });
  await t.step("the name of a group that is too long", async () => {
    client.send(told(`ws.addToGroup("g".repeat(1025), id)`));
    assertMatch(await client.next() as string, /^RangeError: A group's name .* 1024 .* 1025/);
    client.send(
      told(`ws.addToGroup("g".repeat(1024), id); ws.send(id, String(ws.getGroups(id).length))`),
    );
    assertEquals(await client.next(), "1");
  });
  await t.step("a recursion without end", async () => {
    client.send(told("(function deep() { deep() })()"));
    assertMatch(await client.next() as string, /^RangeError: Maximum call stack/);
  });
  await t.step("a flood of operations, while another service answers", async () => {
    client.send(
      told(`for (let n = 0; n < 200_000; n++) ws.send("nobody", "x"); ws.send(id, "through")`),
    );
    for (let round = 0; round < 5; round++) {
      calm.send(`round ${round}`);
      assertEquals(await calm.next(), `round ${round}`);
    }
    assertEquals(await client.next(), "through");
  });
  await t.step("a million groups", async () => {
    client.send(told(`
      for (let n = 0; n < 1_000_000; n++) ws.addToGroup("group " + n, id);
      ws.send(id, String(ws.getGroups(id).length));`));
    calm.send("meanwhile");
    assertEquals(await calm.next(), "meanwhile");
    assertEquals(await client.next(), "16384");
    await server.logged(({ message }) => /^Denied another group/.test(message));
    await using second = await Client.open(server.ws("/services/large"));
    second.send(told(`ws.addToGroup("one more", id); ws.send(id, ws.getGroups(id).join())`));
    assertEquals(await second.next(), "one more");
  });
  await t.step("nothing of it is left", async () => {
    await client.close();
    await calm.close();
    assertEquals(await server.settled(), { sessions: 0, groups: 0 });
  });
});
