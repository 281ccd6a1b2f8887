import { assert, assertEquals, assertMatch } from "@std/assert";
import { Client } from "../helpers/client.ts";
import { Raw } from "../helpers/raw.ts";
import { Board } from "../helpers/board.ts";
import type { Served } from "../helpers/served.ts";
import { Server } from "../helpers/server.ts";
import { SECRET, tokenOf } from "../helpers/tokens.ts";
import { pause, until } from "../helpers/until.ts";

const ECHO = `
  const { send, addToGroup } = require("/lib/xp/websocket");
  exports.get = (req) => {
    if (req.params.throw) throw new Error("in get");
    return req.webSocket ? { webSocket: {} } : { body: "up" };
  };
  exports.webSocketEvent = (e) => {
    if (e.type === "open") addToGroup("all", e.session.id);
    if (e.type !== "message") return;
    if (e.message === "spin") while (true);
    if (e.message === "throw") throw new Error("in event");
    if (e.message === "log") log.info("logged");
    send(e.session.id, e.message);
  };`;

/** The figures, by name and labels. */
async function figures(server: Served): Promise<Map<string, number>> {
  const text = await server.text("/metrics");
  return new Map(
    text.split("\n").filter((line) => line !== "" && !line.startsWith("#")).map((line) => {
      const at = line.lastIndexOf(" ");
      return [line.slice(0, at), Number(line.slice(at + 1))];
    }),
  );
}

Deno.test("/metrics has every figure, and each counts what it says", async () => {
  await using server = await Board.start({
    "services/echo/echo.js": ECHO,
    "services/echo/service.json": { eventTimeoutMs: 800, maxMessageBytes: 1000, maxSessions: 2 },
  });
  const empty = await figures(server);
  assertEquals(empty.get('switchboard_sessions{service="echo"}'), 0);
  await using client = await Client.open(server.ws("/services/echo"));
  for (const text of ["one", "three"]) {
    client.send(text);
    assertEquals(await client.next(), text);
  }
  const loud = await Client.open(server.ws("/services/echo"));
  const refused = await Client.open(server.ws("/services/echo")).then(() => false, () => true);
  assert(refused);
  loud.send("x".repeat(1001));
  assertEquals((await loud.untilClosed()).code, 1009);
  // In one batch with the spin its `close` event would be lost as well.
  await until("the other session has ended", async () => {
    return (await figures(server)).get('switchboard_sessions{service="echo"}') === 1;
  });
  client.send("spin");
  await server.logged(({ message }) => message.includes("runs again"));
  client.send("after");
  // Of the event that was lost it is told in vain; then the answer comes.
  assertEquals(await client.next(), "after");
  const now = await figures(server);
  const expected: Record<string, number> = {
    'switchboard_sessions{service="echo"}': 1,
    'switchboard_service_up{service="echo"}': 1,
    "switchboard_groups": 1,
    "switchboard_sessions_opened_total": 2,
    'switchboard_messages_total{direction="in"}': 4,
    'switchboard_messages_total{direction="out"}': 3,
    'switchboard_message_bytes_total{direction="in"}': 17,
    'switchboard_message_bytes_total{direction="out"}': 13,
    'switchboard_dropped_total{cause="message_size"}': 1,
    'switchboard_dropped_total{cause="slow_client"}': 0,
    'switchboard_refused_total{cause="service"}': 1,
    'switchboard_isolate_restarts_total{service="echo"}': 1,
    'switchboard_lost_events_total{service="echo"}': 1,
    'switchboard_waiting_bytes{service="echo"}': 0,
    "switchboard_send_buffer_bytes": 0,
    "switchboard_send_buffer_most_bytes": 0,
  };
  assertEquals(
    Object.fromEntries(Object.keys(expected).map((name) => [name, now.get(name)])),
    expected,
  );
  assert(now.get("switchboard_uptime_seconds")! > 0);
  assert(now.get('switchboard_event_seconds_count{service="echo"}')! >= 3);
  assert(now.get('switchboard_event_seconds_bucket{le="5",service="echo"}')! >= 3);
});

Deno.test("/metrics counts each refusal by its cause", async (t) => {
  await using server = await Board.start({
    secret: SECRET,
    "switchboard.json": {
      trustProxy: ["127.0.0.1"],
      auth: { jwt: { algorithms: ["HS256"], secretFile: "secret" } },
      limits: {
        sessions: 5,
        sessionsPerUser: 1,
        sessionsPerAddress: 2,
        handshakesPerSecPerAddress: 20,
        bodyBytes: 100,
        requestTimeoutMs: 300,
      },
      drain: { spreadSec: 5, deadlineSec: 10 },
    },
    "services/echo/echo.js": ECHO,
    "services/closed/closed.js": ECHO,
    "services/closed/service.json": { allow: ["role:admin"] },
    "services/one/one.js": ECHO,
    "services/one/service.json": { maxSessions: 1 },
    "services/never/never.js": "exports.get = () => new Promise(() => {});",
    // Holds up the end of the server until somebody has knocked.
    "services/holds/holds.js": `
      exports.get = () => ({ webSocket: {} });
      exports.webSocketEvent = (e) => e.type === "close" ? new Promise(() => {}) : undefined;`,
    "services/holds/service.json": { eventTimeoutMs: 2_000 },
  });
  const from = (address: string) => ({ "X-Forwarded-For": address });
  const knock = async (path: string, headers: Record<string, string>) => {
    using raw = await Raw.connect(server.port);
    return Number((await raw.handshake(path, headers)).split(" ")[1]);
  };
  const ask = async (path: string, init: RequestInit = {}) => {
    const response = await server.fetch(path, init);
    await response.body?.cancel();
    return response.status;
  };
  const bearer = { Authorization: `Bearer ${await tokenOf()}` };
  await using _holds = await Client.open(server.ws("/services/holds"));
  await using _one = await Client.open(server.ws("/services/one"), { headers: from("192.0.2.1") });
  await using _two = await Client.open(server.ws("/services/echo"), { headers: from("192.0.2.1") });
  await using _user = await Client.open(server.ws("/services/echo"), {
    headers: { ...from("192.0.2.2"), ...bearer },
  });
  const causes: [string, number, () => Promise<number>][] = [
    ["headers", 431, () => ask("/", { headers: { "X-Large": "x".repeat(20_000) } })],
    ["handshake", 426, () => knock("/services/echo", { "Sec-WebSocket-Version": "12" })],
    ["origin", 403, () => knock("/services/echo", { Origin: "https://evil.test" })],
    ["credential", 401, () => ask("/services/echo", { headers: { Authorization: "Bearer x" } })],
    ["role", 403, () => ask("/services/closed", { headers: bearer })],
    ["service", 503, () => knock("/services/one", from("192.0.2.3"))],
    ["address", 429, () => knock("/services/echo", from("192.0.2.1"))],
    ["user", 429, () => knock("/services/echo", { ...from("192.0.2.4"), ...bearer })],
    ["body", 413, () => ask("/services/echo", { method: "POST", body: "x".repeat(101) })],
    ["timeout", 504, () => ask("/services/never")],
    ["server", 503, async () => {
      await using _last = await Client.open(server.ws("/services/echo"), {
        headers: from("192.0.2.5"),
      });
      return await knock("/services/echo", from("192.0.2.6"));
    }],
    ["rate", 429, async () => {
      // One more than may come at once. Where a second passes meanwhile, all are let in, and it must be done again.
      while (true) {
        const knocks = Array.from(
          { length: 21 },
          () => knock("/services/nothing", from("192.0.2.7")),
        );
        if ((await Promise.all(knocks)).includes(429)) return 429;
        await pause(1_000);
      }
    }],
    ["draining", 503, async () => {
      server.board.close();
      assertEquals(await ask("/readyz"), 503);
      return await knock("/services/echo", from("192.0.2.8"));
    }],
  ];
  const before = await figures(server);
  for (const [index, [cause, status, refuse]] of causes.entries()) {
    await t.step(cause, async () => {
      assertEquals(await refuse(), status);
      const now = await figures(server);
      const counts = causes.map(([cause]) =>
        now.get(`switchboard_refused_total{cause="${cause}"}`) ?? 0
      );
      assertEquals(counts, causes.map((_, other) => other <= index ? 1 : 0));
    });
  }
  await t.step("none before", () => {
    assertEquals([...before].filter(([name, count]) => /refused/.test(name) && count > 0), []);
  });
});

Deno.test("/metrics counts each session that a limit ends by its cause", async (t) => {
  await using server = await Board.start({
    secret: SECRET,
    "switchboard.json": {
      auth: { jwt: { algorithms: ["HS256"], secretFile: "secret", clockSkewSec: 0 } },
    },
    "services/echo/echo.js": ECHO,
    "services/idle/idle.js": ECHO,
    "services/idle/service.json": { idleTimeoutSec: 1 },
    "services/busy/busy.js": `
      exports.get = () => ({ webSocket: {} });
      exports.webSocketEvent = (e) => e.type === "message" ? new Promise(() => {}) : undefined;`,
    // The server waits so long for the close event at its end.
    "services/busy/service.json": { eventTimeoutMs: 1_000 },
  }, { transport: "deno" });
  const dropped = async (cause: string) =>
    (await figures(server)).get(`switchboard_dropped_total{cause="${cause}"}`);
  await t.step("idle", async () => {
    assertEquals(await dropped("idle"), 0);
    await using client = await Client.open(server.ws("/services/idle"));
    assertEquals((await client.untilClosed()).code, 1001);
    assertEquals(await dropped("idle"), 1);
  });
  await t.step("credential_expired", async () => {
    assertEquals(await dropped("credential_expired"), 0);
    const expires = Math.floor(Date.now() / 1000) + 3;
    await using client = await Client.open(server.ws("/services/echo"), {
      headers: { Authorization: `Bearer ${await tokenOf({}, { expires })}` },
    });
    assertEquals((await client.untilClosed()).code, 1008);
    assertEquals(await dropped("credential_expired"), 1);
  });
  await t.step("overload", async () => {
    assertEquals(await dropped("overload"), 0);
    await using client = await Client.open(server.ws("/services/busy"));
    for (let n = 0; n < 17_000; n++) client.send("x");
    await client.untilClosed();
    assertEquals(await dropped("overload"), 1);
  });
});

Deno.test("/metrics is for programs on this machine, unless the settings say otherwise", async (t) => {
  const status = async (metrics: string | undefined, headers: Record<string, string> = {}) => {
    await using server = await Board.start({
      "switchboard.json": { trustProxy: ["127.0.0.1"], ...(metrics && { metrics }) },
    });
    const response = await server.fetch("/metrics", { headers });
    await response.body?.cancel();
    return response.status;
  };
  const away = { "X-Forwarded-For": "192.0.2.1" };
  await t.step("local", async () => {
    assertEquals([await status(undefined), await status("local", away)], [200, 403]);
  });
  await t.step("all", async () => assertEquals(await status("all", away), 200));
  await t.step("off", async () => assertEquals(await status("off"), 404));
});

Deno.test("lines of the log say which service, session and request they are about", async (t) => {
  await using server = await Board.start({
    "services/echo/echo.js": ECHO,
    "services/flow/flow.flow.json": {
      nodes: {
        socket: { use: "lolo/Websocket Trigger", params: { path: "/flow" } },
        node: { file: "./node.js" },
      },
      edges: [["socket.message", "node.in"]],
    },
    "services/flow/node.js": "exports.handler = () => { throw new Error('in a node'); };",
  });
  const line = async () => JSON.parse(await server.log.next(() => true));
  await t.step("an event", async () => {
    await using client = await Client.open(server.ws("/services/echo?secret=1"));
    client.send("throw");
    const { session, service, level, message } = await line();
    assertEquals([service, level], ["echo", "ERROR"]);
    assertMatch(message, /^webSocketEvent "message": Error: in event\n/);
    assertMatch(session, /^\S+\.\S{22}$/);
    client.send("log");
    assertEquals(await client.next(), "log");
    const logged = await line();
    assertEquals([logged.message, logged.session], ["logged", session]);
  });
  await t.step("a node", async () => {
    await using client = await Client.open(server.ws("/flow"));
    client.send("x");
    const { session, message } = await line();
    assertMatch(
      message,
      new RegExp(`^flow "flow", node "node", session ${session}: Error: in a node`),
    );
  });
  await t.step("a request, whose answer says it too", async () => {
    const response = await server.fetch("/services/echo?throw=1&secret=2");
    assertEquals(response.status, 500);
    await response.body?.cancel();
    const { request, service, message } = await line();
    assertEquals([service, request], ["echo", response.headers.get("x-request-id")]);
    assertMatch(message, /^GET \/services\/echo: Error: in get\n/);
  });
  await t.step("no query is logged", () => {
    assert(!server.log.all.join("\n").includes("secret"));
  });
});

Deno.test("no token, cookie or message gets into the log, whatever goes wrong", async () => {
  const token = await tokenOf({ sub: "eva" }, { secret: "another secret of 32 bytes or more" });
  await using server = await Server.start({
    "switchboard.json": {
      auth: {
        jwt: { algorithms: ["HS256"], secretEnv: "JWT_SECRET", cookie: "sid", queryParam: "t" },
      },
      limits: { requestTimeoutMs: 300, messagesPerSec: 3 },
    },
    "services/echo/echo.js": ECHO,
    "services/slow/slow.js": "exports.get = () => new Promise(() => {});",
    "services/echo/service.json": { maxMessageBytes: 20 },
  }, { env: { JWT_SECRET: SECRET } });
  const good = await tokenOf();
  const tries: [string, Record<string, string>][] = [
    ["/services/echo", { Authorization: `Bearer ${token}` }],
    ["/services/echo", { Cookie: `sid=${token}` }],
    [`/services/echo?t=${token}`, {}],
    [`/services/slow?t=${good}`, { Cookie: "other=cookie-value" }],
    [`/services/echo?t=${good}&throw=1`, {}],
  ];
  for (const [path, headers] of tries) {
    const response = await server.fetch(path, { headers });
    assert(response.status >= 400);
    const body = await response.text();
    assert(!body.includes(token) && !body.includes(good));
  }
  for (const message of ["message-text that is too long", "throw", "throw", "throw", "throw"]) {
    const client = await Client.open(server.ws("/services/echo"));
    client.send(message);
    client.send("message-text");
    await client.close();
  }
  await server.stop();
  const log = server.log.all.join("\n");
  assert(server.log.all.length > 3);
  for (
    const secret of [token, good, token.split(".")[2]!, "cookie-value", "message-text", SECRET]
  ) {
    assert(!log.includes(secret), `${secret} in\n${log}`);
  }
});
