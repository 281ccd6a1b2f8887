import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Client } from "../helpers/client.ts";
import { deno, Serving, switchboard } from "../helpers/project.ts";
import { Site } from "../helpers/site.ts";

/** A controller that uses each id of the table in docs/controllers.md, and each global that it names. */
const CONTROLLER = `
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

const FILES = {
  "services/talk/talk.ts": CONTROLLER,
  "services/talk/helper.ts": `export const word: string = "near";`,
  "services/talk/common.js": `exports.greet = "hello";`,
  "lib/util.ts": `export const word: string = "shared";`,
};

Deno.test("in a project of init, ids and globals are known to whom docs/controllers.md says they are", async (t) => {
  using site = Site.make({});
  const options = { cwd: site.root };
  assertEquals((await switchboard(["init"], options)).code, 0);
  site.write(FILES);

  await t.step("the controller has each id of the table that is no package", () => {
    const page = Deno.readTextFileSync("docs/controllers.md");
    const rows = [...page.matchAll(/^\| (`[./a-z`, ]+`) +\|/gm)].map(([, ids]) => ids!);
    const ids = rows.flatMap((row) => [...row.matchAll(/`([^`]+)`/g)].map(([, id]) => id!))
      .filter((id) => id.includes("/"));
    assert(ids.length > 7, ids.join());
    for (const id of ids) assertStringIncludes(CONTROLLER, `from "${id}"`);
  });

  await t.step("to the type checker, and so to the editor", async () => {
    const { code, errors } = await deno(["check"], options);
    assertEquals(code, 0, errors);
  });

  await t.step("to check", async () => {
    const { code, output, errors } = await deno(["task", "check"], options);
    assertEquals([code, output], [0, "Checked 2 services: all is well\n"], errors);
  });

  await t.step("to the server", async () => {
    await using server = await Serving.start(["task", "start"], options);
    const response = await fetch(`http://127.0.0.1:${server.port}/services/talk`);
    assertEquals(await response.text(), "near,shared,shared,hello,hello,app,/services/talk/x");
    await using client = await Client.open(`ws://127.0.0.1:${server.port}/services/talk`);
    assertEquals(await client.next(), "/_/service/app/talk0null");
  });

  await t.step("their types too: a mistake is found", async () => {
    site.write({
      "services/talk/talk.ts": `${CONTROLLER}
        log.inform("no level");
        const name: number = app.name;
        const file: number = resolve("./x");`,
    });
    const { code, errors } = await deno(["check"], options);
    assertEquals(code, 1);
    assertStringIncludes(errors, "Found 3 errors");
    assertStringIncludes(errors, "Property 'inform' does not exist");
  });
});

Deno.test("check in a project of init knows Dirigible's ids with the name of the own folder", async () => {
  using site = Site.make({});
  const options = { cwd: site.root };
  assertEquals((await switchboard(["init"], options)).code, 0);
  site.write({
    "services/talk/talk.websocket": { handler: "talk/handler", endpoint: "talk", description: "" },
    "services/talk/handler.js": `// @ts-check
      import { word } from "talk/words";
      export const onOpen = () => {};
      export const onMessage = () => word;
      export const onError = () => {};
      export const onClose = () => {};`,
    "services/talk/words.js": `export const word = "a word";`,
  });
  const { code, output, errors } = await deno(["task", "check"], options);
  assertEquals([code, output], [0, "Checked 2 services: all is well\n"], errors);
});
