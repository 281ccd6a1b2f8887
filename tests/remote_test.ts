/**
 * The package as its users have it: from a registry. All of the runtime is then remote code, the entries of
 * its workers too, and no file of it lies on disk.
 *
 * @module
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { join, toFileUrl } from "@std/path";
import { projectFiles, wiringOf } from "../lib/tools/starter/mod.ts";
import { VERSION } from "../lib/base/version.ts";
import { readBinary, STAND_IN } from "./helpers/binary.ts";
import { Client } from "./helpers/client.ts";
import { deno, Serving } from "./helpers/project.ts";
import { Registry } from "./helpers/registry.ts";
import { Server } from "./helpers/server.ts";
import { type Files, Site } from "./helpers/site.ts";

const ECHO = `
  import { addToGroup, sendToGroup } from "/lib/xp/websocket";
  export const get = (req) => req.webSocket ? { webSocket: {} } : { body: "here" };
  export function webSocketEvent({ type, session, message }) {
    if (type === "open") addToGroup("all", session.id);
    if (type === "message") sendToGroup("all", "you said: " + message);
  }`;

const PACKAGE = "jsr:@switchboard/switchboard@^0.1.0";

/** All tests share it, and the cache that it fills: to load the package anew takes seconds. */
let registry: Registry;
Deno.test.beforeAll(async () => {
  registry = await Registry.open();
});
Deno.test.afterAll(() => registry[Symbol.asyncDispose]());

/** A project that depends on the package. */
function project(files: Files, imports: Record<string, string>): Site {
  return Site.make({ "deno.json": { imports, unstable: ["worker-options"] }, ...files });
}

/** The command as docs/start.md writes it out. */
const COMMAND = /stands for `deno (run .+?)`/
  .exec(Deno.readTextFileSync(new URL("../docs/start.md", import.meta.url)))![1]!.split(" ");

/** Runs the command from the registry. */
async function start(site: Site): Promise<Server> {
  const server = await Server.start(site, {
    program: [Deno.execPath(), ...COMMAND, "serve", site.root],
    env: registry.env,
    // In this repository's folder, Deno would take the package from there.
    cwd: site.root,
  });
  assert(registry.asked.some((path) => path.endsWith("/lib/inside/runner.ts")));
  return server;
}

Deno.test("A project that imports the package opens a board, and its clients get through", async (t) => {
  const main = `
    import { type ServiceStatus, Switchboard } from "@switchboard/switchboard";

    await using board = await Switchboard.open({ root: ".", port: 0 });
    const { port } = await board.listen();
    await board.settled();
    console.log(board.services.map(({ key, state }: ServiceStatus) => key + " " + state).join());
    const socket = new WebSocket("ws://127.0.0.1:" + port + "/services/echo");
    socket.onopen = () => socket.send("hello");
    const { promise, resolve } = Promise.withResolvers<string>();
    socket.onmessage = ({ data }) => resolve(data);
    socket.onerror = () => resolve("no websocket");
    console.log(await promise);
    socket.close();`;
  const ways: [string, Record<string, string>, string[]][] = [
    ["as a package of the registry", { "@switchboard/switchboard": PACKAGE }, []],
    [
      "by the URL of its module",
      { "@switchboard/switchboard": registry.fileOf("mod.ts") },
      [`--allow-import=${registry.host}`],
    ],
  ];
  for (const [name, imports, flags] of ways) {
    await t.step(name, async () => {
      using site = project({ "main.ts": main, "services/echo/echo.js": ECHO }, imports);
      const permissions = ["--allow-read=.", "--allow-net", "--allow-env", "--allow-sys", ...flags];
      const { code, output, errors } = await deno(
        ["run", ...permissions, "--no-prompt", "--quiet", "main.ts"],
        { cwd: site.root, env: registry.env },
      );
      assertEquals(
        [code, errors, output],
        [0, "", "echo running\nyou said: hello\n"],
      );
    });
  }
});

Deno.test("The command of docs/start.md does all it can do in a folder without deno.json", async (t) => {
  using site = Site.make({ "services/echo/echo.js": ECHO });
  const options = { cwd: site.root, env: registry.env };

  await t.step("check", async () => {
    const { code, output, errors } = await deno([...COMMAND, "check"], options);
    assertEquals([code, output], [0, "Checked 1 service: all is well\n"], errors);
  });

  await t.step("serve", async () => {
    await using server = await start(site);
    assertEquals(await server.text("/services/echo"), "here");
  });

  await t.step("init: its project is served by its own task", async () => {
    assertEquals((await deno([...COMMAND, "init"], options)).code, 0);
    await using server = await Serving.start(["task", "dev"], options);
    await using client = await Client.open(`ws://127.0.0.1:${server.port}/services/chat?name=Ada`);
    assertEquals(await client.nextJson(), { news: "Ada joined", here: 1 });
  });
});

Deno.test("compile runs from the registry, and the binary holds what comes from there", async () => {
  using site = Site.make({ "services/echo/echo.js": ECHO });
  const { code, errors } = await deno([...COMMAND, "compile"], {
    cwd: site.root,
    env: { ...registry.env, DENORT_BIN: STAND_IN },
  });
  assertEquals(code, 0, errors);
  const { files, text } = readBinary(join(site.root, "app"), STAND_IN);
  assertEquals(files.filter((path) => !path.startsWith(".deno_compile_node_modules/")).sort(), [
    "main.ts",
    "root/services/echo/echo.js",
  ]);
  const entries = ["lib/inside/cell.ts", "lib/inside/runner.ts", "lib/tools/cli/compiled_main.ts"];
  // These are loaded only where they are needed.
  const others = [
    "lib/host/auth/jwt.ts",
    "lib/host/gateway/ws_transport.ts",
    "lib/host/observe/registry.ts",
  ];
  for (const path of [...entries, ...others]) {
    assert(text.includes(registry.fileOf(path)), path);
  }
});

Deno.test("A project that init makes from the registry is type-checked with the package", async (t) => {
  using site = Site.make({
    ...projectFiles(wiringOf(`https://jsr.io/@switchboard/switchboard/${VERSION}/`, false)),
    "main.ts": `
      import { Switchboard } from "@switchboard/switchboard";
      import type { WebSocketEvent } from "@switchboard/switchboard/xp/types";
      const board = await Switchboard.open({ port: "wrong" });
      export const type = (event: WebSocketEvent): number => event.type;
      board.close();`,
    "services/hello/hello.ts": `log.info("%s", app.name);\nexport const get = () => ({});`,
  });
  // All of it at once: this takes seconds.
  const { code, errors } = await deno(["check", "--quiet"], { cwd: site.root, env: registry.env });
  await t.step("a wrong use of the package is an error", () => {
    assertEquals(code, 1);
    const found = [...errors.matchAll(/^TS\d+ \[ERROR\]: (.*)$/gm)].map(([, problem]) => problem);
    assertEquals(found.sort(), [
      "Type 'string' is not assignable to type 'number'.",
      "Type 'string' is not assignable to type 'number'.",
    ]);
  });
  await t.step("controllers know their globals: no other file has an error", () => {
    const places = [...errors.matchAll(/^ *at (file:\S+?):\d+:\d+$/gm)].map(([, file]) => file);
    assert(places.length >= 2, errors);
    assertEquals(new Set(places), new Set([toFileUrl(join(site.root, "main.ts")).href]));
  });
});

/** Controllers of every kind. */
const KINDS: Files = {
  "services/echo/echo.ts": ECHO.replace(
    "export function webSocketEvent({ type, session, message })",
    'import type { WebSocketEvent } from "@switchboard/switchboard/xp/types";\n' +
      "export function webSocketEvent({ type, session, message }: WebSocketEvent)",
  ),
  "services/common/common.js": `const { send } = require("/lib/xp/websocket");
      exports.get = (req) => req.webSocket ? { webSocket: {} } : { body: require("./text.js") };
      exports.webSocketEvent = ({ type, session, message }) =>
        type === "message" && send(session.id, "common: " + message);`,
  "services/common/text.js": `module.exports = "text";`,
  "services/mixed/mixed.mjs": `import text from "./text.js";
      import { getHeapStatistics } from "node:v8";
      import { close } from "/lib/websocket";
      export const get = () => ({ body: [text, typeof getHeapStatistics, typeof close].join() });`,
  "services/mixed/text.js": `module.exports = "text";`,
  "services/dirigible/dirigible.websocket": {
    handler: "dirigible/handler",
    endpoint: "dirigible",
    description: "",
  },
  "services/dirigible/handler.js": `exports.onOpen = () => {};
      exports.onMessage = (message) => "dirigible: " + message;
      exports.onError = exports.onClose = () => {};`,
  "services/page/page.js": `exports.get = () => ({ body: "" });`,
  "services/page/assets/index.html": "<p>asset</p>",
  "services/throws/throws.js": `throw new Error("not today");`,
};

Deno.test("The command runs from the registry", async (t) => {
  const asked: string[] = [];
  await using other = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    asked.push(request.url);
    return new Response("export default 1;", { headers: { "content-type": "text/javascript" } });
  });
  const attacks = await attacksOn(`http://127.0.0.1:${other.addr.port}`);
  using site = project({
    ...KINDS,
    ...attackFiles(attacks),
    ...await grantedFiles(),
  }, { "@switchboard/switchboard": PACKAGE });
  await using server = await start(site);
  await t.step("controllers of every kind run", (t) => testKinds(t, server));
  await t.step(
    "a service gains nothing from a runtime that is remote",
    (t) => testAttacks(t, server, attacks, asked),
  );
  await t.step("a service that was granted the host keeps it", async () => {
    assertEquals(await server.text("/services/granted"), "a/b");
  });
});

async function testKinds(t: Deno.TestContext, server: Server): Promise<void> {
  await t.step("ES modules in TypeScript, with types of the package", async () => {
    assertEquals(await server.text("/services/echo"), "here");
    await using client = await Client.open(server.ws("/services/echo"));
    client.send("hello");
    assertEquals(await client.next(), "you said: hello");
  });

  await t.step("CommonJS modules", async () => {
    assertEquals(await server.text("/services/common"), "text");
    await using client = await Client.open(server.ws("/services/common"));
    client.send("hello");
    assertEquals(await client.next(), "common: hello");
  });

  await t.step(
    "ES modules that import CommonJS, the engine's modules and the library",
    async () => {
      assertEquals(await server.text("/services/mixed"), "text,function,function");
    },
  );

  await t.step("Dirigible's handlers", async () => {
    await using client = await Client.open(server.ws("/websockets/service/dirigible"));
    client.send("hello");
    assertEquals(await client.next(), "dirigible: hello");
  });

  await t.step("assets, and the pages of the server itself", async () => {
    assertEquals(await server.text("/services/page/assets/"), "<p>asset</p>");
    assertMatch(await server.text("/"), /<title>/);
    assertMatch(await server.text("/metrics"), /switchboard_/);
  });

  await t.step("an error shows the controller's frames, and none of the runtime's", async () => {
    const { message } = await server.logged(({ service }) => service === "throws");
    assertMatch(message, /not today[^]*throws\.js:1/);
    assertEquals(message.includes(registry.host), false, message);
  });
}

/** What a service does to get at modules, and what that is called; `elsewhere` is a server of others. */
async function attacksOn(elsewhere: string): Promise<[name: string, code: string][]> {
  const unread = await registry.mainOf("@std/log");
  const path = await registry.mainOf("@std/path");
  return [
    ["a module of the runtime's host", `import("${unread}?a")`],
    ["one that is in the cache", `import("${path}")`],
    ["another host", `import("${elsewhere}/b.js")`],
    ["a module of the runtime", `import("${registry.fileOf("lib/inside/cell.ts")}")`],
    ["its loader", `import("${registry.fileOf("lib/inside/loader.ts")}")`],
    ["through a module of data", `import('data:text/javascript,import "${unread}?c"')`],
    [
      "through a module of data, to another host",
      `import('data:text/javascript,import "${elsewhere}/d.js"')`,
    ],
    ["through code that is made", `(0, eval)('import("${unread}?e")')`],
    ["through a function that is made", `new Function('return import("${elsewhere}/f.js")')()`],
    ["through a registry", `import("jsr:@std/log@^0.224.0")`],
    ["by fetch", `fetch("${unread}?g")`],
    ["by fetch, from another host", `fetch("${elsewhere}/h.js")`],
    ["in a worker", `new Worker("${unread}?i", { type: "module" })`],
    [
      "by asking for it",
      `Deno.permissions.request({ name: "import", host: "${registry.host}" })
      .then(({ state }) => { if (state !== "granted") throw new Error(state); })`,
    ],
  ];
}

function attackFiles(attacks: [name: string, code: string][]): Files {
  return {
    "services/attack/attack.js": `
      const cases = [${attacks.map(([, code]) => `() => ${code}`).join(",\n")}];
      exports.get = async ({ params }) => {
        try {
          await cases[params.case]();
          return { body: "got it" };
        } catch (error) {
          return { body: "refused: " + error.message };
        }
      };`,
  };
}

async function grantedFiles(): Promise<Files> {
  return {
    "services/granted/granted.js": `
      exports.get = async () => {
        const { join } = await import("${await registry.mainOf("@std/path")}");
        return { body: join("a", "b") };
      };`,
    // The package may import others of JSR.
    "services/granted/service.json": { permissions: { import: [registry.host, "jsr.io"] } },
  };
}

async function testAttacks(
  t: Deno.TestContext,
  server: Server,
  attacks: [name: string, code: string][],
  asked: string[],
): Promise<void> {
  const before = registry.asked.length;
  for (const [index, [name]] of attacks.entries()) {
    await t.step(`${name}: refused`, async () => {
      assertMatch(await server.text(`/services/attack?case=${index}`), /^refused: /);
    });
  }
  await t.step("no registry was asked for anything", () => {
    assertEquals(asked, []);
    assertEquals(registry.asked.slice(before), []);
  });
}
