import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { SwitchboardError } from "../../mod.ts";
import { Board } from "../helpers/board.ts";
import { Server } from "../helpers/server.ts";
import type { Files } from "../helpers/site.ts";
import { Client } from "../helpers/client.ts";

/** A version of a controller: says which one it is, and what it is told to do. */
function version(name: string, more = ""): string {
  return `
    const ws = require("/lib/websocket");
    let opened = 0;
    exports.get = () => ({ body: "${name}", webSocket: { data: { since: "${name}" } } });
    exports.webSocketEvent = async (e) => {
      const id = e.session.id;
      if (e.type === "open") { opened++; ws.addToGroup("all", id); }
      if (e.type === "error") ws.send(id, "${name} error: " + e.error);
      if (e.type !== "message") return;
      if (e.message === "slow") {
        ws.send(id, "begun");
        for (let n = 0; n < 10; n++) await new Promise((done) => setTimeout(done, 10));
      }
      if (e.message === "never") { ws.send(id, "begun"); await new Promise(() => {}); }
      if (e.message === "about") return ws.send(id, JSON.stringify([opened, e.data, ws.getGroups(id)]));
      if (e.message === "read") {
        try { Deno.readTextFileSync(__dirname + "/../../data.txt"); ws.send(id, "could read"); }
        catch (error) { ws.send(id, error.name); }
        return;
      }
      if (e.message === "group") {
        try { ws.sendToGroup("news", "x"); ws.send(id, "sent"); } catch (error) { ws.send(id, error.message); }
        return;
      }
      ws.send(id, "${name} " + e.message);
    };
    ${more}
  `;
}

/** Loads only when the file "go" is there. */
const HELD = `
  while (true) {
    try { Deno.statSync(__dirname + "/go"); break; } catch { /* not yet */ }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
  }
`;

Deno.test("a new version takes over between two events, and its sessions stay as they are", async () => {
  await using server = await Board.start({ "services/chat/chat.js": version("one") });
  await using client = await Client.open(server.ws("/services/chat"));
  client.send("slow");
  assertEquals(await client.next(), "begun");
  client.send("behind it");
  server.site.write({ "services/chat/chat.js": version("two") });
  const reloaded = server.board.reload("chat");
  client.send("still before");
  await reloaded;
  client.send("after");
  client.send("about");
  assertEquals(await client.next(), "one slow");
  const rest = [await client.next(), await client.next(), await client.next()] as string[];
  assertEquals(rest.map((line) => line.split(" ").slice(1).join(" ")), [
    "behind it",
    "still before",
    "after",
  ]);
  assertEquals(rest[2], "two after");
  assertEquals(await client.nextJson(), [0, { since: "one" }, ["all"]]);
  assertEquals(await server.text("/services/chat"), "two");
  const { restarts, lostEvents } = server.board.services[0]!;
  assertEquals([restarts, lostEvents], [0, 0]);
  assertEquals(server.log.all, []);
});

Deno.test("of 2,000 messages that are sent during three swaps none is lost, doubled or out of order", async () => {
  await using server = await Board.start({ "services/chat/chat.js": version("v0") }, {
    keepWarm: true,
  });
  await using client = await Client.open(server.ws("/services/chat"));
  const swaps = (async () => {
    for (let n = 1; n <= 3; n++) {
      server.site.write({ "services/chat/chat.js": version(`v${n}`) });
      await server.board.reload("chat");
    }
  })();
  let newest = 0;
  for (let round = 0; round < 200; round++) {
    for (let n = 0; n < 10; n++) client.send(String(round * 10 + n));
    for (let n = 0; n < 10; n++) {
      const [name, number] = (await client.next() as string).split(" ");
      assertEquals(Number(number), round * 10 + n);
      const now = Number(name!.slice(1));
      assertEquals(now >= newest, true, "an older version answered after a newer one");
      newest = now;
    }
  }
  await swaps;
  client.send("end");
  assertEquals(await client.next(), "v3 end");
});

Deno.test("a handler that does not end holds a swap up no longer than eventTimeoutMs", async () => {
  await using server = await Board.start({
    "services/chat/chat.js": version("one"),
    "services/chat/service.json": { eventTimeoutMs: 1000 },
  });
  await using client = await Client.open(server.ws("/services/chat"));
  client.send("never");
  assertEquals(await client.next(), "begun");
  client.send("behind it");
  client.send("too");
  server.site.write({ "services/chat/chat.js": version("two") });
  await server.board.reload("chat");
  client.send("after");
  assertMatch(await client.next() as string, /^two error: [123] events? lost: /);
  assertEquals(server.board.services[0]!.lostEvents > 0, true);
  let last = "";
  while (last !== "two after") last = await client.next() as string;
});

Deno.test("a request that an old version has begun is answered by it", async () => {
  await using server = await Board.start({
    "services/chat/chat.mjs": `
      import { existsSync } from "node:fs";
      export const get = async ({ params }) => {
        if (params.wait) while (!existsSync(import.meta.dirname + "/go")) {
          await new Promise((done) => setTimeout(done, 10));
        }
        return { body: "one" };
      };
    `,
  });
  const waiting = server.text("/services/chat?wait=1");
  assertEquals(await server.text("/services/chat"), "one");
  server.site.write({ "services/chat/chat.mjs": "export const get = () => ({ body: 'two' });" });
  await server.board.reload("chat");
  assertEquals(await server.text("/services/chat"), "two");
  server.site.write({ "services/chat/go": "" });
  assertEquals(await waiting, "one");
});

Deno.test("a version that does not load replaces nothing, and its error has file, line and code", async (t) => {
  await using server = await Board.start({ "services/chat/chat.js": version("one") });
  await using client = await Client.open(server.ws("/services/chat"));
  const broken: [string, Files, RegExp][] = [
    [
      "syntax",
      { "services/chat/chat.js": "const a = 1;\nconst = 2;\n" },
      /chat\.js:2:7\n[^]*> 2 \| const = 2;\n {4}\| {7}\^/,
    ],
    [
      "a throw",
      { "services/chat/chat.js": "throw new Error('no config');" },
      /no config\nservices\/chat\/chat\.js:1:7\n> 1 \|/,
    ],
    [
      "a missing module",
      { "services/chat/chat.js": "require('./none');" },
      /Cannot find module "\.\/none"/,
    ],
    ["the manifest", { "services/chat/service.json": { memory: 1 } }, /did you mean "memoryMb"/],
    [
      "a grant",
      { "services/chat/service.json": { permissions: { env: true } } },
      /"trusted": true/,
    ],
  ];
  for (const [name, files, expected] of broken) {
    await t.step(name, async () => {
      server.site.write({
        "services/chat/chat.js": version("one"),
        "services/chat/service.json": {},
      });
      server.site.write(files);
      const error = await assertRejects(() => server.board.reload("chat"), SwitchboardError);
      assertMatch(error.message, expected);
      const { state, error: shown } = server.board.services[0]!;
      assertEquals([state, shown?.message], ["running", error.message]);
      client.send("hello");
      assertEquals(await client.next(), "one hello");
    });
  }
});

Deno.test("an error's code frame shows the service's own files only", async () => {
  await using server = await Board.start({
    "secret.txt": "the secret",
    "services/sly/sly.js": `
      const error = new Error("look");
      error.stack = "Error: look\\n    at file://" + __dirname + "/../../secret.txt:1:1";
      throw error;
    `,
  });
  assertEquals(server.log.all.length, 1);
  assertEquals(server.log.all[0]!.includes("the secret"), false);
});

Deno.test("a grant that is taken away is gone at once, also while the new version still loads", async () => {
  await using server = await Board.start({
    "data.txt": "data",
    "services/chat/chat.js": version("one"),
    "services/chat/service.json": { permissions: { read: ["../../data.txt"] } },
  });
  await using client = await Client.open(server.ws("/services/chat"));
  const ask = async (message: string) => {
    client.send(message);
    return await client.next();
  };
  assertEquals([await ask("read"), await ask("group")], ["could read", "sent"]);
  server.site.write({
    "services/chat/chat.js": version("two", HELD),
    "services/chat/service.json": { groups: { send: ["chat"] } },
  });
  const reloaded = server.board.reload("chat");
  // The old version still answers; at the first moments the grant may be on its way to it.
  while (await ask("read") !== "NotCapable");
  assertEquals(await ask("x"), "one x");
  assertEquals(await ask("read"), "NotCapable");
  server.site.write({ "services/chat/go": "" });
  await reloaded;
  assertEquals([await ask("x"), await ask("read")], ["two x", "NotCapable"]);
  assertMatch(await ask("group") as string, /Cannot send to group "news"/);
});

Deno.test("a grant that is added comes with the swap, and so do limits", async () => {
  await using server = await Board.start({
    "data.txt": "data",
    "services/chat/chat.js": version("one"),
  });
  await using client = await Client.open(server.ws("/services/chat"));
  client.send("read");
  assertEquals(await client.next(), "NotCapable");
  server.site.write({
    "services/chat/service.json": {
      permissions: { read: ["../../data.txt"] },
      maxMessageBytes: 10,
    },
  });
  await server.board.reload("chat");
  client.send("read");
  assertEquals(await client.next(), "could read");
  client.send("more than ten");
  assertEquals((await client.untilClosed()).code, 1009);
});

Deno.test("of two versions that come one after the other the newer one runs", async () => {
  await using server = await Board.start({ "services/chat/chat.js": version("one") });
  server.site.write({ "services/chat/chat.js": version("two", HELD) });
  const first = server.board.reload("chat");
  const outcome = first.then(() => "swapped", (error) => error.message);
  server.site.write({ "services/chat/chat.js": version("three") });
  await server.board.reload("chat");
  assertMatch(await outcome, /changed meanwhile/);
  assertEquals(await server.text("/services/chat"), "three");
});

Deno.test("reload() starts a service that is new and removes one that is gone", async () => {
  await using server = await Board.start({ "services/chat/chat.js": version("one") });
  server.site.write({ "services/more/more.js": version("more") });
  await server.board.reload("more");
  assertEquals(await server.text("/services/more"), "more");
  const client = await Client.open(server.ws("/services/chat"));
  Deno.removeSync(`${server.site.root}/services/chat`, { recursive: true });
  await server.board.reload("chat");
  assertEquals((await client.untilClosed()).code, 1001);
  assertEquals(server.board.services.map(({ key }) => key), ["more"]);
  await assertRejects(() => server.board.reload("nobody"), SwitchboardError, "no service");
});

Deno.test("SIGHUP swaps in what lies on disk", async () => {
  await using server = await Server.start({ "services/chat/chat.js": version("one") });
  await using client = await Client.open(server.ws("/services/chat"));
  client.send("hello");
  assertEquals(await client.next(), "one hello");
  server.site.write({ "services/chat/chat.js": version("two") });
  server.process.kill("SIGHUP");
  await server.logged(({ service, message }) => service === "chat" && /^Swapped in/.test(message));
  client.send("hello");
  assertEquals(await client.next(), "two hello");
  server.site.write({ "services/chat/chat.js": "exports.get = (" });
  server.process.kill("SIGHUP");
  await server.logged(({ message }) => /The last good version stays up$/.test(message));
  client.send("hello");
  assertEquals(await client.next(), "two hello");
});
