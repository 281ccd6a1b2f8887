import { assert, assertEquals, assertMatch } from "@std/assert";
import { Client, connectAndCloseWithoutCode, nextTexts } from "../../helpers/client.ts";
import { frameOf, Raw } from "../../helpers/raw.ts";
import type { Served } from "../../helpers/served.ts";
import { Server } from "../../helpers/server.ts";
import { SharedBoard } from "../../helpers/shared_board.ts";

// These cases depend on the transport: they run on both.

/**
 * Tells the group `watch` what happens to its sessions, and does what the session's parameters say. A client
 * that connects with `?watch` is told; it is none of those that things happen to.
 */
const WATCHED = `
  const ws = require("/lib/xp/websocket");
  const more = require("/lib/websocket");
  const tell = (news) => ws.sendToGroup("watch", JSON.stringify(news));
  exports.get = (req) => ({ webSocket: { data: "watch" in req.params ? { watch: true } : {} } });
  exports.webSocketEvent = (event) => {
    const { id, params } = event.session;
    if (event.data.watch) {
      if (event.type === "open") { ws.addToGroup("watch", id); ws.send(id, '"watching"'); }
      return "ignored";
    }
    if (event.type === "open") ws.addToGroup("room", id);
    const { session, message, ...rest } = event;
    const keys = Object.keys(event).sort().join();
    const shown = typeof message === "string" && message.length > 100 ? message.length : message;
    tell({ ...rest, keys, message: shown instanceof Uint8Array ? [...shown] : shown, room: ws.getGroupSize("room") });
    if (params.throws === event.type) throw new Error("thrown in " + event.type);
    if (params.rejects === event.type) return Promise.reject(new Error("rejected in " + event.type));
    if (params.errorThrows && event.type === "error") throw new Error("thrown in error");
    if (event.type === "close") {
      ws.send(id, "too late");
      tell({ after: "send in close" });
    }
    if (event.message === "bye") more.close(id, 4100, "as you wish");
    return { anything: "is ignored" };
  };
`;

class Watcher {
  private constructor(readonly client: Client) {}

  static async open(server: Served, service = "watched"): Promise<Watcher> {
    const watcher = new Watcher(await Client.open(server.ws(`/services/${service}?watch`)));
    assertEquals(await watcher.client.nextJson(), "watching");
    return watcher;
  }

  /** The next events, as `type` and what is asked for. */
  async types(count: number): Promise<string[]> {
    const types: string[] = [];
    while (types.length < count) {
      const { type } = await this.client.nextJson();
      if (type) types.push(type);
    }
    return types;
  }

  // deno-lint-ignore no-explicit-any
  async next(type: string): Promise<any> {
    while (true) {
      const news = await this.client.nextJson();
      if (news.type === type) return news;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.close();
  }
}

const suite = new SharedBoard({ "services/watched/watched.js": WATCHED });

suite.add("events and their keys", {
  "services/keys/keys.js": `
    const { send } = require("/lib/xp/websocket");
    exports.get = () => ({ webSocket: { data: { n: 1 } } });
    exports.webSocketEvent = (e) => e.type !== "close" && send(e.session.id, JSON.stringify(e));
  `,
}, async (server, t) => {
  await t.step("session has id, path and params; user is absent when anonymous", async () => {
    await using client = await Client.open(server.ws("/services/keys/a%20b?x=1&y=2&y=3"));
    const { session, type, data } = await client.nextJson();
    assertEquals([type, data], ["open", { n: 1 }]);
    assertEquals(Object.keys(session), ["id", "path", "params"]);
    assertEquals(session.path, "/services/keys/a b");
    assertEquals(session.params, { x: "1", y: ["2", "3"] });
  });

  await t.step("session.id is unguessable, and its node readable from it", async () => {
    const ids: string[] = [];
    for (let count = 0; count < 3; count++) {
      await using client = await Client.open(server.ws("/services/keys"));
      ids.push((await client.nextJson()).session.id);
    }
    assertEquals(new Set(ids).size, 3);
    const [node] = ids[0]!.split(".");
    for (const id of ids) assertMatch(id, new RegExp(`^${node}\\.[A-Za-z0-9_-]{22}$`));
  });

  await t.step("message is a string for text and bytes for a binary message", async () => {
    await using watcher = await Watcher.open(server);
    await using client = await Client.open(server.ws("/services/watched"));
    client.send("text å");
    client.send(new Uint8Array([0, 255]));
    client.send("");
    assertEquals((await watcher.next("message")).message, "text å");
    assertEquals((await watcher.next("message")).message, [0, 255]);
    assertEquals((await watcher.next("message")).message, "");
  });

  await t.step("keys without a value are absent", async () => {
    await using watcher = await Watcher.open(server);
    const client = await Client.open(server.ws("/services/watched"));
    client.send("x");
    await client.close(4000);
    assertEquals((await watcher.next("open")).keys, "data,session,type");
    assertEquals((await watcher.next("message")).keys, "data,message,session,type");
    assertEquals((await watcher.next("close")).keys, "closeReason,data,session,type");
  });

  await t.step("closeReason is the client's code, 1005 if it gave none", async () => {
    await using watcher = await Watcher.open(server);
    for (const code of [1000, 3000, 4999]) {
      await (await Client.open(server.ws("/services/watched"))).close(code, "bye");
      assertEquals((await watcher.next("close")).closeReason, code);
    }
    await connectAndCloseWithoutCode(server.ws("/services/watched"));
    assertEquals((await watcher.next("close")).closeReason, 1005);
  });

  await t.step("abrupt loss of the connection: close with 1006", async () => {
    await using watcher = await Watcher.open(server);
    const raw = await Raw.connect(server.port);
    await raw.handshake("/services/watched");
    await watcher.next("open");
    raw[Symbol.dispose]();
    const { closeReason } = await watcher.next("close");
    assertEquals(closeReason, 1006);
  });

  await t.step("the sample's order: open, messages, close", async () => {
    await using watcher = await Watcher.open(server);
    const client = await Client.open(server.ws("/services/watched"));
    for (let index = 0; index < 100; index++) client.send(String(index));
    await client.close();
    assertEquals((await watcher.next("open")).type, "open");
    for (let index = 0; index < 100; index++) {
      assertEquals((await watcher.client.nextJson()).message, String(index));
    }
    assertEquals((await watcher.client.nextJson()).type, "close");
  });

  await t.step(
    "during close it still counts in its groups, and sending to it is silent",
    async () => {
      await using watcher = await Watcher.open(server);
      const client = await Client.open(server.ws("/services/watched"));
      assertEquals((await watcher.next("open")).room, 1);
      await client.close();
      assertEquals((await watcher.next("close")).room, 1);
      assertEquals(await watcher.client.nextJson(), { after: "send in close" });
    },
  );

  await t.step("a controller may close a session: the code arrives on both sides", async () => {
    await using watcher = await Watcher.open(server);
    const client = await Client.open(server.ws("/services/watched"));
    client.send("bye");
    assertEquals(await client.untilClosed(), { code: 4100, reason: "as you wish" });
    assertEquals((await watcher.next("close")).closeReason, 4100);
  });

  await t.step("exactly one close per session, whichever side closes first", async () => {
    await using watcher = await Watcher.open(server);
    for (let round = 0; round < 20; round++) {
      const client = await Client.open(server.ws("/services/watched"));
      client.send("bye");
      await client.close(4001);
    }
    await using last = await Client.open(server.ws("/services/watched"));
    last.send("last");
    const closes: number[] = [];
    while (true) {
      const { type, message, closeReason } = await watcher.client.nextJson();
      if (type === "close") closes.push(closeReason);
      if (message === "last") break;
    }
    assertEquals(closes.length, 20);
    assert(closes.every((code) => code === 4100 || code === 4001), String(closes));
  });

  await t.step("nothing is left", async () => {
    assertEquals(await server.settled(), { sessions: 0, groups: 0 });
    const lines = server.log.all.map((line) => JSON.parse(line));
    // That one has a second to answer, which a busy machine may take.
    assertEquals(lines.filter(({ service }) => service !== "stuck"), []);
  });
});

suite.add("errors in handlers", {}, async (server, t) => {
  for (const how of ["throws", "rejects"]) {
    const said = how === "throws" ? "thrown" : "rejected";

    await t.step(`open ${how}: error, then close with 1011, and the socket is closed`, async () => {
      await using watcher = await Watcher.open(server);
      const client = await Client.open(server.ws(`/services/watched?${how}=open`));
      client.send("dropped");
      assertEquals((await client.untilClosed()).code, 1011);
      await watcher.next("open");
      const error = await watcher.client.nextJson();
      assertEquals([error.type, error.error], ["error", `Error: ${said} in open`]);
      assertEquals(error.keys, "data,error,session,type");
      const close = await watcher.client.nextJson();
      assertEquals([close.type, close.closeReason], ["close", 1011]);
      const line = await server.logged(({ message }) => message.includes(`${said} in open`));
      assertMatch(line.message, /webSocketEvent "open".*\n.*watched\.js:\d+:\d+/);
    });

    await t.step(`message ${how}: an error event, and the socket stays open`, async () => {
      await using watcher = await Watcher.open(server);
      await using client = await Client.open(server.ws(`/services/watched?${how}=message`));
      client.send("one");
      client.send("two");
      await watcher.next("open");
      assertEquals(await watcher.types(4), ["message", "error", "message", "error"]);
      await server.logged(({ message }) => message.includes(`${said} in message`));
    });

    await t.step(`close ${how}: logged only`, async () => {
      await using watcher = await Watcher.open(server);
      await (await Client.open(server.ws(`/services/watched?${how}=close`))).close();
      assertEquals(await watcher.types(2), ["open", "close"]);
      await server.logged(({ message }) => message.includes(`${said} in close`));
    });
  }

  await t.step("error throws: logged only", async () => {
    await using watcher = await Watcher.open(server);
    await using client = await Client.open(
      server.ws("/services/watched?throws=message&errorThrows=1"),
    );
    client.send("one");
    await watcher.next("open");
    assertEquals(await watcher.types(2), ["message", "error"]);
    await server.logged(({ message }) => message.includes("thrown in error"));
    client.send("two");
    assertEquals(await watcher.types(2), ["message", "error"]);
  });

  await t.step("nothing is left", async () => {
    assertEquals(await server.settled(), { sessions: 0, groups: 0 });
  });
});

suite.add("order with asynchronous handlers", {
  "services/slow/slow.js": `
    const { send } = require("/lib/xp/websocket");
    const gates = new Map();
    let running = 0;
    exports.get = () => ({ webSocket: {} });
    exports.webSocketEvent = async ({ type, session, message }) => {
      if (type !== "message") return;
      const [what, name] = message.split(" ");
      if (what === "wait") {
        running++;
        await new Promise((resolve) => gates.set(name, resolve));
        running--;
      }
      if (what === "release") {
        while (!gates.has(name)) await new Promise((resolve) => setTimeout(resolve, 1));
        gates.get(name)();
      }
      send(session.id, message + " " + running);
    };
  `,
}, async (server, t) => {
  await t.step("the next event of the same socket waits, other sockets do not", async () => {
    await using slow = await Client.open(server.ws("/services/slow"));
    await using other = await Client.open(server.ws("/services/slow"));
    slow.send("wait a");
    slow.send("second");
    other.send("quick");
    assertEquals(await other.next(), "quick 1");
    assertEquals(slow.waiting.length, 0);
    other.send("release a");
    assertEquals(await slow.next(), "wait a 0");
    assertEquals(await slow.next(), "second 0");
  });

  await t.step("10,000 messages behind a busy one keep their order", async () => {
    await using slow = await Client.open(server.ws("/services/slow"), { deadlineMs: 60_000 });
    await using other = await Client.open(server.ws("/services/slow"));
    slow.send("wait b");
    for (let index = 0; index < 10_000; index++) slow.send(`n${index}`);
    other.send("release b");
    assertEquals(await slow.next(), "wait b 0");
    assertEquals(
      await nextTexts(slow, 10_000),
      Array.from({ length: 10_000 }, (_, index) => `n${index} 0`),
    );
  });

  await t.step("a client that sends without end does not hold up others", async () => {
    const flood = await Client.open(server.ws("/services/slow"), { deadlineMs: 60_000 });
    await using other = await Client.open(server.ws("/services/slow"));
    flood.send("wait c");
    for (let index = 0; index < 17_000; index++) flood.send("x");
    if (Deno.env.get("SWITCHBOARD_TRANSPORT") !== "ws") {
      // Deno resets a connection that it closes with messages under way: the code may be lost.
      assert([1013, 1006, 0].includes((await flood.untilClosed()).code));
      await server.logged(({ message }) =>
        message.includes("messages arrive faster than the service handles them")
      );
    }
    other.send("fine");
    assertEquals(await other.next(), "fine 1");
    other.send("release c");
    await other.next();
    if (Deno.env.get("SWITCHBOARD_TRANSPORT") !== "ws") return;
    // It was let wait, and has lost nothing.
    assertEquals(await flood.next(), "wait c 0");
    assertEquals(await nextTexts(flood, 17_000), Array(17_000).fill("x 0"));
    await flood.close();
  });

  await t.step("module state is shared by all connections of a service", async () => {
    await using one = await Client.open(server.ws("/services/slow"));
    await using two = await Client.open(server.ws("/services/slow"));
    one.send("wait d");
    two.send("release d");
    assertEquals(await one.next(), "wait d 0");
  });

  await t.step("nothing is left", async () => {
    assertEquals(await server.settled(), { sessions: 0, groups: 0 });
  });
});

suite.add("limits", {
  "services/small/small.js": WATCHED,
  "services/small/service.json": { maxMessageBytes: 10 },
  "services/idle/idle.js": WATCHED,
  "services/idle/service.json": { idleTimeoutSec: 1 },
  "services/full/full.js": WATCHED,
  "services/full/service.json": { maxSessions: 2 },
  "services/stuck/stuck.js": `
    const { addToGroup } = require("/lib/xp/websocket");
    exports.get = () => ({ webSocket: {} });
    exports.webSocketEvent = ({ type, session }) => {
      if (type === "open") addToGroup("stuck", session.id);
      if (type === "close") return new Promise(() => {});
    };
  `,
  "services/stuck/service.json": { eventTimeoutMs: 1000 },
}, async (server, t) => {
  await t.step("text of exactly 65,536 bytes passes", async () => {
    await using watcher = await Watcher.open(server);
    await using client = await Client.open(server.ws("/services/watched"));
    client.send("x".repeat(65536));
    assertEquals((await watcher.next("message")).message, 65536);
  });

  await t.step("over the limit: error, then close 1009", async () => {
    await using watcher = await Watcher.open(server);
    const client = await Client.open(server.ws("/services/watched"));
    client.send("x".repeat(65537));
    assertEquals((await client.untilClosed()).code, 1009);
    await watcher.next("open");
    const error = await watcher.client.nextJson();
    assertEquals([error.type, error.error], ["error", "Message is larger than 65536 bytes"]);
    assertEquals((await watcher.client.nextJson()).closeReason, 1009);
  });

  await t.step("the limit is the manifest's, and counts bytes of UTF-8", async () => {
    for (const message of ["ååååå", "1234567890", new Uint8Array(10)]) {
      await using watcher = await Watcher.open(server, "watched");
      await using client = await Client.open(server.ws("/services/small"));
      client.send(message);
      await watcher.next("message");
    }
    for (const message of ["åååååx", new Uint8Array(11), "€€€€"]) {
      const client = await Client.open(server.ws("/services/small"));
      client.send(message);
      assertEquals((await client.untilClosed()).code, 1009);
    }
  });

  await t.step("fragments add up", async () => {
    using raw = await Raw.connect(server.port);
    await raw.handshake("/services/small");
    await raw.write(frameOf(1, "12345", false));
    await raw.write(frameOf(0, "678901", true));
    const frame = await raw.frame();
    assertEquals([frame!.opcode, frame!.payload[0]! << 8 | frame!.payload[1]!], [8, 1009]);
  });

  await t.step("idle: error, then close 1001", async () => {
    // The sessions before still tell of their close.
    await server.until(({ sessions }) => sessions === 0);
    await using watcher = await Watcher.open(server);
    const client = await Client.open(server.ws("/services/idle"));
    assertEquals((await client.untilClosed()).code, 1001);
    await watcher.next("open");
    const error = await watcher.client.nextJson();
    assertEquals([error.type, error.error], ["error", "No message for 1 s"]);
    assertEquals((await watcher.client.nextJson()).closeReason, 1001);
  });

  await t.step("maxSessions: one more is 503, until one leaves", async () => {
    const one = await Client.open(server.ws("/services/full"));
    await using _two = await Client.open(server.ws("/services/full"));
    using raw = await Raw.connect(server.port);
    assertMatch(await raw.handshake("/services/full"), /^HTTP\/1\.1 503 [^]*retry-after/i);
    await one.close();
    assertEquals((await server.until(({ sessions }) => sessions === 1)).sessions, 1);
    await (await Client.open(server.ws("/services/full"))).close();
  });

  await t.step("a close handler that never ends does not keep its session", async () => {
    const client = await Client.open(server.ws("/services/stuck"));
    await client.close();
    await server.logged(({ message }) => message.includes("close event was not handled in time"));
    assertEquals(await server.settled(), { sessions: 0, groups: 0 });
  });
});

suite.add("the documented chat greets anonymous users with 1011", {
  "services/chat/chat.js": `
    var ws = require('/lib/xp/websocket');
    exports.get = function (req) {
      if (!req.webSocket) return { status: 404 };
      return { webSocket: { data: { group: 'lobby' }, subProtocols: ['text'] } };
    };
    exports.webSocketEvent = function (event) {
      if (event.type == 'open') {
        ws.addToGroup('lobby', event.session.id);
        ws.send(event.session.id, 'Welcome ' + event.session.user ? event.session.user.displayName : 'guest');
      }
      if (event.type == 'message') ws.sendToGroup('lobby', event.message);
    };
  `,
}, async (server) => {
  const client = await Client.open(server.ws("/services/chat"), { protocols: ["text"] });
  assertEquals(client.protocol, "text");
  assertEquals((await client.untilClosed()).code, 1011);
  const { message } = await server.logged(({ service }) => service === "chat");
  assertMatch(message, /webSocketEvent "open".*TypeError: .*displayName/);
  assertMatch(message, /chat\.js:10:\d+/);
  assertEquals(await server.settled(), { sessions: 0, groups: 0 });
});

suite.add("a service removed closes its sockets with 1001", {}, async (server) => {
  const gone = await Client.open(server.ws("/services/full"));
  await using stays = await Client.open(server.ws("/services/keys"));
  await server.board.remove("full");
  assertEquals((await gone.untilClosed()).code, 1001);
  assertEquals(await server.status("/services/full"), 404);
  assertEquals(server.board.stats.sessions, 1);
  assertEquals((await stays.close(1000)).code, 1000);
});

Deno.test("contract XP 3: events", suite.run);

Deno.test("contract XP 3: a server as a process", async (t) => {
  await using server = await Server.start({
    "switchboard.json": { limits: { sessionsPerAddress: 0, handshakesPerSecPerAddress: 0 } },
    "services/last/last.js": `
      const { addToGroup } = require("/lib/xp/websocket");
      exports.get = () => ({ webSocket: {} });
      exports.webSocketEvent = ({ type, session, closeReason }) => {
        if (type === "open") addToGroup("room", session.id);
        if (type === "close") log.info("closed %s", closeReason);
      };
    `,
  });

  await t.step("1,000 sockets that drop at once leave nothing", async () => {
    const before = server.openFiles();
    const raws = await Promise.all(
      Array.from({ length: 1000 }, async () => {
        const raw = await Raw.connect(server.port);
        assertMatch(await raw.handshake("/services/last"), /^HTTP\/1\.1 101 /);
        return raw;
      }),
    );
    assertEquals((await server.until(({ sessions }) => sessions >= 1000)).sessions, 1000);
    for (const raw of raws) raw[Symbol.dispose]();
    assertEquals(await server.settled(), { sessions: 0, groups: 0 });
    await using client = await Client.open(server.ws("/services/last"));
    assertEquals((await client.close(1000)).code, 1000);
    await server.until(() => server.openFiles() <= before + 3);
    assert(server.openFiles() <= before + 3, `${server.openFiles()} open files, ${before} before`);
  });

  await t.step("the server stopping closes sockets with 1001 and tells controllers", async () => {
    const clients = await Promise.all(
      Array.from({ length: 20 }, () => Client.open(server.ws("/services/last"))),
    );
    assertEquals((await server.until(({ sessions }) => sessions >= 20)).sessions, 20);
    const status = await server.stop("SIGTERM");
    assertEquals(status.code, 0);
    for (const client of clients) {
      assertEquals(await client.untilClosed(), { code: 1001, reason: "server stopping" });
    }
    assertEquals(server.log.all.filter((line) => line.includes("closed 1001")).length, 20);
  });
});
