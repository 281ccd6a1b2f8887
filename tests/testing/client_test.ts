import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { SwitchboardError } from "../../mod.ts";
import { HandshakeError, TestBoard, TestClient } from "../../lib/tools/testing/mod.ts";

Deno.test.sanitizer({ ops: true, resources: true });

/** Sends back what it is told; JSON lists are sent back one by one, `close` closes. */
const PEER = `
  import { close, send } from "/lib/websocket";
  export const get = (req) => {
    if (req.params.status) {
      return { status: Number(req.params.status), body: "refused: " + req.params.status, headers: { "x-why": "test" } };
    }
    return { webSocket: { data: { who: req.headers["x-who"] ?? "" }, subProtocols: ["talk"] } };
  };
  export function webSocketEvent({ type, session, message, data }) {
    const { id } = session;
    if (type !== "message") return;
    if (message === "who") send(id, data.who);
    else if (message === "close") close(id, 4001, "as you say");
    else if (message === "throw") throw new Error("controller is broken");
    else if (message === "bytes") send(id, new Uint8Array([1, 2, 3]));
    else if (typeof message === "string" && message.startsWith("[")) {
      for (const one of JSON.parse(message)) send(id, typeof one === "string" ? one : JSON.stringify(one));
    } else send(id, message);
  }`;

const start = (deadlineMs = 5000) =>
  TestBoard.start({ files: { "services/peer/peer.js": PEER }, deadlineMs });

/** How long a client waits in vain, ms: long enough to connect on a busy machine. */
const IN_VAIN_MS = 1000;

/** Waits until a client has been sent so many messages, however long that takes. */
async function received(client: TestClient, count: number): Promise<void> {
  while (client.received.length < count) await new Promise((done) => setTimeout(done, 5));
}

/** The message of what is rejected, without what differs from run to run. */
async function rejected(
  code: string,
  call: () => Promise<unknown>,
): Promise<string> {
  const error = await assertRejects(call, SwitchboardError);
  assertEquals(error.code, code);
  return error.message.replace(/:\d{4,5}\//g, ":PORT/");
}

Deno.test("a client hears what comes, in order, and can talk to any server", async (t) => {
  await using board = await start();
  await t.step("messages are awaited one by one, in the order in which they came", async (t) => {
    await using ann = await board.connect("peer");
    await t.step("texts", async () => {
      ann.send('["one", "two", "three"]');
      assertEquals([await ann.next(), await ann.next(), await ann.next()], ["one", "two", "three"]);
    });
    await t.step("asked for before they have come, at the same time", async () => {
      const both = Promise.all([ann.next(), ann.next()]);
      ann.send('["one", "two"]');
      assertEquals(await both, ["one", "two"]);
    });
    await t.step("bytes", async () => {
      ann.send(new Uint8Array([7, 8]));
      assertEquals(await ann.nextBytes(), new Uint8Array([7, 8]));
    });
    await t.step("JSON", async () => {
      ann.sendJson({ a: [1, null] });
      assertEquals(await ann.nextJson(), { a: [1, null] });
    });
    await t.step("with a condition, what it is not true of is passed over", async () => {
      ann.sendJson(["a", 1, "bc", { type: "said" }, { type: "move", to: 5 }, "end"]);
      ann.send("bytes");
      assertEquals(await ann.next((text) => text.length === 2), "bc");
      assertEquals(await ann.nextJson(({ type }) => type === "move"), { type: "move", to: 5 });
      assertEquals(await ann.nextBytes((bytes) => bytes[2] === 3), new Uint8Array([1, 2, 3]));
      assertEquals(ann.waiting, []);
    });
    await t.step("what has come, and what waits", async () => {
      await using ben = await board.connect("peer");
      ben.send('["a", "b", "c"]');
      await ben.next((text) => text === "b");
      ben.send("close");
      await ben.untilClosed();
      assertEquals([ben.received, ben.waiting], [["a", "b", "c"], ["c"]]);
    });
  });

  await t.step("a condition says which of several types it is", async () => {
    type News = { type: "said"; text: string } | { type: "left"; name: string };
    await using ann = await board.connect<News, News[]>("peer");
    ann.sendJson([{ type: "left", name: "Ben" }, { type: "said", text: "hi" }]);
    // This is checked by the compiler: only one of the two has a text.
    const { text } = await ann.nextJson((news) => news.type === "said");
    assertEquals(text, "hi");
  });

  await t.step("headers, sub-protocols and parameters go with the handshake", async () => {
    await using ann = await board.connect("peer", {
      headers: { "X-Who": "Ann" },
      protocols: ["other", "talk"],
      params: { "a b": "ä&=" },
    });
    assertEquals(ann.protocol, "talk");
    assertEquals(new URL(ann.url).search, "?a+b=%C3%A4%26%3D");
    ann.send("who");
    assertEquals(await ann.next(), "Ann");
  });

  await t.step("what is of another kind is an error that shows it", async () => {
    await using ann = await board.connect("peer");
    ann.send('["plain", "{}"]');
    ann.send("bytes");
    const cases: [() => Promise<unknown>, string][] = [
      [() => ann.nextJson(), 'Expected JSON from ws://127.0.0.1:PORT/services/peer, got "plain"'],
      [
        () => ann.nextBytes(),
        "Expected bytes from ws://127.0.0.1:PORT/services/peer, got {}",
      ],
      [() => ann.next(), "Expected text from ws://127.0.0.1:PORT/services/peer, got 3 bytes"],
    ];
    for (const [call, expected] of cases) {
      const { message } = await assertRejects(call, TypeError);
      assertEquals(message.replace(/:\d+\//, ":PORT/"), expected);
    }
  });

  await t.step("a waiting call is told when the server closes the socket", async () => {
    const ann = await board.connect("peer");
    const waiting = rejected("SB_CLOSED", () => ann.next());
    ann.send("close");
    assertEquals(await ann.untilClosed(), { code: 4001, reason: "as you say" });
    const at = "the socket at ws://127.0.0.1:PORT/services/peer was closed with 4001 " +
      '"as you say"; nothing has come so far';
    assertEquals(await waiting, `No text can arrive any more: ${at}`);
    assertEquals(
      await rejected("SB_CLOSED", () => ann.nextJson()),
      `No JSON can arrive any more: ${at}`,
    );
    const error = assertThrows(() => ann.send("x"), SwitchboardError, "Cannot send: the socket");
    assertEquals(error.code, "SB_CLOSED");
    assertEquals(await ann.close(), { code: 4001, reason: "as you say" });
  });

  await t.step("what came before the end can be had after it", async () => {
    const ann = await board.connect("peer");
    ann.send('["last words"]');
    ann.send("close");
    await ann.untilClosed();
    assertEquals(await ann.next(), "last words");
  });

  await t.step("a client says goodbye, or not", async (t) => {
    await t.step("with a code and a reason", async () => {
      const ann = await board.connect("peer");
      assertEquals(await ann.close(4002, "bye"), { code: 4002, reason: "bye" });
      await ann[Symbol.asyncDispose]();
    });
    await t.step("with a code that must not be", async () => {
      await using ann = await board.connect("peer");
      await assertRejects(() => ann.close(1006), RangeError, "got 1006");
      await assertRejects(() => ann.close(1000, "x".repeat(124)), RangeError);
    });
    await t.step("without", async () => {
      const ann = await board.connect("peer");
      assertEquals((await ann.drop()).code, 1006);
    });
  });

  await t.step("a refused handshake rejects with status, headers and body", async (t) => {
    for (const status of [401, 403, 500, 303, 200]) {
      await t.step(String(status), async () => {
        const error = await assertRejects(
          () => board.connect("peer", { params: { status: String(status) } }),
          HandshakeError,
        );
        assertEquals(
          [error.name, error.code, error.status, error.body, error.headers.get("x-why")],
          ["HandshakeError", "SB_HANDSHAKE", status, `refused: ${status}`, "test"],
        );
        assertMatch(
          error.message,
          new RegExp(`^No websocket at ws://.*: the answer is ${status}, "refused: ${status}"$`),
        );
      });
    }
    await t.step("an origin that may not", async () => {
      const error = await assertRejects(
        () => board.connect("peer", { headers: { origin: "https://evil.example" } }),
        HandshakeError,
      );
      assertEquals(error.status, 403);
    });
    await t.step("a path with nothing", async () => {
      const error = await assertRejects(() => board.connect("/nothing"), HandshakeError);
      assertEquals(error.status, 404);
    });
  });

  await t.step("a client may connect to any server, and says why it cannot", async (t) => {
    await t.step("to a board by its URL", async () => {
      await using ann = await TestClient.open(`${board.url.replace("http", "ws")}/services/peer`);
      ann.send("hi");
      assertEquals(await ann.next(), "hi");
    });
    await t.step("nothing listens there", async () => {
      using listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
      const url = `ws://127.0.0.1:${listener.addr.port}/`;
      listener.close();
      assertMatch(await rejected("SB_HANDSHAKE", () => TestClient.open(url)), /ECONNREFUSED/);
    });
    await t.step("the server does not answer", async () => {
      using listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
      const accepted = listener.accept();
      const url = `ws://127.0.0.1:${listener.addr.port}/`;
      const message = await rejected(
        "SB_HANDSHAKE",
        () => TestClient.open(url, { deadlineMs: 50 }),
      );
      assertMatch(message, /handshake has timed out/);
      (await accepted).close();
    });
    await t.step("an answer that never ends, and one that is long", async () => {
      await using endless = Deno.serve(
        { port: 0, hostname: "127.0.0.1", onListen() {} },
        ({ url }) =>
          url.endsWith("/long")
            ? new Response("x".repeat(1_000_000), { status: 403 })
            : new Response(
              new ReadableStream({ start: (body) => body.enqueue(new Uint8Array(1)) }),
            ),
      );
      const url = `ws://127.0.0.1:${endless.addr.port}`;
      await rejected("SB_HANDSHAKE", () => TestClient.open(`${url}/endless`, { deadlineMs: 50 }));
      const { status, body, message } = await assertRejects(
        () => TestClient.open(`${url}/long`),
        HandshakeError,
      );
      assertEquals(status, 403);
      assert(body.length < 200_000 && message.length < 400);
    });
    await t.step("a URL that is none", async () => {
      await assertRejects(() => TestClient.open("nowhere"), TypeError);
      await rejected("SB_HANDSHAKE", () => TestClient.open("ftp://127.0.0.1/"));
    });
  });

  await t.step("what cannot be sent is an error", async () => {
    await using ann = await board.connect("peer");
    // deno-lint-ignore no-explicit-any
    const loose = ann as any;
    for (const value of [undefined, null, 5, {}, []]) {
      assertThrows(() => loose.send(value), TypeError, "expected text or bytes");
    }
    assertThrows(() => loose.sendJson(undefined), TypeError, "expected text or bytes");
  });
});

Deno.test("a client that waits in vain is told what came instead, and where it waited", async (t) => {
  await using board = await start(IN_VAIN_MS);
  // These come first: later a warning in the log would be part of each message.
  await t.step(
    "an error's stack leads to the call that waits, whatever made it later",
    async (t) => {
      await using ann = await board.connect("peer");
      const cases: [string, () => Promise<unknown>][] = [
        ["next()", () => ann.next()],
        ["untilClosed()", () => ann.untilClosed()],
        ["untilGroup()", () => board.untilGroup("none", 1)],
        ["untilLogged()", () => board.untilLogged(() => false)],
        ["connect()", () => board.connect("/nothing")],
        ["nextJson(), of something else", () => {
          const json = ann.nextJson();
          ann.send("no JSON");
          return json;
        }],
        ["next(), and the end", () => {
          const text = ann.next();
          ann.send("close");
          return text;
        }],
      ];
      // All four that wait in vain do so at the same time.
      const calls = cases.map(([name, call], index) => {
        const waits = index < 4 ? assertRejects(call, Error) : null;
        return [name, () => waits ?? assertRejects(call, Error)] as const;
      });
      for (const [name, rejects] of calls) {
        await t.step(name, async () => {
          const { stack, message } = await rejects();
          assertMatch(stack!, /^.*\n {4}at .*client_test\.ts/);
          assert(stack!.includes(message), stack);
        });
      }
    },
  );

  await t.step("what does not come in time is an error that says what came", async (t) => {
    await using ann = await board.connect("peer");
    const at = "at ws://127.0.0.1:PORT/services/peer";
    await t.step("nothing", async () => {
      assertEquals(
        await rejected("SB_TIMEOUT", () => ann.next()),
        `Text did not come within 1 s ${at}; nothing has come so far`,
      );
    });
    await t.step("something else", async () => {
      ann.send('["a", {"b":1}]');
      ann.send("bytes");
      await received(ann, 3);
      assertEquals(
        await rejected("SB_TIMEOUT", () => ann.next((text) => text === "c")),
        `Expected text did not come within 1 s ${at}; ` +
          '3 messages have come so far: "a", {"b":1}, 3 bytes',
      );
    });
    await t.step("a lot, and long", async () => {
      ann.sendJson(Array.from({ length: 20 }, (_, i) => `${i}${"x".repeat(100)}`));
      await received(ann, 23);
      const message = await rejected("SB_TIMEOUT", () => ann.nextJson((value) => value === 0));
      assertMatch(message, /^Expected JSON/);
      assertMatch(message, /23 messages have come so far, the last 10 of them: "10x+\.\.\.", "11/);
      assert(message.length < 1200, message);
    });
    await t.step("what the log warns of", async () => {
      ann.send("throw");
      await board.untilLogged(({ level }) => level === "ERROR");
      const message = await rejected("SB_TIMEOUT", () => ann.nextBytes());
      assertMatch(message, /\nThe log warns:\nERROR peer [^]*controller is broken[^]*peer\.js:14/);
    });
    await t.step("the end of the socket", async () => {
      assertMatch(
        await rejected("SB_TIMEOUT", () => ann.untilClosed()),
        /^The socket was not closed within 1 s at/,
      );
    });
    await t.step("with a deadline of its own", async () => {
      await using ben = await board.connect("peer", { deadlineMs: 750 });
      assertMatch(await rejected("SB_TIMEOUT", () => ben.next()), /within 0\.75 s/);
    });
  });
});
