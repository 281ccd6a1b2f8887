import { assert, assertEquals } from "@std/assert";
import { type Connection, Hub, type Session, type SessionLimits } from "../../lib/host/hub/mod.ts";
import { Outbox } from "../../lib/host/hub/outbox.ts";
import { TokenBucket } from "../../lib/base/token_bucket.ts";
import { NO_LIMITS } from "../helpers/no_limits.ts";

/** A socket that takes what it is let. */
class Socket implements Connection {
  readonly sent: string[] = [];
  closed = 0;
  /** Messages that had come when it was closed. */
  sentBefore = 0;
  waiting = 0;

  send(message: string | Uint8Array<ArrayBuffer>): void {
    this.sent.push(String(message));
    this.waiting += message.length;
  }

  buffered(): number {
    return this.waiting;
  }

  close(code: number): void {
    this.closed = code;
    this.sentBefore = this.sent.length;
  }
}

class Bench implements Disposable {
  readonly hub = new Hub({ node: "node" });
  readonly socket = new Socket();
  readonly session: Session;
  readonly limits: SessionLimits;

  constructor(limits: Partial<SessionLimits>) {
    this.limits = { ...NO_LIMITS, ...limits };
    this.session = this.hub.open({
      owner: {
        name: "test",
        memberships: 0,
        opened() {},
        received() {},
        failed() {},
        closed() {},
        forgotten: () => true,
      },
      connection: this.socket,
      limits: this.limits,
      endpoint: "xp",
      memo: "",
      path: "/",
      origin: "http://test",
      params: "{}",
      data: "{}",
      identity: null,
    });
  }

  [Symbol.dispose](): void {
    this.hub.stop();
  }
}

Deno.test("a client that makes no progress for 30 s with messages queued is closed with 3008", () => {
  using bench = new Bench({});
  bench.session.send("x".repeat(1000));
  bench.session.checkProgress(1000);
  bench.session.checkProgress(31_000);
  assertEquals(bench.socket.closed, 0);
  // At 64 KiB a second, 1,000 bytes take 15 ms.
  bench.session.checkProgress(31_016);
  assertEquals([bench.socket.closed, bench.hub.counts.slow], [3008, 1]);
});

Deno.test("A client that takes a message now and then is kept", () => {
  using bench = new Bench({});
  for (let n = 0; n < 100; n++) bench.session.send("x".repeat(100));
  for (let second = 0; second < 900; second += 10) {
    bench.session.checkProgress(second * 1000);
    bench.socket.waiting -= 100;
  }
  assertEquals(bench.socket.closed, 0);
});

Deno.test("A client has a second more for each 64 KiB that waits: no transport tells of parts", () => {
  using bench = new Bench({});
  bench.session.send("x".repeat(600 * 64 * 1024));
  bench.session.checkProgress(1000);
  // What comes on top gives no time.
  bench.session.send("x".repeat(600 * 64 * 1024));
  bench.session.checkProgress(630_999);
  assertEquals(bench.socket.closed, 0);
  bench.session.checkProgress(631_000);
  assertEquals(bench.socket.closed, 3008);
});

Deno.test("A large message has its time from when what was before it is taken", () => {
  using bench = new Bench({});
  // A frame is a little more than its message.
  bench.socket.send = (message) => bench.socket.waiting += message.length + 10;
  bench.session.send("x");
  bench.session.checkProgress(0);
  bench.session.send("x".repeat(600 * 64 * 1024));
  bench.socket.waiting -= 11;
  bench.session.checkProgress(500);
  bench.session.checkProgress(600_000);
  assertEquals(bench.socket.closed, 0);
});

Deno.test("a client that makes no progress with compressed messages is closed too", () => {
  using bench = new Bench({});
  bench.socket.send = (message) => bench.socket.waiting += Math.ceil(message.length / 100);
  for (let second = 0; second <= 40; second++) {
    bench.session.send("x".repeat(5000));
    bench.session.checkProgress(second * 1000);
  }
  assertEquals(bench.socket.closed, 3008);
});

Deno.test("A client that takes as much as comes makes progress, however much waits", () => {
  using bench = new Bench({});
  bench.session.send("x".repeat(5000));
  for (let second = 0; second < 300; second += 10) {
    bench.session.checkProgress(second * 1000);
    bench.session.send("y".repeat(100));
    bench.socket.waiting -= 100;
  }
  assertEquals(bench.socket.closed, 0);
  // It stops, while messages go on coming.
  for (let second = 300; second <= 340; second += 10) {
    bench.session.checkProgress(second * 1000);
    bench.session.send("y".repeat(100));
  }
  assertEquals(bench.socket.closed, 3008);
});

Deno.test("What a client takes of text in other scripts counts as it is sent, in bytes", () => {
  using bench = new Bench({});
  const { session, socket } = bench;
  socket.send = (message) => socket.waiting += new TextEncoder().encode(String(message)).length;
  session.send("x".repeat(5000));
  for (let second = 1; second < 300; second += 10) {
    session.checkProgress(second * 1000);
    session.send("語".repeat(100));
    socket.waiting -= 200;
  }
  assertEquals(socket.closed, 0);
});

Deno.test("A client that has taken all of it is not counted from then on", () => {
  using bench = new Bench({});
  bench.session.send("x".repeat(1000));
  bench.session.checkProgress(0);
  bench.socket.waiting = 0;
  bench.session.checkProgress(10_000);
  bench.session.checkProgress(100_000);
  bench.session.send("x");
  bench.session.checkProgress(100_500);
  bench.session.checkProgress(130_000);
  assertEquals(bench.socket.closed, 0);
  bench.session.checkProgress(131_000);
  assertEquals(bench.socket.closed, 3008);
});

Deno.test("Where messages may be dropped, the oldest of groups go, and the others stay in order", () => {
  using bench = new Bench({ dropsWhenSlow: true, sendBufferBytes: 200_000 });
  const { session, socket, hub } = bench;
  hub.join("g", session.id);
  session.send("own 0");
  hub.sendToGroup("g", "x".repeat(70_000));
  for (let n = 1; n <= 30; n++) {
    session.send(`own ${n}`);
    hub.sendToGroup("g", `group ${n} `.padEnd(10_000));
  }
  assertEquals(socket.sent.length, 2);
  assert(hub.counts.shed > 10 && hub.counts.shed < 30);
  assert(session.buffered <= 200_000);
  socket.waiting = 0;
  while (!session.flush()) socket.waiting = 0;
  const texts = socket.sent.slice(2).map((text) => text.trim());
  const own = texts.filter((text) => text.startsWith("own"));
  assertEquals(own, Array.from({ length: 30 }, (_, n) => `own ${n + 1}`));
  const groups = texts.filter((text) => text.startsWith("group")).map((text) =>
    Number(text.slice(6))
  );
  // Those that are left are the last ones, in order.
  assertEquals(groups, Array.from({ length: groups.length }, (_, n) => 31 - groups.length + n));
  assertEquals(groups.length, 30 - hub.counts.shed);
  session.send("at once again");
  assertEquals(socket.sent.at(-1), "at once again");
});

Deno.test("Where nothing of a group is left to drop, the session is closed with 3008", () => {
  using bench = new Bench({ dropsWhenSlow: true, sendBufferBytes: 100_000 });
  for (let n = 0; n < 5 && bench.socket.closed === 0; n++) bench.session.send("x".repeat(40_000));
  assertEquals([bench.socket.closed, bench.hub.counts.slow], [3008, 1]);
  // What was held back is given back.
  assertEquals(bench.session.flush(), true);
});

Deno.test("Where messages may be dropped, a close comes after all that was sent before it", () => {
  using bench = new Bench({ dropsWhenSlow: true, sendBufferBytes: 1_000_000 });
  const { session, socket, hub } = bench;
  hub.join("g", session.id);
  session.send("x".repeat(100_000));
  hub.sendToGroup("g", "of the group");
  session.send("last");
  session.close(4000, "over");
  assertEquals(socket.sent.slice(1), ["of the group", "last"]);
  assertEquals([socket.closed, socket.sentBefore, session.buffered], [4000, 3, socket.waiting]);
});

Deno.test("Where messages may be dropped, a socket that tells when it could take more is given it then", () => {
  using bench = new Bench({ dropsWhenSlow: true, sendBufferBytes: 1_000_000 });
  const { session, socket } = bench;
  const drained: (() => void)[] = [];
  (socket as Connection).onceDrained = (handle) => drained.push(handle);
  for (let n = 0; n < 20; n++) session.send("x".repeat(10_000));
  const given = [socket.sent.length];
  while (session.buffered > socket.waiting) {
    assertEquals(drained.length, 1);
    socket.waiting = 0;
    drained.pop()!();
    given.push(socket.sent.length);
  }
  assertEquals([given, drained.length], [[7, 14, 20], 0]);
  // One that calls back and could not take more is not asked again at once.
  for (let n = 0; n < 20; n++) session.send("x".repeat(10_000));
  drained.pop()!();
  assertEquals(drained.length, 0);
});

Deno.test("Where messages may be dropped, a socket that does not tell is given more as long as it takes all", () => {
  using bench = new Bench({ dropsWhenSlow: true, sendBufferBytes: 1_000_000 });
  const { session, socket } = bench;
  const givenAfter = (taken: number) => {
    const before = socket.sent.length;
    socket.waiting -= taken;
    session.flush();
    return socket.sent.length - before;
  };
  for (let n = 0; n < 95; n++) session.send("x".repeat(10_000));
  assertEquals([socket.sent.length, givenAfter(70_000), givenAfter(140_000)], [7, 14, 27]);
  // It takes no more than a part.
  assertEquals([givenAfter(100_000), givenAfter(160_000), givenAfter(10_000)], [0, 6, 1]);
});

Deno.test("Where messages may no longer be dropped, what waits still goes first", async (t) => {
  const held = () => {
    const bench = new Bench({ dropsWhenSlow: true, sendBufferBytes: 200_000 });
    for (const text of ["first".padEnd(70_000), "second"]) bench.session.send(text);
    // As when the manifest of a service is edited.
    bench.limits.dropsWhenSlow = false;
    return bench;
  };
  const sent = ({ socket, session }: Bench) => {
    while (socket.waiting = 0, !session.flush());
    return socket.sent.map((text) => text.trim());
  };
  await t.step("in order", () => {
    using bench = held();
    bench.session.send("third");
    assertEquals(sent(bench), ["first", "second", "third"]);
    bench.session.send("fourth");
    assertEquals(bench.socket.sent.at(-1), "fourth");
  });
  await t.step("up to what may wait", () => {
    using bench = held();
    bench.hub.join("g", bench.session.id);
    for (let n = 0; n < 20; n++) bench.hub.sendToGroup("g", "x".repeat(10_000));
    assertEquals([bench.socket.closed, bench.hub.counts.shed], [3008, 0]);
  });
  await t.step("without end, where nothing limits it", () => {
    using bench = held();
    bench.limits.sendBufferBytes = 0;
    bench.session.send("third".padEnd(1_000_000));
    assertEquals(sent(bench), ["first", "second", "third"]);
  });
});

Deno.test("A large message is not too much for a client for the small one before it", async (t) => {
  for (const [before, closed] of [[16_000, 0], [17_000, 3008]] as const) {
    await t.step(`${before} bytes before it`, () => {
      using bench = new Bench({ sendBufferBytes: 100_000 });
      bench.session.send("x".repeat(before));
      bench.session.send("y".repeat(150_000));
      assertEquals(bench.socket.closed, closed);
    });
  }
  await t.step("and no more comes on top", () => {
    using bench = new Bench({ sendBufferBytes: 100_000 });
    bench.session.send("x");
    for (let n = 0; n < 3; n++) bench.session.send("y".repeat(150_000));
    assertEquals([bench.socket.closed, bench.socket.sent.length], [3008, 2]);
  });
});

Deno.test("What a session holds back after the hub has stopped starts no clock", () => {
  const bench = new Bench({ dropsWhenSlow: true, sendBufferBytes: 1_000_000 });
  bench.hub.stop();
  // A timer that is left running fails the test.
  for (let n = 0; n < 2; n++) bench.session.send("x".repeat(70_000));
});

Deno.test("An outbox keeps count of what waits, whatever is taken or shed", () => {
  const outbox = new Outbox();
  let length = 0;
  for (let n = 0; n < 1000; n++) {
    outbox.push("x".repeat(n % 7), n % 2 === 0);
    length += n % 7;
    if (n % 3 === 0) length -= outbox.shift()!.length;
    if (n % 5 === 0) {
      const before = outbox.length;
      outbox.shed();
      length -= before - outbox.length;
    }
    assertEquals(outbox.length, length);
  }
  while (outbox.shift() !== undefined);
  assertEquals([outbox.length, outbox.isEmpty, outbox.shed()], [0, true, false]);
  // However long it goes on, what has been taken is given back.
  const before = Deno.memoryUsage().heapUsed;
  for (let n = 0; n < 3_000_000; n++) {
    outbox.push("x", true);
    outbox.shift();
  }
  assert(Deno.memoryUsage().heapUsed - before < 16 * 2 ** 20);
});

Deno.test("A token bucket lets through its rate, and no more at once than it holds", () => {
  const bucket = new TokenBucket(10, 0);
  const takes = (count: number, now: number) => bucket.take(count, 10, now);
  assertEquals([takes(10, 0), takes(1, 0), takes(1, 99), takes(1, 100), takes(1, 100)], [
    true,
    false,
    false,
    true,
    false,
  ]);
  assertEquals([takes(11, 60_000), takes(10, 60_000), takes(1, 60_000)], [false, true, false]);
  // A clock that goes back gives nothing.
  assertEquals([takes(1, 0), takes(1, 60_050), bucket.has(1, 10, 60_101)], [false, false, true]);
});

Deno.test("Sessions are closed in turns, few at once where there are few", async () => {
  using hub = Object.assign(new Hub(), {
    [Symbol.dispose](this: Hub) {
      this.stop();
    },
  });
  const sockets: Socket[] = [];
  const open = (count: number) => {
    for (let n = 0; n < count; n++) {
      const connection = new Socket();
      sockets.push(connection);
      hub.open({
        owner: {
          name: "test",
          memberships: 0,
          opened() {},
          received() {},
          failed() {},
          closed: (session) => hub.remove(session),
          forgotten: () => true,
        },
        connection,
        limits: NO_LIMITS,
        endpoint: "",
        memo: "",
        path: "/",
        origin: "http://test",
        params: "{}",
        data: "{}",
        identity: null,
      });
    }
  };
  const closed = () => sockets.filter(({ closed }) => closed === 1001).length;
  open(50);
  const few = hub.closeInTurns(1001, "bye", 10_000);
  assertEquals(closed(), 50);
  await few;
  sockets.length = 0;
  open(1000);
  const many = hub.closeInTurns(1001, "bye", 500);
  assertEquals(closed(), 100);
  await many;
  assertEquals([closed(), hub.stats().sessions], [1000, 0]);
});
