import { assert, assertEquals, assertMatch } from "@std/assert";
import { Client } from "../../helpers/client.ts";
import { Server } from "../../helpers/server.ts";
import { ANYTHING, attempt, ECHO, granted, refused } from "./attempt.ts";

/**
 * A controller that runs the code of a request's body in its own scope, and repeats what it is sent. Nothing
 * of its own depends on what the code may overwrite.
 */
const TAMPERS = `
  const ws = require("/lib/websocket");
  const { stringify } = JSON;
  const MessagePortKind = MessagePort;
  const isPort = Function.prototype.call.bind(Function.prototype[Symbol.hasInstance], MessagePort);
  const isEvent = Function.prototype.call.bind(Function.prototype[Symbol.hasInstance], Event);
  const isWords = Function.prototype.call.bind(Function.prototype[Symbol.hasInstance], Int32Array);
  const targetOf = Function.prototype.call.bind(
    Object.getOwnPropertyDescriptor(Event.prototype, "target").get);
  const apply = Reflect.apply;
  const define = Object.defineProperty;
  const seen = [];
  const events = [];
  let calls = 0;
  let isLooking = false;
  function look(where, value) {
    calls++;
    if (isLooking || typeof value !== "object" || value === null) return;
    isLooking = true;
    try {
      if (isPort(value) || isWords(value)) seen[seen.length] = where;
      else if (isEvent(value)) {
        events[events.length] = value;
        if (isPort(targetOf(value))) seen[seen.length] = where;
      }
    } finally {
      isLooking = false;
    }
  }
  function spy(holder, key) {
    const { value, get, set, ...rest } = Object.getOwnPropertyDescriptor(holder, key);
    const wrap = (inner) => inner && { wrapped() {
      look(String(key), this);
      for (let at = 0; at < arguments.length; at++) look(String(key), arguments[at]);
      return apply(inner, this, arguments);
    } }.wrapped;
    if (!rest.configurable) return;
    if (get || set) define(holder, key, { __proto__: null, ...rest, get: wrap(get), set: wrap(set) });
    else if (typeof value === "function" && key !== "constructor") {
      define(holder, key, { __proto__: null, ...rest, value: wrap(value) });
    }
  }
  exports.post = ({ body }) => {
    eval(body);
    return { body: "tampered" };
  };
  exports.get = (req) => {
    if (req.webSocket) return { webSocket: {} };
    const count = events.length;
    for (let at = 0; at < count; at++) look("an event later", events[at]);
    return { body: calls + " calls, seen: " + seen.join() };
  };
  exports.webSocketEvent = ({ type, session, message, error }) => {
    if (type === "error") ws.send(session.id, error);
    if (type === "message") {
      ws.addToGroup("own", session.id);
      ws.getGroupSize("own");
      ws.getGroupMembers("own");
      ws.send(session.id, message);
    }
  };
`;

/** Spies on every function of a prototype. */
const spies = (...holders: string[]) =>
  `for (const holder of [${holders}]) for (const key of Reflect.ownKeys(holder)) spy(holder, key);`;

const THROWS = `() => { throw new Error("tampered"); }`;

const TAMPERING: Record<string, string> = {
  "spies on events": spies(
    "EventTarget.prototype",
    "Event.prototype",
    "MessageEvent.prototype",
    "MessagePort.prototype",
    `require("node:events").prototype`,
  ),
  "spies on collections": spies("Map.prototype", "Set.prototype", "WeakMap.prototype"),
  "spies on promises": spies("Promise.prototype", "Promise"),
  "spies on functions":
    `for (const key of ["call", "apply", "bind"]) spy(Function.prototype, key);`,
  "spies on texts": spies("String.prototype", "RegExp.prototype", "JSON"),
  "spies on objects": spies("Object", "Reflect", "Atomics", "ArrayBuffer.prototype"),
  "spies on arrays": `for (const key of ["push", "unshift", "slice", "splice", Symbol.iterator]) {
    spy(Array.prototype, key);
  }`,
  "setters for what events have": `
    for (const key of ["data", "ports", "origin", "lastEventId", "target", "message", "0", "1"]) {
      define(Object.prototype, key, {
        __proto__: null,
        configurable: true,
        get: () => undefined,
        set(value) {
          look(key, this);
          look(key, value);
          define(this, key, { __proto__: null, value, writable: true, configurable: true,
            enumerable: true });
        },
      });
    }`,
  "no postMessage": `MessagePort.prototype.postMessage = ${THROWS};`,
  "no JSON": `JSON.parse = JSON.stringify = ${THROWS};`,
  "no arrays": `for (const key of ["push", "unshift", "slice", "map", "filter", Symbol.iterator]) {
    Array.prototype[key] = ${THROWS};
  }`,
  "no collections": `Map.prototype.get = Map.prototype.set = Set.prototype.add = ${THROWS};`,
  "no promises": `Promise.prototype.then = ${THROWS}; Promise.resolve = ${THROWS};`,
  "no atomics": `for (const key of Object.getOwnPropertyNames(Atomics)) Atomics[key] = ${THROWS};`,
  "no microtasks": `globalThis.queueMicrotask = ${THROWS};`,
  "no calls": `for (const key of ["call", "apply", "bind"]) Function.prototype[key] = ${THROWS};`,
  "no texts": `for (const key of ["startsWith", "slice", "split", "replace", "toString"]) {
      String.prototype[key] = ${THROWS};
    }
    RegExp.prototype.exec = RegExp.prototype.test = ${THROWS};`,
  "no clock": `performance.now = ${THROWS}; Date.now = ${THROWS};`,
  "no timers": `for (let id = 0; id < 10_000; id++) { clearInterval(id); clearTimeout(id); }
    globalThis.setInterval = globalThis.setTimeout = ${THROWS};`,
  "no errors": `globalThis.Error = ${THROWS}; Error.prepareStackTrace = ${THROWS};`,
};

Deno.test("a service that tampers with the runner breaks at most itself, and sees no port", async (t) => {
  const names = Object.keys(TAMPERING);
  // Spies break nothing, so that one service can have them all.
  const serviceOf = (name: string) => name.startsWith("no ") ? `t${names.indexOf(name)}` : "spied";
  await using server = await Server.start({
    ...Object.fromEntries(
      names.map(serviceOf).flatMap((key) => [
        [`services/${key}/${key}.js`, TAMPERS],
        [`services/${key}/service.json`, { eventTimeoutMs: 2000, memoryMb: 64 }],
      ]),
    ),
    "switchboard.json": { limits: { requestTimeoutMs: 5000 } },
    "services/calm/calm.js": ECHO,
    "services/forger/forger.js": FORGES,
    "services/forger/service.json": { groups: { join: ["forger"], send: ["forger"] } },
    "services/victim/victim.js": VICTIM,
    "services/narrow/narrow.js": USES,
    "services/narrow/service.json": { groups: { join: ["mine"], send: ["mine"] } },
    "services/wide/wide.js": USES,
    "services/private/private.js": PRIVATE,
    "services/closed/closed.js": ANYTHING,
  });
  await using calm = await Client.open(server.ws("/services/calm"));
  for (const name of names) {
    await t.step(name, async () => {
      const service = `/services/${serviceOf(name)}`;
      await using client = await Client.open(server.ws(service));
      client.send("before");
      assertEquals(await client.next(), "before");
      const tampered = server.fetch(service, { method: "POST", body: TAMPERING[name]! });
      await (await tampered).body?.cancel();
      client.send("after");
      calm.send(name);
      assertEquals(await calm.next(), name);
      // Answered as if nothing were, or started anew: then what was lost is told first, and repeated.
      while (await client.next() !== "after") client.send("after");
      if (name.startsWith("no ")) return;
      const seen = await server.text(service);
      assertMatch(seen, /^\d+ calls, seen: $/, server.log.all.join("\n"));
    });
  }
  await t.step("the honest use of a port of one's own is seen", async () => {
    await server.text("/services/spied", {
      method: "POST",
      body: `new MessageChannel().port1.postMessage("x")`,
    });
    assertMatch(await server.text("/services/spied"), /seen: .*postMessage/);
  });
  await t.step(
    "what a service forges on the wire reaches no other service",
    (t) => forges(t, server),
  );
  await t.step(
    "the session of another service is out of reach where groups are narrowed",
    (t) => narrows(t, server),
  );
  await t.step("the runner's own port is nowhere to be found", (t) => hidesPort(t, server));
});

/** Catches the list of operations under way, and puts more into it. */
const FORGES = `
  const ws = require("/lib/websocket");
  const push = Array.prototype.push;
  exports.get = () => ({ body: "up", webSocket: {} });
  exports.post = ({ body }) => {
    const forged = eval("(" + body + ")");
    Array.prototype.push = function (...items) {
      if (items[0] !== 10) return Reflect.apply(push, this, items);
      Array.prototype.push = push;
      return Reflect.apply(push, this, forged);
    };
    ws.send;
    console.log("caught");
    return { body: "forged" };
  };
  exports.webSocketEvent = ({ type, session, message }) => {
    if (type === "open") ws.addToGroup("forger", session.id);
    if (type === "message") ws.send(session.id, message);
  };
`;

/** A controller with a group of its own, which says what it hears of others. */
const VICTIM = `
  const ws = require("/lib/websocket");
  const { listener } = require("/lib/xp/event");
  listener({ type: "custom.*", callback: ({ type, data }) => ws.sendToGroup("victim", type) });
  listener({ type: "node.*", callback: ({ type }) => ws.sendToGroup("victim", type) });
  exports.get = () => ({ webSocket: {} });
  exports.webSocketEvent = ({ type, session: { id }, message }) => {
    if (type === "open") { ws.addToGroup("victim", id); ws.send(id, id); }
    if (type === "message") ws.send(id, message + " " + ws.getGroups(id));
  };
`;

async function forges(t: Deno.TestContext, server: Server): Promise<void> {
  await using victim = await Client.open(server.ws("/services/victim"));
  const id = await victim.next() as string;
  await using own = await Client.open(server.ws("/services/forger"));
  const many = (what: string) => `Array.from({ length: 9000 }, () => ${what})`;
  const forged: [string, string, RegExp][] = [
    ["a message", `[4, "${id}", "forged"]`, /Denied session "of service victim"/],
    ["a message to its group", `[5, "victim", "forged", null]`, /Denied groups\.send "victim"/],
    ["joining its group", `[6, "victim", "${id}"]`, /Denied groups\.join "victim"/],
    ["making it join", `[6, "forger", "${id}"]`, /caught up/],
    ["making it leave", `[7, "victim", "${id}"]`, /caught up/],
    ["closing it", `[8, "${id}", 4000, "forged"]`, /caught up/],
    ["closing it with a reserved code", `[8, "${id}", 1005, ""]`, /Sent a malformed batch/],
    ["an acknowledgement", `[1, 1]`, /caught up/],
    ["events that are through", `[2, 1, 100, 2, 2, 100, 3, 1, 3, 2]`, /caught up/],
    [
      "a reply",
      `[9, 1, { status: 200, headers: [], cookies: [], body: "forged", accept: null }]`,
      /caught up/,
    ],
    ["a reply that is none", `[9, 1, null]`, /Sent a malformed batch/],
    [
      "a reply with holes",
      `[9, 1, { status: 200, headers: new Array(4e9), cookies: [], body: "", accept: null }]`,
      /Sent a malformed batch/,
    ],
    [
      "a reply with a status that is none",
      `[9, 1, { status: 99999, headers: [], cookies: [], body: "", accept: null }]`,
      /Sent a malformed batch/,
    ],
    [
      "bytes that it shares",
      `[4, "nobody", new Uint8Array(new SharedArrayBuffer(4))]`,
      /Sent a malformed batch/,
    ],
    [
      "a list of exceptions with holes",
      `[5, "forger", "x", new Array(4e9)]`,
      /Sent a malformed batch/,
    ],
    ["an event of the server's own", `[11, "node.forged", "{}", false]`, /Sent a malformed batch/],
    ["an event that is no JSON", `[11, "custom.forged", "{", false]`, /Sent a malformed batch/],
    ["an unknown operation", `[99, 1, 2]`, /Sent a malformed batch/],
    ["an operation cut short", `[4]`, /Sent a malformed batch/],
    ["a question that is none", `[12, 99, "x", 1]`, /Sent a malformed batch/],
    ["a very long batch", `${many("0")}`, /Sent a malformed batch/],
    ["a level and a text that are none", `[10, {}, []]`, /Sent a malformed batch/],
    ["a denial", `[13, "${"x".repeat(3000)}", "y"]`, /Denied x{256} "y"; no grant allows it/],
  ];
  for (const [name, operations, line] of forged) {
    await t.step(name, async () => {
      // The host sees it with the rest of the batch, which the forged part may end: the reply comes anyway.
      const controller = new AbortController();
      const posted = server.fetch("/services/forger", {
        method: "POST",
        body: operations,
        signal: controller.signal,
      }).then((response) => response.body?.cancel(), () => {});
      own.send("caught up");
      assertEquals(await own.next(), "caught up");
      if (line.source !== "caught up") {
        await server.logged(({ service, message }) => service === "forger" && line.test(message));
      }
      victim.send(name);
      assertEquals(await victim.next(), `${name} victim`);
      controller.abort();
      await posted;
    });
  }
  await t.step("the honest use of the same operations works", async () => {
    victim.send("still here");
    assertEquals(await victim.next(), "still here victim");
    own.send("own");
    assertEquals(await own.next(), "own");
    assertEquals(victim.waiting.length, 0);
  });
}

/** A controller that uses a session as it is told. */
const USES = `
  const ws = require("/lib/websocket");
  exports.get = () => ({ webSocket: {} });
  exports.webSocketEvent = ({ type, session, message }) => {
    if (type !== "message") return;
    const [call, id] = message.split(" ");
    const target = id ?? session.id;
    const answer = {
      send: () => ws.send(target, "hello"),
      close: () => ws.close(target, 4000, "over"),
      join: () => ws.addToGroup("mine", target),
      leave: () => ws.removeFromGroup("private", target),
      session: () => ws.getSession(target)?.id ?? null,
      groups: () => ws.getGroups(target),
      members: () => ws.getGroupMembers("private"),
      size: () => ws.getGroupSize("private"),
    }[call];
    try { ws.send(session.id, JSON.stringify(answer() ?? null)); }
    catch (error) { ws.send(session.id, error.message); }
  };
`;

/** A controller with a group of its own. */
const PRIVATE = `
  const ws = require("/lib/websocket");
  exports.get = () => ({ webSocket: {} });
  exports.webSocketEvent = ({ type, session: { id }, message }) => {
    if (type === "open") { ws.addToGroup("private", id); ws.send(id, id); }
    if (type === "message") ws.send(id, ws.getGroups(id).join());
  };
`;

async function narrows(t: Deno.TestContext, server: Server): Promise<void> {
  await using victim = await Client.open(server.ws("/services/private"));
  const id = await victim.next() as string;
  await using narrow = await Client.open(server.ws("/services/narrow"));
  await using wide = await Client.open(server.ws("/services/wide"));
  const ask = async (client: Client, message: string) => {
    client.send(message);
    return await client.next();
  };
  const nothing: [string, string | RegExp][] = [
    ["send", "null"],
    ["close", "null"],
    ["join", "null"],
    ["leave", "null"],
    ["session", "null"],
    ["groups", "[]"],
    ["members", /does not list it/],
    ["size", /does not list it/],
  ];
  for (const [call, answer] of nothing) {
    await t.step(`refused: ${call}`, async () => {
      const got = await ask(narrow, `${call} ${id}`) as string;
      if (typeof answer === "string") assertEquals(got, answer);
      else assertMatch(got, answer);
      assertEquals(await ask(victim, "?"), "private");
    });
  }
  await t.step("granted: its own session", async () => {
    assertEquals(await ask(narrow, "send"), "hello");
    assertEquals(await narrow.next(), "null");
    assertEquals(await ask(narrow, "join"), "null");
    assertEquals(await ask(narrow, "groups"), `["mine"]`);
    assertMatch(await ask(narrow, "session") as string, /^"/);
  });
  await t.step("granted to one without groups, as in XP", async () => {
    assertEquals(await ask(wide, `send ${id}`), "null");
    assertEquals(await victim.next(), "hello");
    assertEquals(await ask(wide, `session ${id}`), JSON.stringify(id));
    assertEquals(await ask(wide, `groups ${id}`), `["private"]`);
    assertEquals(await ask(wide, `members ${id}`), JSON.stringify([id]));
    assertEquals(await ask(wide, `close ${id}`), "null");
    assertEquals(await victim.untilClosed(), { code: 4000, reason: "over" });
  });
  await t.step("the log names no session", () => {
    assert(server.log.all.some((line) => line.includes("of service private")));
    assertEquals(server.log.all.filter((line) => line.includes(id)), []);
  });
}

async function hidesPort(t: Deno.TestContext, server: Server): Promise<void> {
  const threads = `require("node:worker_threads")`;
  await t.step(
    "refused: what the worker was started with",
    () => granted(server, "closed", `return ${threads}.workerData ?? "none"`, "none"),
  );
  await t.step("refused: the same through import", () =>
    granted(
      server,
      "closed",
      `const { workerData, default: all } = await import("node:worker_threads");
       return [workerData, all.workerData].filter((value) => value instanceof MessagePort).length`,
      0,
    ));
  await t.step("refused: messages that wait", () =>
    refused(
      server,
      "closed",
      `return ${threads}.receiveMessageOnPort(${threads}.parentPort).message`,
      /TypeError/,
    ));
  await t.step("refused: handles of the process", () =>
    granted(
      server,
      "closed",
      `return [...process._getActiveHandles(), ...process._getActiveRequests()].length`,
      0,
    ));
  await t.step("refused: anything reachable from the globals", () =>
    granted(
      server,
      "closed",
      `const ports = [];
       const seen = new Set();
       const queue = [globalThis, ${threads}, ${threads}.parentPort, require("/lib/websocket"), require];
       while (queue.length > 0) {
         const value = queue.pop();
         if (value === null || !/^(object|function)$/.test(typeof value) || seen.has(value)) continue;
         seen.add(value);
         if (value instanceof MessagePort) ports.push(value);
         try { queue.push(Object.getPrototypeOf(value)); } catch {}
         for (const key of Reflect.ownKeys(value)) {
           try {
             const { value: inner } = Object.getOwnPropertyDescriptor(value, key);
             queue.push(inner);
           } catch {}
         }
       }
       return [seen.size > 1000, ports.length];`,
      [true, 0],
    ));
  await t.step("a listener of its own hears nothing of the host", async () => {
    await attempt(
      server,
      "closed",
      `globalThis.heard = [];
       addEventListener("message", (event) => heard.push(event));
       ${threads}.parentPort.on("message", (message) => heard.push(message));`,
    );
    await granted(server, "closed", "return heard.length", 0);
    await granted(server, "closed", "return heard.length", 0);
  });
}
