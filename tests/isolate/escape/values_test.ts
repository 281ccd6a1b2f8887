import { assert, assertEquals, assertMatch } from "@std/assert";
import { Client } from "../../helpers/client.ts";
import { Server } from "../../helpers/server.ts";
import { ECHO } from "./attempt.ts";

/** Values that bite whoever looks at them, as code. */
const VALUES: Record<string, string> = {
  "a getter":
    `({ get message() { throw new Error("bites") }, get then() { throw new Error("bites") } })`,
  "a proxy": `new Proxy({}, new Proxy({}, { get() { throw new Error("bites") } }))`,
  "a revoked proxy": `(() => { const r = Proxy.revocable({}, {}); r.revoke(); return r.proxy })()`,
  "a revoked function":
    `(() => { const r = Proxy.revocable(() => {}, {}); r.revoke(); return r.proxy })()`,
  "an error that bites": `Object.defineProperties(new Error("x"), {
    message: { get() { throw new Error("bites") } },
    stack: { get() { throw new Error("bites") } },
    name: { get() { throw new Error("bites") } },
  })`,
  "an error of odd parts": `Object.assign(new Error("x"), { name: Symbol("n"), stack: { a: 1 } })`,
  "null": "null",
  "a symbol": `Symbol("s")`,
  "a big number": "10n",
  "an object that is no text":
    `({ toString() { throw new Error("bites") }, [Symbol.toPrimitive]: null })`,
  "an object that prints itself badly":
    `({ [Symbol.for("Deno.customInspect")]() { throw new Error("bites") },
        [Symbol.for("nodejs.util.inspect.custom")]() { throw new Error("bites") } })`,
  "an endless chain":
    `(() => { const a = {}; let b = a; for (let n = 0; n < 1e5; n++) b = b.a = {}; return a })()`,
  "a ring": `(() => { const a = {}; a.a = a; return a })()`,
  "a cause of itself": `(() => { const e = new Error("x"); e.cause = e; return e })()`,
};

/** What the engine itself stumbles over when nobody catches it. */
const STUMBLES = new Set([
  "a proxy",
  "a revoked proxy",
  "a revoked function",
  "an error that bites",
  "an error of odd parts",
  "an object that is no text",
  "an object that prints itself badly",
  "a getter",
]);

/** Thenables that misbehave, as answers to requests and as what handlers of events return. */
const THENS = `
  const ws = require("/lib/websocket");
  const thens = {
    never: () => ({ then() {} }),
    throws: () => ({ then() { throw new Error("in then") } }),
    twice: () => ({ then(resolve, reject) {
      resolve({ body: "first" }); resolve({ body: "second" }); reject(new Error("third"));
    } }),
    both: () => ({ then(resolve, reject) { reject(new Error("first")); resolve({ body: "b" }); } }),
    nested: () => ({ then(resolve) { resolve(thens.twice()); } }),
    late: () => ({ then(resolve) { setTimeout(resolve, 1, { body: "late" }); } }),
    getter: () => ({ get then() { throw new Error("in get then") } }),
  };
  exports.get = (req) => req.webSocket ? { webSocket: {} } : thens[req.params.how]();
  exports.webSocketEvent = ({ type, session, message }) => {
    if (type !== "message") return;
    if (thens[message]) return thens[message]();
    ws.send(session.id, message);
  };
`;

/** How long a request may take, ms: longer than a busy machine needs for one that is answered. */
const REQUEST_TIMEOUT_MS = 3000;

Deno.test("whatever a controller throws, rejects with or returns, its service goes on", async (t) => {
  await using server = await Server.start({
    "services/biter/biter.js": `
      const ws = require("/lib/websocket");
      const value = (code) => eval(code);
      exports.get = (req) => req.webSocket ? { webSocket: {} } : { body: "up" };
      exports.post = ({ params: { how }, body }) => {
        if (how === "throw") throw value(body);
        if (how === "reject") return Promise.reject(value(body));
        if (how === "return") return value(body);
        if (how === "body") return { body: value(body) };
        if (how === "print") { console.log(value(body)); return { body: "printed" }; }
        if (how === "headers") return { headers: { a: value(body) } };
      };
      exports.webSocketEvent = ({ type, session, message }) => {
        if (type !== "message") return;
        if (message === "?") return void ws.send(session.id, "!");
        const [how, code] = [message.slice(0, 6), message.slice(6)];
        if (how === "throw ") throw value(code);
        if (how === "reject") return Promise.reject(value(code));
        if (how === "return") return value(code);
        if (how === "later ") setTimeout(() => { throw value(code) });
        if (how === "left  ") void Promise.reject(value(code));
      };
    `,
    "services/calm/calm.js": ECHO,
    "services/thens/thens.js": THENS,
    "switchboard.json": { limits: { requestTimeoutMs: REQUEST_TIMEOUT_MS } },
  });
  // Its answer takes as long as a request may: meanwhile the others are asked.
  const never = server.fetch("/services/thens?how=never");
  await using calm = await Client.open(server.ws("/services/calm"));
  await using client = await Client.open(server.ws("/services/biter"));
  for (const [name, code] of Object.entries(VALUES)) {
    await t.step(name, async () => {
      for (const how of ["throw", "reject", "return", "body", "print", "headers"]) {
        const response = await server.fetch(`/services/biter?how=${how}`, {
          method: "POST",
          body: code,
        });
        await response.body?.cancel();
        assert([200, 500].includes(response.status), `${how}: ${response.status}`);
        if (/^(throw|reject)$/.test(how)) assertEquals(response.status, 500);
      }
      const ways = ["throw ", "reject", "return"];
      if (!STUMBLES.has(name)) ways.push("later ", "left  ");
      for (const how of ways) {
        client.send(how + code);
        client.send("?");
        assertEquals(await client.next(), "!", how);
      }
      calm.send(name);
      assertEquals(await calm.next(), name);
    });
  }
  await t.step("an honest error is told with its place", async () => {
    const response = await server.fetch("/services/biter?how=throw", {
      method: "POST",
      body: `new Error("honest")`,
    });
    await response.body?.cancel();
    assertEquals(response.status, 500);
    const { message } = await server.logged(({ message }) => message.includes("Error: honest"));
    assertMatch(message, /biter\.js:\d+/);
  });
  await t.step("nothing was started anew", () => {
    assertEquals(server.log.all.filter((line) => line.includes("restarts in")), []);
  });
  await t.step("what the engine stumbles over in a timer ends that isolate only", async () => {
    client.send(`later ${VALUES["a revoked proxy"]}`);
    calm.send("calm");
    assertEquals(await calm.next(), "calm");
    await server.logged(({ message }) => /^Service "biter" ended: .*restarts in/.test(message));
    client.send("?");
    assertEquals(await client.next(), "!");
  });
  await t.step(
    "a thenable that misbehaves keeps only its own session waiting",
    (t) => misbehaves(t, server, never),
  );
});

async function misbehaves(
  t: Deno.TestContext,
  server: Server,
  never: Promise<Response>,
): Promise<void> {
  const answers: [string, number, RegExp][] = [
    ["throws", 500, /./],
    ["twice", 200, /^first$/],
    ["both", 500, /./],
    ["nested", 200, /^first$/],
    ["late", 200, /^late$/],
    ["getter", 500, /./],
    ["never", 504, /./],
  ];
  for (const [how, status, body] of answers) {
    await t.step(`a request: ${how}`, async () => {
      const response = await (how === "never" ? never : server.fetch(`/services/thens?how=${how}`));
      assertMatch(await response.text(), body);
      assertEquals(response.status, status);
    });
  }
  await using stuck = await Client.open(server.ws("/services/thens"));
  await using fine = await Client.open(server.ws("/services/thens"));
  for (const how of ["throws", "twice", "both", "nested", "late", "getter"]) {
    await t.step(`an event: ${how}`, async () => {
      fine.send(how);
      fine.send("after");
      assertEquals(await fine.next(), "after");
    });
  }
  await t.step("an event: never", async () => {
    stuck.send("never");
    stuck.send("waits");
    fine.send("goes on");
    assertEquals(await fine.next(), "goes on");
    assertEquals(stuck.waiting.length, 0);
  });
}
