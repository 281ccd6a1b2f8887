import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { existsSync } from "node:fs";
import { SwitchboardError } from "../../mod.ts";
import { TestBoard, type TestBoardOptions } from "../../lib/tools/testing/mod.ts";
import { Site } from "../helpers/site.ts";

Deno.test.sanitizer({ ops: true, resources: true });

const ROOM = `
  import { addToGroup, getGroupSize, sendToGroup } from "/lib/websocket";
  export const get = (req) =>
    req.webSocket ? { webSocket: {} } : { body: "GET " + getGroupSize("room") };
  export const post = (req) => ({ status: 202, body: "posted " + req.body });
  export function webSocketEvent({ type, session, message }) {
    if (type === "open") addToGroup("room", session.id);
    if (type === "message") {
      console.log("heard " + message);
      sendToGroup("room", message);
    }
  }`;

/**
 * Records the temporary folders that this thread makes until the end of the scope: boards of other test files make
 * theirs in the same place.
 */
function recordFolders(): Disposable & { made: string[] } {
  const made: string[] = [];
  const makeTempDirSync = Deno.makeTempDirSync;
  Deno.makeTempDirSync = (options) => {
    const folder = makeTempDirSync(options);
    made.push(folder);
    return folder;
  };
  return {
    made,
    [Symbol.dispose]() {
      Deno.makeTempDirSync = makeTempDirSync;
    },
  };
}

/** Asserts that folders were made, and that none of them is left. */
function assertRemoved(folders: string[]): void {
  assert(folders.length > 0, "no folder was made");
  assertEquals(folders.filter((folder) => existsSync(folder)), []);
}

async function rejected(options: unknown): Promise<SwitchboardError> {
  return await assertRejects(() => TestBoard.start(options as TestBoardOptions), SwitchboardError);
}

Deno.test("a board serves files that exist for its test only", async (t) => {
  await using board = await TestBoard.start({
    app: "shop",
    files: {
      "services/room/room.js": ROOM,
      "services/room/assets/a.txt": new Uint8Array([104, 105]),
      "services/room/service.json": { memoryMb: 64 },
    },
  });
  const { root, settings } = board.switchboard;
  await t.step("with the settings that are given", () => {
    assertEquals([settings.app, settings.hostname], ["shop", "127.0.0.1"]);
    assertEquals(board.url, `http://127.0.0.1:${new URL(board.url).port}`);
  });
  await t.step("requests", async () => {
    assertEquals(await (await board.fetch("room")).text(), "GET 0");
    assertEquals(await (await board.fetch("/services/room/assets/a.txt")).text(), "hi");
    const posted = await board.fetch("room", { method: "POST", body: "x" });
    assertEquals([posted.status, await posted.text()], [202, "posted x"]);
    const redirect = await board.fetch("/services/room/assets");
    assertEquals(redirect.status >= 300 && redirect.status < 400, true);
    await redirect.body?.cancel();
  });
  await t.step("groups", async () => {
    assertEquals(board.getGroupSize("room"), 0);
    const ann = await board.connect("room");
    const ben = await board.connect("/services/room?x=1");
    await board.untilGroup("room", 2);
    assertEquals(board.getGroupSize("room"), 2);
    ann.send("hi");
    assertEquals([await ann.next(), await ben.next()], ["hi", "hi"]);
    await ben.close();
    await board.untilGroup("room", 1);
    await ann.close();
    await board.untilGroup("room", 0);
  });
  await t.step("the log", async () => {
    const line = await board.untilLogged(({ message }) => message.startsWith("heard"));
    assertEquals([line.level, line.service, line.message], ["INFO", "room", "heard hi"]);
    assert(board.log.includes(line));
  });
  await t.step("the server itself", async () => {
    await using ann = await board.connect("room");
    await board.untilGroup("room", 1);
    board.switchboard.sendToGroup("room", "from outside");
    assertEquals(await ann.next(), "from outside");
    board.switchboard.restart("room");
    await board.untilLogged(({ message }) => /runs again/.test(message));
    ann.send("still here");
    assertEquals(await ann.next(), "still here");
  });
  await t.step("when it is closed the folder is gone", async () => {
    await board.close();
    await assertRejects(() => Deno.stat(root), Deno.errors.NotFound);
  });
});

Deno.test("closing a board closes its clients, and waiting calls are told", async () => {
  const board = await TestBoard.start({ files: { "services/room/room.js": ROOM } });
  const ann = await board.connect("room");
  const waits = [
    assertRejects(() => board.untilGroup("room", 99), SwitchboardError, "has been closed"),
    assertRejects(() => board.untilLogged(() => false), SwitchboardError, "has been closed"),
    assertRejects(() => ann.next(), SwitchboardError, "was closed with 1000"),
  ];
  await Promise.all([board.close(), board.close(), board[Symbol.asyncDispose]()]);
  await Promise.all(waits);
  for (
    const call of [
      () => board.connect("room"),
      () => board.fetch("room"),
      () => board.untilGroup("room", 0),
    ]
  ) {
    const error = await assertRejects(call, SwitchboardError, "The test board has been closed");
    assertEquals(error.code, "SB_CLOSED");
  }
});

Deno.test("many boards run side by side, each with groups of its own", async () => {
  const boards = await Promise.all(
    Array.from({ length: 4 }, () => TestBoard.start({ files: { "services/room/room.js": ROOM } })),
  );
  try {
    assertEquals(new Set(boards.map(({ url }) => url)).size, 4);
    await Promise.all(boards.map(async (board, number) => {
      const clients = await Promise.all([board.connect("room"), board.connect("room")]);
      await board.untilGroup("room", 2);
      clients[0].send(`board ${number}`);
      assertEquals(await clients[1].next(), `board ${number}`);
    }));
  } finally {
    await Promise.all(boards.map((board) => board.close()));
  }
});

Deno.test("a board of a root starts all of its services, or those that are named", async (t) => {
  using site = Site.make({
    "services/room/room.js": ROOM,
    "services/broken/broken.js": "export const get = (;",
    "apis/room/room.js": ROOM,
    "switchboard.json": { port: 1, tls: { cert: "no.pem", key: "no.pem" }, app: "mine" },
  });
  const { root } = site;
  for (const service of ["room", "api:room", ["api:room", "room"]]) {
    await t.step(String(service), async () => {
      await using board = await TestBoard.start({ root, service });
      const keys = board.switchboard.services.map(({ key }) => key).sort();
      assertEquals(keys, [service].flat().sort());
      assertEquals(board.switchboard.settings.app, "mine");
      await using ann = await board.connect(keys[0]!);
      ann.send("hi");
      assertEquals(await ann.next(), "hi");
    });
  }
  await t.step("all: the broken one is why it does not start", async () => {
    const error = await rejected({ root });
    assertEquals(error.code, "SB_LOAD");
    assertMatch(error.message, /broken\.js:1:/);
  });
  await t.step("one that is not there", async () => {
    const error = await rejected({ root, service: "rom" });
    assertEquals(error.code, "SB_SERVICE");
    assert(error.message.endsWith('did you mean "room"?'), error.message);
  });
});

Deno.test("a service that does not start is the error of the start, with file and line", async (t) => {
  using folders = recordFolders();
  const cases: [string, Record<string, string | object>, string, RegExp][] = [
    [
      "it throws",
      { "services/a/a.js": "\nthrow new Error('at once');" },
      "SB_LOAD",
      /at once[^]*a\.js:2/,
    ],
    ["a syntax error", { "services/a/a.ts": "let x: = 5;" }, "SB_LOAD", /a\.ts:1/],
    [
      "an import of nothing",
      { "services/a/a.js": 'import "./none.js"; export const get = 1;' },
      "SB_LOAD",
      /none\.js/,
    ],
    ["no controller", { "services/a/b.js": "" }, "SB_SERVICE", /no controller a\{/],
    [
      "a wrong manifest",
      { "services/a/a.js": "", "services/a/service.json": { memory: 1 } },
      "SB_MANIFEST",
      /did you mean "memoryMb"/,
    ],
    ["wrong settings", { "switchboard.json": { prt: 1 } }, "SB_SETTINGS", /did you mean "port"/],
    ["no service", { "readme.md": "" }, "SB_SERVICE", /There is no service in "/],
    [
      "two of them",
      { "services/a/a.js": "throw Error('one');", "services/b/b.js": "throw Error('two');" },
      "SB_LOAD",
      /one[^]*a\.js:1[^]*two[^]*b\.js:1/,
    ],
  ];
  for (const [name, files, code, message] of cases) {
    await t.step(name, async () => {
      const error = await rejected({ files });
      assertEquals(error.code, code);
      assertMatch(error.message, message);
    });
  }
  await t.step("no folder is left behind", () => assertRemoved(folders.made));
});

Deno.test("options that are not as they should be are named", async (t) => {
  const cases: [unknown, RegExp][] = [
    [null, /expected options such as \{ service: "chat" \}, got null$/],
    ["chat", /expected options such as \{ service: "chat" \}, got "chat"$/],
    [{ servce: "chat" }, /"servce" is not an option, did you mean "service"\?$/],
    [{ port: 8080 }, /"port" cannot be set in a test$/],
    [{ services: ["chat"] }, /"services" cannot be set in a test$/],
    [{ log() {} }, /"log" cannot be set in a test$/],
    [{ service: 5 }, /"service" must be a key such as "chat", or several, got 5$/],
    [{ root: ".", files: {} }, /"root" and "files" exclude each other/],
    [{ root: 5 }, /"root" must be a path or a file: URL, got 5$/],
    [{ files: 5 }, /"files" must be texts by their paths, got 5$/],
    [{ files: { "../x": "" } }, /"\.\.\/x" must be a path within the folder/],
    [{ files: { "a/../../x": "" } }, /must be a path within the folder/],
    [{ files: { "/x": "" } }, /"\/x" must be a path within the folder/],
    [{ files: { "": "" } }, /must be a path within the folder/],
    [{ files: { "a\0b": "" } }, /cannot be written/],
    [{ files: { "a": "", "a/b": "" } }, /"a\/b" cannot be written/],
    [{ files: { "a": 5 } }, /"a" must be text, bytes or a value for JSON, got 5$/],
    [{ files: { "a": null } }, /"a" must be text, bytes or a value for JSON, got null$/],
    [{ deadlineMs: 0 }, /"deadlineMs" must be a number above 0, got 0$/],
    [{ deadlineMs: "5" }, /"deadlineMs" must be a number above 0, got "5"$/],
    [{ limits: { sessions: -1 } }, /"limits.sessions" must be at least 0, got -1$/],
  ];
  using folders = recordFolders();
  for (const [options, message] of cases) {
    await t.step(String(message), async () => {
      const error = await rejected(options);
      assertEquals(error.code, "SB_SETTINGS");
      assertMatch(error.message, message);
    });
  }
  await t.step("no folder is left behind", () => assertRemoved(folders.made));
});

Deno.test("what does not come to be in time is an error that says how far it came", async (t) => {
  await using board = await TestBoard.start({
    files: { "services/room/room.js": ROOM },
    deadlineMs: 500,
  });
  await t.step("a group", async () => {
    await using ann = await board.connect("room", { deadlineMs: 15_000 });
    // Once it has heard itself it is a member.
    ann.send("hi");
    await ann.next();
    const error = await assertRejects(() => board.untilGroup("room", 2), SwitchboardError);
    assertEquals(
      [error.code, error.message],
      ["SB_TIMEOUT", 'Group "room" has 1, expected 2 members, after 0.5 s'],
    );
  });
  await t.step("a line", async () => {
    const error = await assertRejects(() => board.untilLogged(() => false), SwitchboardError);
    assertEquals(error.code, "SB_TIMEOUT");
    assertMatch(error.message, /^The expected line is not among the \d+ of the log/);
  });
  await t.step("a group that cannot be", async () => {
    await assertRejects(() => board.untilGroup(5 as unknown as string, 1), TypeError, "a number");
  });
});

Deno.test("a target that leads nowhere is named", async () => {
  await using board = await TestBoard.start({
    files: {
      "services/room/room.js": ROOM,
      "services/talk/talk.flow.json": {
        nodes: {
          socket: { use: "lolo/Websocket Trigger", params: { path: "/talk/:room" } },
          say: { file: "./say.js" },
        },
        edges: [["socket.req", "say.req"]],
      },
      "services/talk/say.js": "export const handler = (ev, ctx) => ctx.emit('response', {});",
    },
  });
  const cases: [unknown, string][] = [
    ["rom", 'There is no service "rom" here, did you mean "room"?'],
    [
      "services/room",
      'There is no service "services/room" here, expected room, talk, or a path such as /services/room',
    ],
    ["talk", 'Service "talk" is at many paths: connect to one that matches /talk/:room'],
  ];
  for (const [target, message] of cases) {
    const error = await assertRejects(() => board.connect(target as string), SwitchboardError);
    assertEquals([error.code, error.message], ["SB_SERVICE", message]);
  }
  await assertRejects(() => board.connect(5 as unknown as string), TypeError, "got 5");
});
