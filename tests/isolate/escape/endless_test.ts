import { assertEquals, assertMatch } from "@std/assert";
import { Client } from "../../helpers/client.ts";
import type { LogLine } from "../../helpers/served.ts";
import { Server } from "../../helpers/server.ts";
import { ECHO, RUNS } from "./attempt.ts";

/** Code that does not come to an end by itself. */
const SPINS: Record<string, string> = {
  "a loop": "while (true);",
  "a loop in a timer": "setTimeout(() => { while (true); });",
  "a loop after an await": "(async () => { await null; while (true); })()",
  "microtasks": "(function next() { queueMicrotask(next) })()",
  "promises": "(async () => { while (true) await null; })()",
  "ticks": "(function next() { process.nextTick(next) })()",
  "a wait": "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)",
  // A host that is busy with all of these may leave a question unanswered, which is then an error.
  "questions": `while (true) try { ws.getGroupSize("x") } catch {}`,
  "messages": `while (true) ws.send("nobody", "x")`,
  "a loop that catches": "for (;;) { try { for (;;); } catch {} finally { continue } }",
  "a regular expression": `/^(a+)+$/.test("a".repeat(40) + "b")`,
  "an endless module of wasm": `new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array([
    0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 7, 5, 1, 1, 102, 0, 0,
    10, 9, 1, 7, 0, 3, 64, 12, 0, 11, 11]))).exports.f()`,
};

/** How long what spins may not answer, ms. */
const SPIN_TIMEOUT_MS = 1000;

/** The services that fill their memory, and their limits. One that has ended starts anew for the next case. */
const FILLERS = {
  arrays: { memoryMb: 32, eventTimeoutMs: 3000 },
  bytes: { memoryMb: 32, eventTimeoutMs: 3000 },
  impatient: { memoryMb: 32, eventTimeoutMs: 1000 },
  // What a module takes to load is a matter of its length.
  small: { memoryMb: 16, eventTimeoutMs: 3000 },
};

const FULL = /has exceeded its memory of (32|16) MiB/;

/** Code that fills the memory: in which service, and what it is ended for. */
const FILLS: Record<string, [service: keyof typeof FILLERS, code: string, line: RegExp]> = {
  "arrays in a handler": [
    "arrays",
    "const a = []; while (true) a.push(new Array(1000).fill(a.length));",
    FULL,
  ],
  "arrays in a timer": [
    "arrays",
    "setTimeout(() => { const a = []; while (true) a.push(new Array(1000).fill(a.length)); });",
    FULL,
  ],
  "arrays after an await": [
    "arrays",
    "(async () => { await null; const a = []; while (true) a.push(new Array(1000).fill(1)); })()",
    FULL,
  ],
  // No heap limit counts bytes, and nothing inside can look at them while the loop runs: time ends it.
  "bytes in a handler": [
    "impatient",
    "const a = []; while (true) a.push(new Uint8Array(1e5).fill(1));",
    /has not answered for 1000 ms/,
  ],
  "bytes in timers": [
    "bytes",
    `globalThis.kept = [];
     setInterval(() => { for (let n = 0; n < 5; n++) kept.push(new Uint8Array(1e6).fill(1)); }, 5);`,
    FULL,
  ],
  "bytes, and no timer left that could see them": [
    "bytes",
    `for (let n = 0; n < 1e5; n++) clearInterval(n);
     globalThis.kept = Array.from({ length: 60 }, () => new Uint8Array(1e6).fill(1));`,
    FULL,
  ],
  "modules without end": [
    "small",
    `const next = (n) => import("data:text/javascript,export default " + n + ";//" + "x".repeat(1e5))
       .then(() => next(n + 1));
     next(0);`,
    FULL,
  ],
};

/** The line of the log that this is true of, wherever it is among the others. */
async function logged(server: Server, isWanted: (line: LogLine) => boolean): Promise<string> {
  while (true) {
    for (const text of server.log.all) {
      const line: LogLine = JSON.parse(text);
      if (isWanted(line)) return line.message;
    }
    await server.log.next(() => true);
  }
}

Deno.test("a service that does not come to an end harms itself only", async (t) => {
  await using server = await Server.start({
    ...Object.fromEntries(
      Object.keys(SPINS).flatMap((_, index) => [
        [`services/s${index}/s${index}.js`, RUNS],
        [`services/s${index}/service.json`, { eventTimeoutMs: SPIN_TIMEOUT_MS }],
      ]),
    ),
    ...Object.fromEntries(
      Object.entries(FILLERS).flatMap(([name, limits]) => [
        [`services/${name}/${name}.js`, RUNS],
        [`services/${name}/service.json`, limits],
      ]),
    ),
    "services/calm/calm.js": ECHO,
  });
  await using calm = await Client.open(server.ws("/services/calm"));
  await t.step(
    "a loop without end is stopped, and its sockets stay open",
    (t) => stopsLoops(t, server, calm),
  );
  await t.step(
    "a service that fills its memory ends alone, and its sockets stay open",
    (t) => endsWhatFills(t, server, calm),
  );
  await t.step("nothing of it is left", async () => {
    await calm.close();
    assertEquals(await server.settled(), { sessions: 0, groups: 0 });
  });
});

async function stopsLoops(t: Deno.TestContext, server: Server, calm: Client): Promise<void> {
  const names = Object.keys(SPINS);
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
      assertMatch(
        await logged(server, ({ message }) => message.includes(`"s${index}" has not answered`)),
        /has not answered for 1000 ms.*; it restarts in 100 ms/,
      );
      calm.send(name);
      assertEquals(await calm.next(), name);
      await client.close();
    });
  }
}

async function endsWhatFills(t: Deno.TestContext, server: Server, calm: Client): Promise<void> {
  for (const [name, [service, code, line]] of Object.entries(FILLS)) {
    await t.step(name, async () => {
      await using client = await Client.open(server.ws(`/services/${service}`));
      client.send("honest");
      assertEquals(await client.next(), "honest");
      client.send(`// ${name}\n${code}`);
      calm.send(name);
      assertEquals(await calm.next(), name);
      await server.logged((logged) => logged.service === service && line.test(logged.message));
      client.send("after");
      while (await client.next() !== "after");
    });
  }
  await t.step("none of it was told to the service next to them", () => {
    assertEquals(server.log.all.filter((line) => line.includes('"service":"calm"')), []);
  });
}

Deno.test("a service that does not come to an end while it loads stays down", async (t) => {
  await using server = await Server.start({
    "services/spins/spins.js": "while (true); exports.get = () => ({});",
    "services/spins/service.json": { eventTimeoutMs: 500 },
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
    ["spins", /has not answered for 500 ms/],
    // The engine cuts the loading off, and mostly without a word: then it is the silence that is noticed.
    ["fills", /has not answered for 1000 ms|has exceeded its memory of 32 MiB/],
    ["deep", /Maximum call stack size exceeded/],
  ];
  for (const [service, line] of lines) {
    await t.step(service, async () => {
      assertMatch(await logged(server, (logged) => logged.service === service), line);
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
