import { assert, assertEquals, assertMatch } from "@std/assert";
import { concerned, type Watched } from "../../lib/tools/cli/watch.ts";
import { Client } from "../helpers/client.ts";
import { InProcessServer } from "../helpers/in_process.ts";
import { Server } from "../helpers/server.ts";

const chat = (version: string) => `
  import { word } from "./word.ts";
  import { sendToGroup, addToGroup } from "/lib/xp/websocket";
  export const get = () => ({ body: "${version}", webSocket: {} });
  export function webSocketEvent(e) {
    if (e.type === "open") addToGroup("all", e.session.id);
    if (e.type === "message") sendToGroup("all", "${version} " + word + " " + e.message);
  }
`;

Deno.test("dev swaps in what is edited, with its sockets open", async (t) => {
  await using server = await Server.start({
    "services/chat/chat.ts": chat("one"),
    "services/chat/word.ts": "export const word = 'says';",
    "services/chat/data.json": { written: "by the service" },
    "services/chat/assets/index.html": "<h1>Chat</h1>",
    "services/other/other.js": "exports.get = () => ({ body: 'other' });",
  }, { command: "dev" });
  assertMatch(
    await server.output.next((line) => line.startsWith("Watching ")),
    /^Watching \/.* for changes$/,
  );
  await using client = await Client.open(server.ws("/services/chat"));
  const says = async (message: string) => {
    client.send(message);
    return await client.next();
  };
  const logged = (pattern: RegExp) => server.log.next((line) => pattern.test(line));
  assertEquals(await says("a"), "one says a");

  await t.step("the controller", async () => {
    server.site.write({ "services/chat/chat.ts": chat("two") });
    assertMatch(await logged(/Swapped in/), /INFO {2}chat Swapped in after \d+ ms$/);
    assertEquals(await says("b"), "two says b");
  });

  await t.step("a module that it imports", async () => {
    server.site.write({ "services/chat/word.ts": "export const word = 'asks';" });
    await logged(/chat Swapped in/);
    assertEquals(await says("c"), "two asks c");
  });

  await t.step(
    "a version with an error is shown, once, and the last good one stays up",
    async () => {
      const before = server.log.all.length;
      server.site.write({ "services/chat/chat.ts": "export const get = (;\n" });
      await logged(/The last good version stays up/);
      const lines = server.log.all.slice(before);
      assertEquals(lines.filter((line) => line.includes("Cannot load service")).length, 1);
      const text = lines.join("\n");
      assertMatch(
        text,
        /services\/chat\/chat\.ts:1:\d+\n {2}> 1 \| export const get = \(;\n {6}\| +\^/,
      );
      assertEquals(await says("d"), "two asks d");
    },
  );

  await t.step("and the next good one is swapped in", async () => {
    server.site.write({ "services/chat/chat.ts": chat("three") });
    await logged(/chat Swapped in/);
    assertEquals(await says("e"), "three asks e");
  });

  await t.step("the manifest", async () => {
    server.site.write({ "services/chat/service.json": { maxMessageBytes: 5 } });
    await logged(/chat Swapped in/);
    client.send("too long");
    assertEquals((await client.untilClosed()).code, 1009);
  });

  await t.step("a new service, and one that is removed", async () => {
    server.site.write({ "services/new/new.js": "exports.get = () => ({ body: 'new' });" });
    await logged(/new (Started|Swapped in) after/);
    assertEquals(await server.text("/services/new"), "new");
    Deno.removeSync(`${server.site.root}/services/new`, { recursive: true });
    await logged(/new Removed/);
    assertEquals((await server.fetch("/services/new").then(drained)).status, 404);
  });

  await t.step("nothing else was touched", () => {
    assert(!server.log.all.some((line) => / other /.test(line)), server.log.all.join("\n"));
  });
});

async function drained(response: Response): Promise<Response> {
  await response.body?.cancel();
  return response;
}

Deno.test("dev serves an artefact as soon as it is there, and swaps its handler", async () => {
  const handler = (word: string) => `exports.onMessage = (message) => "${word} " + message;`;
  await using server = await InProcessServer.start({
    "services/proj/handler.js": handler("one"),
    "services/other/other.js": "exports.get = () => ({ body: 'other' });",
  }, { command: "dev" });
  await server.output.next((line) => line.startsWith("Watching "));
  const logged = (pattern: RegExp) => server.log.next((line) => pattern.test(line));
  const artefact = { handler: "proj/handler", endpoint: "proj" };
  server.site.write({ "services/proj/proj.websocket": artefact });
  await logged(/proj (Started|Swapped in) after/);
  await using client = await Client.open(server.ws("/websockets/service/proj"));
  client.send("hello");
  assertEquals(await client.next(), "one hello");
  server.site.write({ "services/proj/handler.js": handler("two") });
  await logged(/proj Swapped in/);
  client.send("hello");
  assertEquals(await client.next(), "two hello");
  server.site.write({ "services/proj/proj.websocket": { handler: "proj/handler" } });
  await logged(/"endpoint" is missing/);
  client.send("still here");
  assertEquals(await client.next(), "two still here");
});

Deno.test("dev notices a service that is made in an empty root", async () => {
  await using server = await InProcessServer.start({}, { command: "dev" });
  await server.output.next((line) => line.startsWith("Watching "));
  server.site.write({ "services/first/first.js": "exports.get = () => ({ body: 'first' });" });
  await server.log.next((line) => /first (Started|Swapped in) after/.test(line));
  assertEquals(await server.text("/services/first"), "first");
});

Deno.test("dev notices what comes to the root, and what is edited there", async (t) => {
  const imports = (target: string) => ({ "deno.json": { imports: { "#word": target } } });
  const greeter = (id: string) =>
    `const { word } = require("${id}");
    exports.get = () => ({ body: word });`;
  await using server = await InProcessServer.start({
    "services/greeter/greeter.js": "exports.get = () => ({ body: 'none' });",
  }, { command: "dev" });
  await server.output.next((line) => line.startsWith("Watching "));
  const logged = (pattern: RegExp) => server.log.next((line) => pattern.test(line));
  /** One save may be more than one change. */
  const says = async (word: string) => {
    const begin = performance.now();
    while (await server.text("/services/greeter") !== word) {
      assert(performance.now() - begin < 20_000, server.log.all.join("\n"));
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  await t.step("a folder", async () => {
    server.site.write({ "lib/one.js": "exports.word = 'one';" });
    server.site.write({ "services/greeter/greeter.js": greeter("/lib/one") });
    await says("one");
    server.site.write({ "lib/one.js": "exports.word = 'uno';" });
    await says("uno");
  });
  await t.step("the imports of deno.json, also where a service had failed for them", async () => {
    server.site.write({ "services/greeter/greeter.js": greeter("#word") });
    await logged(/The last good version stays up/);
    server.site.write({ "lib/two.js": "exports.word = 'two';", ...imports("./lib/two.js") });
    await says("two");
    server.site.write(imports("./lib/one.js"));
    await says("uno");
  });
  await t.step("a deno.json that is none: the last good version goes on", async () => {
    server.site.write({ "deno.json": "{ imports" });
    await logged(/Cannot read "deno\.json": not valid JSON/);
    await says("uno");
  });
  await t.step("the settings, which count from the next start", async () => {
    server.site.write({ "switchboard.json": { port: 0 } });
    await logged(/WARN {2}switchboard\.json has changed: restart the server to apply it/);
  });
});

Deno.test("a change concerns the services whose code it is", () => {
  const service = (key: string, dir: string, more: Partial<Watched> = {}): Watched => ({
    key,
    files: [],
    error: null,
    definition: { name: key, dir },
    ...more,
  });
  const services = [
    service("chat", "/r/services/chat", {
      files: ["/r/services/chat/chat.ts", "/r/services/chat/words.json", "/r/lib/shared.ts"],
    }),
    service("broken", "/r/services/broken", { error: new Error("broken") }),
    service("api:chat", "/r/apis/chat"),
    service("webapp", "/r/webapp"),
  ];
  const cases: [string, string[]][] = [
    ["services/chat/chat.ts", ["chat"]],
    ["services/chat/deep/er.js", ["chat"]],
    ["services/chat/service.json", ["chat"]],
    ["services/chat/chat.yml", ["chat"]],
    ["services/chat/words.json", ["chat"]],
    ["services/chat/data.json", []],
    ["services/chat/log.txt", []],
    ["services/chat", ["chat"]],
    ["services/chat/assets", ["chat"]],
    ["services/chat/assets/index.html", []],
    ["services/chat/assets/page.js", []],
    ["services/broken/whatever.txt", ["broken"]],
    ["services/new", ["new"]],
    ["services/new/new.ts", ["new"]],
    ["services/.hidden/x.ts", []],
    ["services/_draft/x.ts", []],
    ["services", []],
    ["apis/chat/chat.ts", ["api:chat"]],
    ["apis/new/new.ts", ["api:new"]],
    ["webapp/webapp.ts", ["webapp"]],
    ["webapp/service.json", ["webapp"]],
    ["webapp/assets/page.js", []],
    ["lib/shared.ts", ["chat", "broken"]],
    ["lib/other.ts", ["broken"]],
    ["deno.json", ["chat", "broken", "api:chat", "webapp"]],
    ["deno.jsonc", ["chat", "broken", "api:chat", "webapp"]],
    ["deno.lock", []],
    ["deno.json/x.ts", []],
    ["switchboard.json", []],
  ];
  for (const [path, expected] of cases) {
    assertEquals(concerned(`/r/${path}`, "/r", services), expected, path);
  }
});
