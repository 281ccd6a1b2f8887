import { assertEquals, assertStringIncludes } from "@std/assert";
import { Client } from "../helpers/client.ts";
import { deno, Serving, switchboard } from "../helpers/project.ts";
import { Server } from "../helpers/server.ts";
import { Site } from "../helpers/site.ts";

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

const CONTROLLERS: Record<string, string> = {
  "a.ts": mixed("/lib/xp/websocket"),
  "b.ts": mixed("lib/xp/websocket"),
  "c.ts": mixed(WEBSOCKET),
  "d.ts": mixed("/lib/websocket"),
  "e.ts": apart(TYPES, "@switchboard/switchboard/xp/types"),
  "f.ts": apart("type { Request, Response, WebSocketEvent }", "@switchboard/switchboard/xp/types"),
  "g.ts": apart("type { Request, Response, WebSocketEvent }", "lib/xp/websocket"),
  "h.js": comments("lib/xp/websocket"),
  "i.js": comments(WEBSOCKET),
};

Deno.test("types are had from lib/xp/websocket and from the package, in each kind of import", async (t) => {
  using site = Site.make({});
  const options = { cwd: site.root };
  assertEquals((await switchboard(["init"], options)).code, 0);
  for (const [file, text] of Object.entries(CONTROLLERS)) {
    site.write({ [`services/${file[0]}/${file}`]: text });
  }

  await t.step("they are right", async () => {
    const { code, errors } = await deno(["check"], options);
    assertEquals(code, 0, errors);
  });

  await t.step("a mistake is found in each", async () => {
    const write = (change: (text: string) => string) => {
      for (const [file, text] of Object.entries(CONTROLLERS)) {
        site.write({ [`services/${file[0]}/${file}`]: change(text) });
      }
    };
    write((text) => text.replace("event.session.id", "event.session.key"));
    const { code, errors } = await deno(["check"], options);
    write((text) => text);
    assertEquals(code, 1);
    assertStringIncludes(errors, `Found ${Object.keys(CONTROLLERS).length} errors`);
    for (const file of Object.keys(CONTROLLERS)) {
      assertStringIncludes(errors, `/services/${file[0]}/${file}:`);
    }
  });

  const echoes = async (port: number) => {
    for (const file of Object.keys(CONTROLLERS)) {
      await using client = await Client.open(`ws://127.0.0.1:${port}/services/${file[0]}`);
      client.send(file);
      assertEquals(await client.next(), file);
    }
  };
  await t.step("they run as a task of the project", async () => {
    await using server = await Serving.start(["task", "start"], options);
    await echoes(server.port);
  });
  await t.step("they run by deno run", async () => {
    await using server = await Server.start(site);
    await echoes(server.port);
  });
});
