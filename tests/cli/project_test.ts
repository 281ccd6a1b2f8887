import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { fromFileUrl, join, relative } from "@std/path";
import { diagnosticsOf, pathOf, plain } from "../../lib/tools/check/diagnostics.ts";
import { Board } from "../helpers/board.ts";
import { Client } from "../helpers/client.ts";
import { runInProcess } from "../helpers/in_process.ts";
import { deno, Serving } from "../helpers/project.ts";
import { Site } from "../helpers/site.ts";

const HERE = fromFileUrl(new URL("../..", import.meta.url));

/** A kind's files beside its test, and where it is connected to. */
interface Expected {
  args: string[];
  files: string[];
  path: string;
  /** What Ada hears when Bob says "Hello". */
  heard: string;
}

const KINDS: Record<string, Expected> = {
  "plain-xp": { args: [], files: ["plain-xp.ts"], path: "/services/plain-xp", heard: "Bob: Hello" },
  "xp2": {
    args: ["--kind", "xp", "--js"],
    files: ["xp2.js"],
    path: "/services/xp2",
    heard: "Bob: Hello",
  },
  "dirigible": {
    args: ["--kind", "dirigible"],
    files: ["dirigible.websocket", "handler.ts"],
    path: "/websockets/service/dirigible",
    heard: "Hello",
  },
  "handler": {
    args: ["-k", "dirigible", "--js"],
    files: ["handler.websocket", "events.js"],
    path: "/websockets/service/handler",
    heard: "Hello",
  },
  "lolo": {
    args: ["--kind=lolo"],
    files: ["lolo.flow.json", "say.ts"],
    path: "/lolo/den",
    heard: '{"from":"Bob","text":"Hello"}',
  },
  "say": {
    args: ["--kind", "lolo", "--js"],
    files: ["say.flow.json", "say.js"],
    path: "/say/den",
    heard: '{"from":"Bob","text":"Hello"}',
  },
};

const WEBSOCKET = "@switchboard/switchboard/xp/websocket";

/** A TypeScript controller that imports types and functions in one statement. */
const mixed = (id: string) => `
  import { send, type Request, type Response, type WebSocketEvent } from "${id}";
  export function get(req: Request): Response { return req.webSocket ? { webSocket: {} } : {}; }
  export function webSocketEvent(event: WebSocketEvent): void {
    if (event.type === "message") send(event.session.id, event.message);
  }`;

/** The same with types alone in a statement, in one of two ways. */
const apart = (types: string, id: string) => `
  import { send } from "/lib/websocket";
  import ${types} from "${id}";
  export function get(req: Request): Response { return req.webSocket ? { webSocket: {} } : {}; }
  export function webSocketEvent(event: WebSocketEvent): void {
    if (event.type === "message") send(event.session.id, event.message);
  }`;

/** A JavaScript controller with its types in comments. */
const comments = (id: string) =>
  `// @ts-check
  import { send } from "${id}";
  /** @import { Request, Response, WebSocketEvent } from "${id}" */
  /** @type {(req: Request) => Response} */
  export const get = (req) => req.webSocket ? { webSocket: {} } : {};
  /** @type {(event: WebSocketEvent) => void} */
  export const webSocketEvent = (event) => {
    if (event.type === "message") send(event.session.id, event.message);
  };`;

const TYPES = "{ type Request, type Response, type WebSocketEvent }";

/** Controllers that get their types in each kind of import, by path. */
const CONTROLLERS: Record<string, string> = {
  "services/a/a.ts": mixed("/lib/xp/websocket"),
  "services/b/b.ts": mixed("lib/xp/websocket"),
  "services/c/c.ts": mixed(WEBSOCKET),
  "services/d/d.ts": mixed("/lib/websocket"),
  "services/e/e.ts": apart(TYPES, "@switchboard/switchboard/xp/types"),
  "services/f/f.ts": apart(
    "type { Request, Response, WebSocketEvent }",
    "@switchboard/switchboard/xp/types",
  ),
  "services/g/g.ts": apart("type { Request, Response, WebSocketEvent }", "lib/xp/websocket"),
  "services/h/h.js": comments("lib/xp/websocket"),
  "services/i/i.js": comments(WEBSOCKET),
};

/** A controller that uses each id of the table in docs/controllers.md, and each global that it names. */
const TALK = `
  import { word as near } from "./helper";
  import { word as shared } from "/lib/util";
  import { word as bare } from "lib/util";
  import { greet } from "./common";
  import { send } from "/lib/xp/websocket";
  import { getGroupMembers } from "/lib/websocket";
  import { getUser } from "/lib/xp/auth";
  import { listener } from "/lib/xp/event";
  import { serviceUrl } from "/lib/xp/portal";
  import type { Request, Response, WebSocketEvent } from "/lib/xp/websocket";

  const { greet: required } = require("./common");
  listener({ type: "nothing", callback() {} });

  export function get(req: Request): Response {
    if (req.webSocket) return { webSocket: {} };
    log.debug("nothing");
    log.warning("%s of %s", near, app.version, app.config);
    return { body: [near, shared, bare, greet, required, app.name, resolve("./x")].join() };
  }

  export function webSocketEvent({ type, session }: WebSocketEvent): void {
    if (type !== "open") return;
    send(session.id, serviceUrl({ service: "talk" }) + getGroupMembers("none").length + getUser());
  }
`;

/** Services that use what a project of `init` has mapped. */
const IDS = {
  "services/talk/talk.ts": TALK,
  "services/talk/helper.ts": `export const word: string = "near";`,
  "services/talk/common.js": `exports.greet = "hello";`,
  "lib/util.ts": `export const word: string = "shared";`,
};

/** A service with Dirigible's ids, which begin with the name of the own folder: Deno does not know those. */
const WORDS = {
  "services/words/words.websocket": { handler: "words/handler", endpoint: "words" },
  "services/words/handler.js": `// @ts-check
    import { word } from "words/words";
    export const onOpen = () => {};
    export const onMessage = () => word;
    export const onError = () => {};
    export const onClose = () => {};`,
  "services/words/words.js": `export const word = "a word";`,
};

/** Mistakes of types in files: what is replaced by what, and how many errors that makes. */
const MISTAKES: [file: string, right: string, wrong: string, errors?: number][] = [
  ["services/chat/chat.ts", "event.session", "event.sesion"],
  ["services/plain-xp/plain-xp.ts", "data.name", "data.nam"],
  ["services/xp2/xp2.js", "data.name", "data.nam"],
  ["services/dirigible/handler.ts", "addToGroup(GROUP, from)", "addToGroup(GROUP, 1)"],
  ["services/handler/events.js", "addToGroup(GROUP, from)", "addToGroup(GROUP, 1)"],
  ["services/lolo/say.ts", "route({", "rout({"],
  ["services/say/say.js", "query.name", "query.name.first"],
  [
    "services/talk/talk.ts",
    `log.debug("nothing");`,
    `log.inform("no level"); const name: number = app.name; const file: number = resolve("./x");`,
    3,
  ],
  ...Object.keys(CONTROLLERS).map((file): [string, string, string] => [
    file,
    "event.session.id",
    "event.session.key",
  ]),
];

Deno.test("a project: its services of every kind run, and their types are known", async (t) => {
  using site = Site.make({ ...IDS, ...WORDS });
  const { root } = site;
  const options = { cwd: root };
  assertEquals((await runInProcess(["init", root])).code, 0);

  await t.step("check knows the ids that controllers use", async () => {
    const { code, output, errors } = await deno(["task", "check"], options);
    assertEquals([code, output], [0, "Checked 3 services: all is well\n"], errors);
    Deno.removeSync(join(root, "services/words"), { recursive: true });
  });

  const kinds = Object.entries(KINDS);
  for (const [name, { args, files, path }] of kinds) {
    await t.step(`new ${name} ${args.join(" ")}`, async () => {
      const { code, output, errors } = await runInProcess(["new", name, root, ...args]);
      assertEquals([code, errors], [0, ""]);
      assertEquals(
        output,
        [
          `Wrote in ${root}`,
          ...files.map((file) => `  services/${name}/${file}`),
          `  tests/${name}_test.ts`,
          "Next, run",
          `  cd ${root}`,
          "  deno task dev",
          "  deno task test",
          "and connect to",
          `  ws://127.0.0.1:8080${path}?name=Ada`,
          "",
        ].join("\n"),
      );
      const found = [...Deno.readDirSync(join(root, "services", name))].map(({ name }) => name);
      assertEquals(found.sort(), files.toSorted());
    });
  }

  await t.step("the style of what new made is Deno's", async () => {
    const paths = kinds.flatMap(([name]) => [`services/${name}`, `tests/${name}_test.ts`]);
    for (const args of [["lint", ...paths], ["fmt", "--check", ...paths]]) {
      const { code, errors } = await deno(args, options);
      assertEquals([args, code], [args, 0], errors);
    }
  });

  await t.step("start serves them", async () => {
    await using server = await Serving.start(["task", "start"], options);
    const url = `ws://127.0.0.1:${server.port}`;
    for (const [name, { path, heard }] of kinds) {
      await using ada = await Client.open(`${url}${path}?name=Ada`);
      await using bob = await Client.open(`${url}${path}?name=Bob`);
      bob.send("Hello");
      assertEquals([name, await ada.next()], [name, heard]);
    }
    const response = await fetch(`http://127.0.0.1:${server.port}/services/talk`);
    assertEquals(await response.text(), "near,shared,shared,hello,hello,app,/services/talk/x");
    await using client = await Client.open(`${url}/services/talk`);
    assertEquals(await client.next(), "/_/service/app/talk0null");
    assertEquals(server.log.all.filter((line) => line.includes("ERROR")), []);
  });

  await t.step("the controller has each id of docs/controllers.md that is no package", () => {
    const page = Deno.readTextFileSync(join(HERE, "docs/controllers.md"));
    const rows = [...page.matchAll(/^\| (`[./a-z`, ]+`) +\|/gm)].map(([, ids]) => ids!);
    const ids = rows.flatMap((row) => [...row.matchAll(/`([^`]+)`/g)].map(([, id]) => id!))
      .filter((id) => id.includes("/"));
    assert(ids.length > 7, ids.join());
    for (const id of ids) assertStringIncludes(TALK, `from "${id}"`);
  });

  await t.step("the types are right, and a mistake is found, in JavaScript too", async () => {
    site.write({ ...CONTROLLERS, "all.ts": everyId() });
    const expected = MISTAKES.flatMap(([file, right, wrong, errors = 1]) => {
      const text = Deno.readTextFileSync(join(root, file));
      assert(text.includes(right), file);
      // Beside the right one, so that one run checks both.
      const wrongFile = file.replace(/[^/]+$/, "wrong_$&");
      site.write({ [wrongFile]: text.replace(right, wrong) });
      return Array.from({ length: errors }, () => wrongFile);
    });
    const { code, errors } = await deno(["check"], options);
    for (const file of new Set(expected)) Deno.removeSync(join(root, file));
    assertEquals(code, 1);
    const found = diagnosticsOf(plain(errors)).map((diagnostic) => ({
      file: relative(root, pathOf(diagnostic)!),
      message: diagnostic.message,
    }));
    const said = found.map(({ message }) => message).join("\n");
    assertEquals(found.map(({ file }) => file).sort(), expected.sort(), said);
    assertStringIncludes(said, "Property 'sesion' does not exist");
    assertStringIncludes(said, "Property 'inform' does not exist");
  });

  await t.step("the tests that init and new made pass", async () => {
    // As the task does it, but for the types.
    const args = ["test", "-q", "-A", "--no-prompt", "--no-check"];
    const { code, output, errors } = await deno(args, options);
    assertEquals(code, 0, output + errors);
    assertStringIncludes(output, `${kinds.length + 1} passed | 0 failed`);
  });

  await t.step("a test notices that its service does not run", async () => {
    site.write({ "services/xp2/xp2.js": "export const get = (;" });
    const { code, output } = await deno(
      ["test", "-A", "-q", "--no-prompt", "--no-check", "tests/xp2_test.ts"],
      options,
    );
    assertEquals(code, 1);
    assertStringIncludes(output, 'Cannot load service "xp2": SyntaxError');
  });

  await t.step("the task `new` makes a service, too", async () => {
    const { code, errors, output } = await deno(["task", "new", "fresh", "--js"], options);
    assertEquals(code, 0, errors);
    assertStringIncludes(output, "  services/fresh/fresh.js\n");
  });

  await t.step("controllers that import types run as a task of the project", async () => {
    for (const [name] of kinds) {
      Deno.removeSync(join(root, "services", name), { recursive: true });
    }
    await using server = await Serving.start(["task", "start"], options);
    await echoes(server.port);
  });
  await t.step("they run outside of a project", async () => {
    await using board = await Board.start(CONTROLLERS, { waits: { startMs: 60_000 } });
    await echoes(board.port);
  });
});

/** A module that imports every id that controllers may: the editor knows those that `deno check` knows. */
function everyId(): string {
  const { imports } = JSON.parse(Deno.readTextFileSync(join(HERE, "deno.json")));
  const ids = Object.keys(imports).filter((id) => imports[id].startsWith("./lib/"));
  assert(ids.length > 20);
  ids.push("@switchboard/switchboard/xp/types", "@switchboard/switchboard/lolo/types");
  return ids.map((id) => `import "${id}";\n`).join("");
}

/** Each of the controllers answers with what it is sent. */
async function echoes(port: number): Promise<void> {
  for (const path of Object.keys(CONTROLLERS)) {
    const [, , file] = path.split("/");
    await using client = await Client.open(`ws://127.0.0.1:${port}/services/${file![0]}`);
    client.send(file!);
    assertEquals(await client.next(), file);
  }
}
