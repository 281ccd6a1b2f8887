import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { fromFileUrl, join, toFileUrl } from "@std/path";
import { Switchboard, SwitchboardError, type SwitchboardOptions } from "../mod.ts";
import { HandshakeError, TestClient } from "../lib/tools/testing/mod.ts";
import { Program } from "./helpers/program.ts";
import { type Files, Site } from "./helpers/site.ts";

Deno.test.sanitizer({ ops: true, resources: true });

const ECHO = `
  import { addToGroup, send } from "/lib/websocket";
  export const get = (req) =>
    req.webSocket ? { webSocket: { data: {} } } : { body: "page at " + req.contextPath };
  export function webSocketEvent({ type, session, message }) {
    if (type === "open") addToGroup("all", session.id);
    if (type === "message") send(session.id, message === "id" ? session.id : message);
  }`;

const ONE = { "services/echo/echo.js": ECHO };
const TWO = { ...ONE, "services/other/other.js": ECHO };

/** A server that nobody has told to listen yet, and its log. */
async function open(options: SwitchboardOptions = {}, files: Files = {}) {
  const site = Site.make(files);
  const log: string[] = [];
  const board = await Switchboard.open({
    root: site.root,
    port: 0,
    log: (level, text) => log.push(`${level} ${text}`),
    ...options,
  }).catch((error) => {
    site[Symbol.dispose]();
    throw error;
  });
  await board.settled();
  return {
    board,
    log,
    site,
    async [Symbol.asyncDispose]() {
      await board.close();
      site[Symbol.dispose]();
    },
  };
}

/** Somebody else's server. */
function serve(handler: Deno.ServeHandler): Deno.HttpServer<Deno.NetAddr> {
  return Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {}, onError: answer }, handler);
}

const answer = (error: unknown) => new Response(String(error), { status: 500 });

async function text(server: Deno.HttpServer<Deno.NetAddr>, path: string): Promise<string> {
  return await (await fetch(`http://127.0.0.1:${server.addr.port}${path}`)).text();
}

const ws = (server: Deno.HttpServer<Deno.NetAddr>, path: string) =>
  `ws://127.0.0.1:${server.addr.port}${path}`;

for (const transport of ["deno", "ws"] as const) {
  Deno.test(`another server passes on requests, transport ${transport}`, async (t) => {
    await using opened = await open({ transport }, ONE);
    const { board, log } = opened;
    await using server = serve((request, info) => {
      const { pathname } = new URL(request.url);
      return pathname === "/mine" ? new Response("mine") : board.fetch(request, info);
    });
    await t.step("its own routes stay its own", async () => {
      assertEquals(await text(server, "/mine"), "mine");
    });
    await t.step("pages of services", async () => {
      assertEquals(await text(server, "/services/echo"), "page at /services/echo");
    });
    await t.step("websockets, text and bytes, and the limit of a message", async () => {
      await using client = await TestClient.open(ws(server, "/services/echo"));
      client.send("hi");
      assertEquals(await client.next(), "hi");
      client.send(new Uint8Array([1, 2]));
      assertEquals(await client.nextBytes(), new Uint8Array([1, 2]));
      client.send("x".repeat(70_000));
      assertEquals((await client.untilClosed()).code, 1009);
    });
    await t.step("below a prefix, with it in the context path", async () => {
      const path = "/some/where/_/service/app/echo";
      assertEquals(await text(server, path), `page at ${path}`);
      await using client = await TestClient.open(ws(server, path));
      client.send("hi");
      assertEquals(await client.next(), "hi");
    });
    await t.step("closing it closes its sockets, and not the server", async () => {
      await using client = await TestClient.open(ws(server, "/services/echo"));
      const closed = client.untilClosed();
      await board.close();
      assertEquals(await closed, { code: 1001, reason: "server stopping" });
      assertEquals(await text(server, "/mine"), "mine");
      const error = await assertRejects(
        () => TestClient.open(ws(server, "/services/echo")),
        HandshakeError,
      );
      assertEquals(error.status, 503);
    });
    assertEquals(log, []);
  });
}

Deno.test("fetch() is a handler", async (t) => {
  await using opened = await open({}, ONE);
  const { board } = opened;

  await t.step("a router's patterns may lead to it", async () => {
    const pattern = new URLPattern({ pathname: "/services/*" });
    // As routers do that hand on a context: the request in it is the one that came.
    const app = (context: { raw: Request; info: Deno.ServeHandlerInfo }) =>
      pattern.test(context.raw.url)
        ? board.fetch(context.raw, context.info)
        : new Response("not here", { status: 404 });
    await using server = serve((raw, info) => app({ raw, info }));
    assertEquals(await text(server, "/healthz"), "not here");
    await using client = await TestClient.open(ws(server, "/services/echo"));
    client.send("hi");
    assertEquals(await client.next(), "hi");
  });

  await t.step(
    "it is the handler itself, and says so if it is not given what a handler is given",
    async () => {
      await using server = serve(board.fetch);
      assertEquals(await text(server, "/services/echo"), "page at /services/echo");
      for (const info of [undefined, null, {}, { groups: {} }]) {
        await assertRejects(
          () => board.fetch(new Request("http://a/"), info as unknown as Deno.ServeHandlerInfo),
          TypeError,
          "fetch(request, info) needs both arguments",
        );
      }
    },
  );
});

Deno.test("the transport ws keeps no timer where it does not listen", async () => {
  // The sanitizers look.
  await using opened = await open({ transport: "ws" }, ONE);
  assertEquals(opened.board.services.map(({ state }) => state), ["running"]);
});

Deno.test("messages from the outside go to groups and sessions of all services", async (t) => {
  await using opened = await open({}, TWO);
  const { board } = opened;
  const { url } = await board.listen();
  const at = url.replace("http", "ws");
  await using ann = await TestClient.open(`${at}/services/echo`);
  await using ben = await TestClient.open(`${at}/services/other`);
  const idOf = async (client: TestClient) => {
    client.send("id");
    return await client.next();
  };
  const [annId, benId] = [await idOf(ann), await idOf(ben)];
  await t.step("the members of a group", () => {
    assertEquals(board.getGroupSize("all"), 2);
    assertEquals(board.getGroupMembers("all"), [annId, benId]);
    assertEquals([board.getGroupSize("none"), board.getGroupMembers("none")], [0, []]);
  });
  await t.step("text", async () => {
    board.sendToGroup("all", "news");
    assertEquals([await ann.next(), await ben.next()], ["news", "news"]);
  });
  await t.step("bytes, copied at once", async () => {
    const bytes = new Uint8Array([1, 2, 3]);
    board.sendToGroup("all", bytes.subarray(1));
    board.sendToGroup("all", bytes.buffer);
    bytes.fill(0);
    assertEquals(await ann.nextBytes(), new Uint8Array([2, 3]));
    assertEquals(await ann.nextBytes(), new Uint8Array([1, 2, 3]));
    await ben.nextBytes();
    await ben.nextBytes();
  });
  await t.step("to all but some", async () => {
    board.sendToGroup("all", "not ann", { except: annId });
    board.sendToGroup("all", "nobody", { except: [annId, benId] });
    board.sendToGroup("all", "all again");
    assertEquals([await ann.next(), await ben.next()], ["all again", "not ann"]);
    assertEquals(await ben.next(), "all again");
  });
  await t.step("to one", async () => {
    board.send(benId, "ben only");
    board.send(annId, new Uint8Array([7]));
    assertEquals(await ben.next(), "ben only");
    assertEquals(await ann.nextBytes(), new Uint8Array([7]));
  });
  await t.step("to nobody", () => {
    board.sendToGroup("none", "x");
    board.send("none", "x");
  });
  await t.step("more than a slow client may be behind, to one that is not", async () => {
    board.send(annId, "x".repeat(2_000_000));
    assertEquals((await ann.next()).length, 2_000_000);
  });
  await t.step("invalid groups and messages throw, unknown ids are ignored", () => {
    // deno-lint-ignore no-explicit-any
    const loose = board as any;
    const cases: [() => void, typeof TypeError | typeof RangeError, string][] = [
      [() => loose.sendToGroup(), TypeError, '"group" must be text, got undefined'],
      [() => loose.sendToGroup(5, "x"), TypeError, '"group" must be text, got a number'],
      [() => loose.sendToGroup("x".repeat(1025), "x"), RangeError, "at most 1024 characters"],
      [() => loose.sendToGroup("all"), TypeError, '"message" must be text or bytes, got undefined'],
      [() => loose.sendToGroup("all", { a: 1 }), TypeError, "got an object"],
      [() => loose.sendToGroup("all", [1]), TypeError, "got a list"],
      [
        () => loose.sendToGroup("all", "x", { except: 5 }),
        TypeError,
        "a list of ids, got a number",
      ],
      [() => loose.sendToGroup("all", "x", { except: [null] }), TypeError, "got null"],
      [() => loose.send(null, "x"), TypeError, '"id" must be text, got null'],
      [() => loose.send("a", 5), TypeError, "got a number"],
      [() => loose.getGroupSize(), TypeError, "got undefined"],
      [() => loose.getGroupMembers("x".repeat(2000)), RangeError, "got 2000"],
    ];
    for (const [call, type, message] of cases) assertThrows(call, type, message);
  });
  await t.step("nothing of that has come", async () => {
    board.sendToGroup("all", "end");
    assertEquals([await ann.next(), await ben.next()], ["end", "end"]);
  });
  await t.step("after it was closed it says so", async () => {
    await board.close();
    for (
      const call of [
        () => board.sendToGroup("all", "x"),
        () => board.send(annId, "x"),
      ]
    ) {
      const error = assertThrows(call, SwitchboardError, "the server has been closed");
      assertEquals(error.code, "SB_CLOSED");
    }
    assertEquals(board.getGroupSize("all"), 0);
  });
});

Deno.test("while a server closes, connected clients still get messages", async () => {
  using site = Site.make({
    "services/slow/slow.js": `
      import { addToGroup } from "/lib/websocket";
      export const get = () => ({ webSocket: {} });
      export function webSocketEvent({ type, session }) {
        if (type === "open") addToGroup("all", session.id);
        if (type === "close") return new Promise((resolve) => setTimeout(resolve, 200));
      }`,
  });
  await using board = await Switchboard.open({ root: site.root, port: 0, log() {} });
  const { url } = await board.listen();
  await using client = await TestClient.open(`${url.replace("http", "ws")}/services/slow`);
  const closing = board.close();
  assertEquals((await client.untilClosed()).code, 1001);
  board.sendToGroup("all", "too late for anybody, and no error");
  await closing;
  assertThrows(() => board.sendToGroup("all", "x"), SwitchboardError);
});

Deno.test("listen() says where, and listens once", async (t) => {
  await using opened = await open();
  const { board } = opened;
  await t.step("a port that is taken: it may try again", async () => {
    using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    await using other = await open({ port: taken.addr.port });
    const first = await assertRejects(() => other.board.listen(), SwitchboardError);
    assertEquals(first.code, "SB_LISTEN");
    taken.close();
    assertEquals((await other.board.listen()).port, taken.addr.port);
  });
  await t.step("the address", async () => {
    const { hostname, port, scheme, url } = await board.listen();
    assertEquals([hostname, scheme, url], ["127.0.0.1", "http", `http://127.0.0.1:${port}`]);
    assertEquals((await (await fetch(`${url}/readyz`)).json()).status, "ready");
  });
  await t.step("twice", async () => {
    const error = await assertRejects(() => board.listen(), SwitchboardError, "listens already");
    assertEquals(error.code, "SB_LISTEN");
  });
  await t.step("an IPv6 address", async () => {
    await using other = await open({ hostname: "::1" });
    const { url, port } = await other.board.listen();
    assertEquals(url, `http://[::1]:${port}`);
  });
  await t.step("after it was closed, or while it closes", async () => {
    await using other = await open();
    const listening = assertRejects(() => other.board.listen(), SwitchboardError);
    await other.board.close();
    assertEquals((await listening).code, "SB_CLOSED");
    assertEquals(
      (await assertRejects(() => other.board.listen(), SwitchboardError)).code,
      "SB_CLOSED",
    );
  });
});

Deno.test("a server may serve some services of a root only", async (t) => {
  await using opened = await open({ services: ["other"] }, TWO);
  const { board } = opened;
  assertEquals(board.services.map(({ key }) => key), ["other"]);
  assertEquals(board.keys, ["other"]);
  await t.step("reloading does not bring in others", async () => {
    const error = await assertRejects(() => board.reload("echo"), SwitchboardError);
    assertEquals(error.code, "SB_SERVICE");
    await board.reload("other");
  });
  await t.step("one that is not there", async () => {
    const error = await assertRejects(() => open({ services: ["ecko"] }, TWO), SwitchboardError);
    assertEquals(error.code, "SB_SERVICE");
    assert(error.message.endsWith('did you mean "echo"?'), error.message);
  });
});

Deno.test("the root may be a URL", async () => {
  using site = Site.make({ "services/ä b/ä b.js": ECHO });
  await using board = await Switchboard.open({ root: toFileUrl(`${site.root}/`), log() {} });
  await board.settled();
  assertEquals(board.services.map(({ key, state }) => [key, state]), [["ä b", "running"]]);
});

Deno.test("options that are not as they should be are named", async (t) => {
  const ring: Record<string, unknown> = {};
  ring.ring = ring;
  const cases: [unknown, string][] = [
    [null, 'Cannot open the server: expected options such as { root: "." }, got null'],
    ["services", 'Cannot open the server: expected options such as { root: "." }, got "services"'],
    [[], 'Cannot open the server: expected options such as { root: "." }, got []'],
    [{ rot: "." }, 'Cannot open the server: "rot" is not an option, did you mean "root"?'],
    [{ prt: 1 }, 'Cannot open the server: "prt" is not an option, did you mean "port"?'],
    [{ root: 5 }, 'Cannot open the server: "root" must be a path or a file: URL, got 5'],
    [
      { root: new URL("https://example.com/") },
      'Cannot open the server: "root" must be a path or a file: URL, got "https://example.com/"',
    ],
    [
      { services: "chat" },
      'Cannot open the server: "services" must be a list of keys such as ["chat"], got "chat"',
    ],
    [{ log: 1 }, 'Cannot open the server: "log" must be a function, got 1'],
    [{ devPage: 1 }, 'Cannot open the server: "devPage" must be a boolean, got 1'],
    [{ trace: "all" }, 'Cannot open the server: "trace" must be a function, got "all"'],
    [{ keepWarm: "yes" }, 'Cannot open the server: "keepWarm" must be a boolean, got "yes"'],
    [
      { port: NaN },
      'Cannot read settings "flags and options": "port" must be an integer, got NaN',
    ],
    [
      { port: () => 1 },
      'Cannot read settings "flags and options": "port" must be an integer, got a function',
    ],
    [
      { port: 1n },
      'Cannot read settings "flags and options": "port" must be an integer, got 1',
    ],
    [
      { limits: { session: 1 } },
      'Cannot read settings "flags and options": "limits.session" is not a key, did you mean "sessions"?',
    ],
    [
      { tls: "no" },
      'Cannot read settings "flags and options": "tls" must be an object or null, got "no"',
    ],
    [
      { config: ring },
      'Cannot read settings "flags and options": they must be what JSON can hold: ' +
      "Converting circular structure to JSON",
    ],
  ];
  for (const [options, message] of cases) {
    await t.step(message, async () => {
      const error = await assertRejects(
        () => Switchboard.open(options as SwitchboardOptions),
        SwitchboardError,
      );
      assertEquals([error.code, error.message], ["SB_SETTINGS", message]);
    });
  }
});

Deno.test("a program that closes the server during a reload of authentication ends by itself", async () => {
  using site = Site.make({
    "switchboard.json": { auth: { module: "auth/auth.js" } },
    "auth/auth.js": "export const authenticate = () => null;",
    "program.js": `
      import { Switchboard } from ${JSON.stringify(import.meta.resolve("../mod.ts"))};
      for (const turns of [0, 1, 10, 100]) {
        const board = await Switchboard.open({ root: import.meta.dirname, log() {} });
        const reloads = [board.reloadAuth(), board.reloadAuth()];
        for (let turn = 0; turn < turns; turn++) await new Promise((go) => setTimeout(go));
        await board.close();
        await Promise.all(reloads);
        if (await board.reloadAuth()) throw new Error("It has been closed");
      }
      console.log("closed");`,
  });
  const config = fromFileUrl(import.meta.resolve("../deno.json"));
  const program = [Deno.execPath(), "run", "-A", "--no-prompt", "--no-lock", "--config", config];
  await using running = Program.start([...program, join(site.root, "program.js")]);
  await running.output.next((line) => line === "closed");
  const deadline = setTimeout(() => running.process.kill("SIGKILL"), 10_000);
  assertEquals((await running.process.status).code, 0, running.log.all.join("\n"));
  clearTimeout(deadline);
});

Deno.test("tls: null serves without TLS, whatever switchboard.json says", async () => {
  using site = Site.make({
    "switchboard.json": { tls: { cert: "none.pem", key: "none.pem" } },
  });
  await using board = await Switchboard.open({ root: site.root, port: 0, tls: null, log() {} });
  assertEquals((await board.listen()).scheme, "http");
});
