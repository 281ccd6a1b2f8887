import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  chooseProtocol,
  handshakeProblem,
  wantsWebSocket,
} from "../../lib/host/gateway/handshake.ts";
import { frameOf, Raw } from "../helpers/raw.ts";
import { Board } from "../helpers/board.ts";
import type { Served } from "../helpers/served.ts";
import { Server } from "../helpers/server.ts";

type Changes = Record<string, string | null>;

const GOOD = {
  "Host": "127.0.0.1",
  "Upgrade": "websocket",
  "Connection": "Upgrade",
  "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
  "Sec-WebSocket-Version": "13",
};

function requestWith(changes: Changes, method = "GET"): Request {
  const headers = new Headers(GOOD);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) headers.delete(name);
    else headers.set(name, value);
  }
  return new Request("http://127.0.0.1/services/echo", { method, headers });
}

/** Handshakes that are as they should be. */
const ACCEPTED: [string, Changes][] = [
  ["a plain one", {}],
  ["Upgrade in capitals", { "Upgrade": "WebSocket" }],
  ["Upgrade in a list", { "Upgrade": "h2c, websocket" }],
  ["Connection in small letters", { "Connection": "upgrade" }],
  ["Connection: keep-alive, Upgrade", { "Connection": "keep-alive, Upgrade" }],
  ["Connection: Upgrade,keep-alive", { "Connection": "Upgrade,keep-alive" }],
  ["a key whose spare bits are zero", { "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==" }],
  ["a key with + and /", { "Sec-WebSocket-Key": "++++////++++////++++/A==" }],
  ["blanks around values", { "Sec-WebSocket-Version": " 13 ", "Connection": "  Upgrade " }],
  ["extensions that nobody speaks", { "Sec-WebSocket-Extensions": "x-nope; a=1" }],
];

/** Handshakes that are not, and the status that says so. */
const REFUSED: [string, Changes, number][] = [
  ["no version", { "Sec-WebSocket-Version": null }, 426],
  ["version 8", { "Sec-WebSocket-Version": "8" }, 426],
  ["version 14", { "Sec-WebSocket-Version": "14" }, 426],
  ["version 013", { "Sec-WebSocket-Version": "013" }, 426],
  ["version 13.0", { "Sec-WebSocket-Version": "13.0" }, 426],
  ["an empty version", { "Sec-WebSocket-Version": "" }, 426],
  ["two versions", { "Sec-WebSocket-Version": "13, 8" }, 426],
  ["no key", { "Sec-WebSocket-Key": null }, 400],
  ["an empty key", { "Sec-WebSocket-Key": "" }, 400],
  ["a key of 15 bytes", { "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAA" }, 400],
  ["a key of 17 bytes", { "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAAA=" }, 400],
  ["a long key", { "Sec-WebSocket-Key": `${"A".repeat(4000)}==` }, 400],
  ["a key without padding", { "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ" }, 400],
  ["a key in base64url", { "Sec-WebSocket-Key": "____----____----____-A==" }, 400],
  ["a key with spare bits", { "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZR==" }, 400],
  ["a key with a blank", { "Sec-WebSocket-Key": "dGhlIHNhbXBs ZSBub25jZQ=" }, 400],
  ["two keys", { "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==, dGhlIHNhbXBsZSBub25jZQ==" }, 400],
  ["no Connection", { "Connection": null }, 400],
  ["Connection: keep-alive", { "Connection": "keep-alive" }, 400],
  ["Connection: Upgraded", { "Connection": "Upgraded" }, 400],
  ["Connection: close", { "Connection": "close" }, 400],
];

Deno.test("wantsWebSocket() is true of every request that asks for a websocket", async (t) => {
  const cases: [string | null, boolean][] = [
    ["websocket", true],
    ["WebSocket", true],
    [" websocket ", true],
    ["h2c,websocket", true],
    ["h2c , WEBSOCKET", true],
    [null, false],
    ["", false],
    ["h2c", false],
    ["websockets", false],
    ["web socket", false],
    ["websocket/13", false],
    ["TLS/1.0", false],
  ];
  for (const [value, wants] of cases) {
    await t.step(JSON.stringify(value), () => {
      assertEquals(wantsWebSocket(new Headers(value === null ? {} : { upgrade: value })), wants);
    });
  }
});

Deno.test("handshakeProblem() finds nothing wrong with a handshake as it should be", async (t) => {
  for (const [name, changes] of ACCEPTED) {
    await t.step(name, () => assertEquals(handshakeProblem(requestWith(changes)), null));
  }
});

Deno.test("handshakeProblem() finds what is wrong with a handshake", async (t) => {
  for (const [name, changes, status] of REFUSED) {
    await t.step(name, () => {
      const problem = handshakeProblem(requestWith(changes));
      assertEquals(problem?.status, status);
      assertEquals(problem?.headers?.["sec-websocket-version"], status === 426 ? "13" : undefined);
      assert(problem!.message.length > 0);
    });
  }
  for (const method of ["POST", "HEAD", "PUT", "DELETE", "OPTIONS"]) {
    await t.step(method, () => {
      const problem = handshakeProblem(requestWith({}, method));
      assertEquals(problem?.status, 405);
      assertEquals(problem?.headers, { allow: "GET" });
    });
  }
});

Deno.test("chooseProtocol() takes the first that the client wants and the service speaks", async (t) => {
  const cases: [string | null, string[], string | null][] = [
    [null, ["a"], null],
    ["", ["a"], null],
    ["a", [], null],
    ["a", ["a"], "a"],
    ["a,b", ["a", "b"], "a"],
    ["a, b", ["b", "a"], "a"],
    ["a,b", ["b"], "b"],
    ["a, b", ["b"], "b"],
    ["c , b ,a", ["a", "b"], "b"],
    ["A", ["a"], null],
    ["c", ["a", "b"], null],
    [",,a,", ["a"], "a"],
    [",", [""], null],
    ["graphql-ws,graphql", ["graphql"], "graphql"],
  ];
  for (const [wanted, spoken, chosen] of cases) {
    await t.step(`${wanted} of ${spoken}`, () => {
      const headers = new Headers(wanted === null ? {} : { "sec-websocket-protocol": wanted });
      assertEquals(chooseProtocol(headers, spoken), chosen);
    });
  }
});

const ECHO = `const { send } = require("/lib/xp/websocket");
exports.get = (req) => req.webSocket
  ? { webSocket: { subProtocols: ["b", "chat"] } }
  : { body: "plain" };
exports.webSocketEvent = (event) => {
  if (event.type === "message") send(event.session.id, event.message);
};`;

/** Status and headers of a response's head. */
function parseHead(head: string): { status: number; headers: Headers } {
  const [first, ...lines] = head.split("\r\n");
  const headers = new Headers();
  for (const line of lines) {
    const at = line.indexOf(":");
    headers.append(line.slice(0, at), line.slice(at + 1).trim());
  }
  return { status: Number(first!.split(" ")[1]), headers };
}

async function echoes(server: Served): Promise<void> {
  using raw = await Raw.connect(server.port);
  assertEquals(parseHead(await raw.handshake("/services/echo")).status, 101);
  await raw.write(frameOf(1, "hello"));
  assertEquals(new TextDecoder().decode((await raw.frame())!.payload), "hello");
}

Deno.test("The server answers every handshake, and goes on serving honest clients", async (t) => {
  await using server = await Board.start({ "services/echo/echo.js": ECHO });
  const shake = async (changes: Changes, method = "GET") => {
    using raw = await Raw.connect(server.port);
    return parseHead(await raw.handshake("/services/echo", changes, method));
  };
  const stillEchoes = () => echoes(server);

  for (const [name, changes] of ACCEPTED) {
    await t.step(`accepts ${name}`, async () => {
      const { status, headers } = await shake(changes);
      assertEquals(status, 101);
      assertEquals(headers.get("upgrade")?.toLowerCase(), "websocket");
      assertEquals(headers.get("connection")?.toLowerCase(), "upgrade");
      assertEquals(headers.has("sec-websocket-protocol"), false);
      assertEquals(headers.has("sec-websocket-extensions"), false);
    });
  }

  await t.step("answers the key as RFC 6455 says", async () => {
    const { headers } = await shake({});
    assertEquals(headers.get("sec-websocket-accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  });

  for (const [name, changes, status] of REFUSED) {
    await t.step(`refuses ${name} with ${status}`, async () => {
      const answer = await shake(changes);
      assertEquals(answer.status, status);
      assertEquals(answer.headers.get("sec-websocket-version"), status === 426 ? "13" : null);
      assertMatch(answer.headers.get("content-type")!, /^text\/plain/);
      await stillEchoes();
    });
  }

  for (const method of ["HEAD", "PUT", "DELETE", "OPTIONS", "PROPFIND", "get"]) {
    await t.step(`refuses the method ${method} with 405`, async () => {
      const { status, headers } = await shake({}, method);
      // Methods are case-sensitive; to Node one in lower case is no request at all.
      if (method === "get" && Deno.env.get("SWITCHBOARD_TRANSPORT") === "ws") {
        return assertEquals(status, 400);
      }
      assertEquals(status, 405);
      assertEquals(headers.get("allow"), "GET");
    });
  }

  await t.step("refuses a handshake with a body", async () => {
    for (const [name, value] of [["Content-Length", "5"], ["Transfer-Encoding", "chunked"]]) {
      assertEquals((await shake({ [name!]: value! })).status, 400);
    }
    await stillEchoes();
  });

  await t.step("refuses a Host that is none with 400", async () => {
    for (const host of ["", "a b", "127.0.0.1:99999", "[::1"]) {
      assertEquals([host, (await shake({ "Host": host })).status], [host, 400]);
    }
    await stillEchoes();
  });

  await t.step("refuses two Host headers with 400", async () => {
    assertEquals((await shake({ "Host": "127.0.0.1", "host": "other" })).status, 400);
  });

  await t.step("refuses no Host with 400, as RFC 9112 says", async () => {
    assertEquals((await shake({ "Host": null })).status, 400);
  });

  const protocols: [string, string | null][] = [
    ["a,b", "b"],
    ["a, b", "b"],
    ["chat,b", "chat"],
    ["a", null],
    ["", null],
    ["B", null],
  ];
  for (const [wanted, chosen] of protocols) {
    await t.step(`chooses ${chosen} of the protocols "${wanted}"`, async () => {
      const { status, headers } = await shake({ "Sec-WebSocket-Protocol": wanted });
      assertEquals([status, headers.get("sec-websocket-protocol")], [101, chosen]);
    });
  }

  await t.step("does not upgrade a request that does not ask for it", async () => {
    for (const upgrade of [null, "h2c", "websockets"]) {
      assertEquals((await shake({ "Upgrade": upgrade })).status, 200);
    }
  });

  await t.step("answers 404 where there is no service", async () => {
    using raw = await Raw.connect(server.port);
    assertEquals(parseHead(await raw.handshake("/services/nope")).status, 404);
    for (const page of ["/", "/healthz", "/readyz"]) {
      using other = await Raw.connect(server.port);
      assertEquals([page, parseHead(await other.handshake(page)).status], [page, 404]);
    }
  });

  await t.step("reads a frame that was sent along with the handshake", async () => {
    using raw = await Raw.connect(server.port);
    const lines = Object.entries(GOOD).map(([name, value]) => `${name}: ${value}\r\n`).join("");
    const head = new TextEncoder().encode(`GET /services/echo HTTP/1.1\r\n${lines}\r\n`);
    const frame = frameOf(1, "early");
    const both = new Uint8Array(head.length + frame.length);
    both.set(head);
    both.set(frame, head.length);
    await raw.write(both);
    assertEquals(parseHead(await raw.head()).status, 101);
    assertEquals(new TextDecoder().decode((await raw.frame())!.payload), "early");
  });

  await t.step("answers garbage with 400", async () => {
    for (const text of ["garbage\r\n\r\n", "\x16\x03\x01\x02\x00", "GET / HTTP/9.9\r\n\r\n"]) {
      using raw = await Raw.connect(server.port);
      await raw.write(text);
      if (!text.startsWith("\x16")) assertEquals(parseHead(await raw.head()).status, 400);
    }
    await stillEchoes();
  });

  await t.step("keeps nothing of anybody", async () => {
    assertEquals(await server.settled(), { sessions: 0, groups: 0 });
  });
});

Deno.test("The server goes on after clients that leave in the middle of a handshake", async () => {
  // In a process of its own: Deno never ends the upgrade of a client that has gone, which is a leak of the test.
  await using server = await Server.start({ "services/echo/echo.js": ECHO });
  for (const text of ["", "GET", "GET /services/echo HTTP/1.1\r\nHost: a\r\nUpgr"]) {
    using raw = await Raw.connect(server.port);
    await raw.write(text);
  }
  for (let count = 0; count < 5; count++) {
    using raw = await Raw.connect(server.port);
    const lines = Object.entries(GOOD).map(([name, value]) => `${name}: ${value}\r\n`).join("");
    await raw.write(`GET /services/echo HTTP/1.1\r\n${lines}\r\n`);
  }
  await echoes(server);
  assertEquals(await server.settled(), { sessions: 0, groups: 0 });
});
