import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { closeCodeProblem } from "../../lib/base/close_code.ts";
import {
  type Connection,
  Hub,
  type Session,
  type SessionLimits,
  type SessionOwner,
} from "../../lib/host/hub/mod.ts";
import { NO_LIMITS } from "../helpers/no_limits.ts";

/** The sending half of a socket that only writes down what it is told. */
class Recorder implements Connection {
  readonly sent: (string | Uint8Array)[] = [];
  readonly closes: [number, string][] = [];
  waiting = 0;

  send(message: string | Uint8Array<ArrayBuffer>): void {
    this.sent.push(message);
  }

  buffered(): number {
    return this.waiting;
  }

  close(code: number, reason: string): void {
    this.closes.push([code, reason]);
  }
}

/** Writes down the events of its sessions. */
class Owner implements SessionOwner {
  readonly name = "test";
  readonly events: unknown[][] = [];
  readonly #waiting: { isWanted: (event: unknown[]) => boolean; resolve: () => void }[] = [];

  opened(session: Session): void {
    this.#add(["open", session.id]);
  }

  received(session: Session, message: string | Uint8Array): void {
    this.#add(["message", session.id, message]);
  }

  failed(session: Session, error: string): void {
    this.#add(["error", session.id, error]);
  }

  closed(session: Session, code: number): void {
    this.#add(["close", session.id, code]);
  }

  memberships = 0;

  forgotten(session: Session): boolean {
    this.#add(["forgotten", session.id]);
    return true;
  }

  /** Its events of one session, without the id. */
  of({ id }: Session): unknown[][] {
    return this.events.filter((event) => event[1] === id).map(([type, , ...rest]) => [
      type,
      ...rest,
    ]);
  }

  /** Resolves when such an event of the session comes. */
  next({ id }: Session, type: string): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ isWanted: (event) => event[0] === type && event[1] === id, resolve });
    });
  }

  #add(event: unknown[]): void {
    this.events.push(event);
    for (const { isWanted, resolve } of this.#waiting) if (isWanted(event)) resolve();
  }
}

/** A hub with an owner, for one test. */
class Bench implements Disposable {
  readonly hub = new Hub({ node: "node" });
  readonly owner = new Owner();

  open(
    limits: Partial<SessionLimits> = {},
    owner: SessionOwner = this.owner,
  ): { session: Session; connection: Recorder; id: string } {
    const connection = new Recorder();
    const session = this.hub.open({
      owner,
      connection,
      limits: { ...NO_LIMITS, ...limits },
      endpoint: "xp",
      memo: "",
      path: "/services/test",
      origin: "http://127.0.0.1",
      params: "{}",
      data: "{}",
      identity: null,
    });
    return { session, connection, id: session.id };
  }

  [Symbol.dispose](): void {
    this.hub.stop();
  }
}

Deno.test("a session has an unguessable id that names its node", () => {
  using bench = new Bench();
  const ids = Array.from({ length: 100 }, () => bench.open().id);
  assertEquals(new Set(ids).size, 100);
  for (const id of ids) assert(/^node\.[A-Za-z0-9_-]{22}$/.test(id), id);
  using other = new Bench();
  assertNotEquals(new Set([...ids, other.open().id]).size, 100);
});

Deno.test("A hub that is not named gives itself a name", () => {
  const [a, b] = [new Hub(), new Hub()];
  a.stop();
  b.stop();
  assertNotEquals(a.node, b.node);
  assert(/^[A-Za-z0-9_-]+$/.test(a.node));
});

Deno.test("A session is known before its owner hears of it", () => {
  using bench = new Bench();
  let known: Session | undefined;
  const owner = new Owner();
  owner.opened = (session) => {
    known = bench.hub.session(session.id);
    bench.hub.join("room", session.id);
    bench.hub.sendToGroup("room", "welcome");
  };
  const { session, connection } = bench.open({}, owner);
  assertEquals(known === session, true);
  assertEquals(connection.sent, ["welcome"]);
});

Deno.test("join() and leave() keep groups as sets, and both sides agree", async (t) => {
  using bench = new Bench();
  const { hub } = bench;
  const [a, b] = [bench.open(), bench.open()];
  await t.step("nobody", () => {
    assertEquals([hub.groupSize("room"), hub.groupMembers("room")], [0, []]);
  });
  await t.step("joining twice counts once", () => {
    hub.join("room", a.id);
    hub.join("room", a.id);
    hub.join("room", b.id);
    hub.join("other", a.id);
    assertEquals(hub.groupSize("room"), 2);
    assertEquals(hub.groupMembers("room"), [a.id, b.id]);
    assertEquals(hub.groupsOf(a.id), ["room", "other"]);
    assertEquals(hub.stats(), { sessions: 2, groups: 2, slow: 0 });
  });
  await t.step("leaving", () => {
    hub.leave("room", a.id);
    hub.leave("room", a.id);
    assertEquals(hub.groupMembers("room"), [b.id]);
    assertEquals(hub.groupsOf(a.id), ["other"]);
  });
  await t.step("leaving what one is not in changes nothing", () => {
    hub.leave("other", b.id);
    hub.leave("none", b.id);
    assertEquals([hub.groupSize("other"), hub.groupSize("none")], [1, 0]);
    assertEquals(hub.stats().groups, 2);
  });
  await t.step("names with a meaning elsewhere are names like others", () => {
    for (const name of ["__proto__", "constructor", "", "*", "a b", "💬"]) {
      hub.join(name, a.id);
      assertEquals(hub.groupMembers(name), [a.id]);
      hub.leave(name, a.id);
      assertEquals(hub.groupSize(name), 0);
    }
  });
});

Deno.test("A group without members leaves no trace", () => {
  using bench = new Bench();
  const { hub } = bench;
  const { id, session } = bench.open();
  for (let count = 0; count < 100; count++) hub.join(`room ${count}`, id);
  assertEquals(hub.stats().groups, 100);
  for (let count = 0; count < 50; count++) hub.leave(`room ${count}`, id);
  assertEquals(hub.stats().groups, 50);
  session.close(1000);
  hub.remove(session);
  assertEquals(hub.stats(), { sessions: 0, groups: 0, slow: 0 });
  hub.sendToGroup("room 99", "x");
  assertEquals([hub.groupSize("room 99"), hub.stats().groups], [0, 0]);
});

Deno.test("unknown ids are ignored", () => {
  using bench = new Bench();
  const { hub } = bench;
  hub.join("room", "nobody");
  hub.leave("room", "nobody");
  hub.send("nobody", "x");
  hub.close("nobody", 1000, "");
  hub.sendToGroup("room", "x");
  assertEquals(hub.groupsOf("nobody"), []);
  assertEquals(hub.session("nobody"), undefined);
  assertEquals(hub.stats(), { sessions: 0, groups: 0, slow: 0 });
});

Deno.test("A closed session stays in its groups until it is removed, and gets nothing", () => {
  using bench = new Bench();
  const { hub } = bench;
  const [a, b] = [bench.open(), bench.open()];
  hub.join("room", a.id);
  hub.join("room", b.id);
  a.session.ended(1001);
  assertEquals(hub.groupMembers("room"), [a.id, b.id]);
  assertEquals(hub.session(a.id) === a.session, true);
  hub.sendToGroup("room", "x");
  hub.send(a.id, "x");
  assertEquals([a.connection.sent, b.connection.sent], [[], ["x"]]);
  hub.remove(a.session);
  assertEquals(hub.groupMembers("room"), [b.id]);
  assertEquals([hub.session(a.id), hub.groupsOf(a.id)], [undefined, []]);
  hub.join("room", a.id);
  assertEquals(hub.groupSize("room"), 1);
});

Deno.test("remove() does nothing to a session that is open, and works once", () => {
  using bench = new Bench();
  const { hub } = bench;
  const { session, id } = bench.open();
  hub.join("room", id);
  hub.remove(session);
  assertEquals([hub.groupSize("room"), hub.stats().sessions], [1, 1]);
  session.close(1000);
  hub.remove(session);
  hub.remove(session);
  assertEquals([hub.groupSize("room"), hub.stats().sessions], [0, 0]);
});

Deno.test("A session closes once, whatever ends it and in whatever order", async (t) => {
  const ends: Record<string, (session: Session, hub: Hub) => void> = {
    "close 4000": (session) => session.close(4000, "bye"),
    "ended 1006": (session) => session.ended(1006),
    "fail 1009": (session) => session.fail("too much", 1009, "too big"),
    "hub.close 4001": (session, hub) => hub.close(session.id, 4001, "hub"),
    "hub.closeAll 1001": (_, hub) => hub.closeAll(1001, "all"),
  };
  for (const [first, begin] of Object.entries(ends)) {
    for (const [second, follow] of Object.entries(ends)) {
      await t.step(`${first}, then ${second}`, () => {
        using bench = new Bench();
        const { session, connection } = bench.open();
        begin(session, bench.hub);
        follow(session, bench.hub);
        begin(session, bench.hub);
        const code = Number(first.split(" ").at(-1));
        const events = bench.owner.of(session);
        assertEquals(events.filter(([type]) => type === "close"), [["close", code]]);
        assertEquals(events.at(-1), ["close", code]);
        assertEquals(events.filter(([type]) => type === "error").length, code === 1009 ? 1 : 0);
        assertEquals(connection.closes.map(([code]) => code), code === 1006 ? [] : [code]);
        assertEquals([session.isOpen, session.closeCode], [false, code]);
      });
    }
  }
  await t.step("an owner that closes when it hears of an error", () => {
    using bench = new Bench();
    const owner = new Owner();
    const failed = owner.failed.bind(owner);
    owner.failed = (session, error) => {
      failed(session, error);
      session.close(4000, "on my own");
    };
    const { session, connection } = bench.open({}, owner);
    session.fail("no", 1009, "");
    assertEquals(owner.of(session), [["open"], ["error", "no"], ["close", 4000]]);
    assertEquals(connection.closes, [[4000, "on my own"]]);
  });
});

Deno.test("What comes after the end is dropped", () => {
  using bench = new Bench();
  const { session, connection } = bench.open();
  session.close(1000);
  session.receive("late");
  session.send("late");
  session.fail("late", 1009, "");
  assertEquals(bench.owner.of(session), [["open"], ["close", 1000]]);
  assertEquals(connection.sent, []);
});

Deno.test("A message reaches the owner as it came, in order", () => {
  using bench = new Bench();
  const { session } = bench.open();
  const bytes = new Uint8Array([0, 255]);
  for (const message of ["", "a", bytes, "b"]) session.receive(message);
  assertEquals(bench.owner.of(session).slice(1), [
    ["message", ""],
    ["message", "a"],
    ["message", bytes],
    ["message", "b"],
  ]);
});

Deno.test("sendToGroup() sends to each member once, save those to leave out", async (t) => {
  using bench = new Bench();
  const { hub } = bench;
  const members = [bench.open(), bench.open(), bench.open()];
  const stranger = bench.open();
  for (const { id } of members) hub.join("room", id);
  const [a, b, c] = members.map(({ id }) => id);
  const cases: [string, string[] | null, string[]][] = [
    ["nobody left out", null, [a!, b!, c!]],
    ["an empty list", [], [a!, b!, c!]],
    ["one", [b!], [a!, c!]],
    ["one twice, and strangers", [b!, b!, "nobody", stranger.id], [a!, c!]],
    ["all", [a!, b!, c!], []],
  ];
  for (const [name, except, expected] of cases) {
    await t.step(name, () => {
      hub.sendToGroup("room", name, except);
      const got = members.filter(({ connection }) => connection.sent.includes(name));
      assertEquals(got.map(({ id }) => id), expected);
      assertEquals(stranger.connection.sent, []);
    });
  }
  await t.step("a member that goes away meanwhile does not keep it from the others", () => {
    const [first, second, third] = members;
    first!.connection.send = () => {
      second!.session.ended(1006);
      hub.remove(second!.session);
    };
    hub.sendToGroup("room", "last");
    assertEquals(second!.connection.sent.includes("last"), false);
    assertEquals(third!.connection.sent.includes("last"), true);
  });
});

Deno.test("A message over the limit is an error and ends the session with 1009", async (t) => {
  const cases: [string, string | Uint8Array<ArrayBuffer>, number, boolean][] = [
    ["as long as the limit", "a".repeat(9), 9, true],
    ["one over it", "a".repeat(10), 9, false],
    ["empty", "", 1, true],
    ["characters of 3 bytes that fit", "€".repeat(3), 9, true],
    ["characters of 3 bytes that do not", "€".repeat(3), 8, false],
    ["fewer characters than the limit, more bytes", "€€€€", 9, false],
    ["characters of 2 bytes", "é".repeat(5), 9, false],
    ["characters of 4 bytes that fit", "💬💬", 8, true],
    ["characters of 4 bytes that do not", "💬💬", 7, false],
    ["half of a pair is 3 bytes", "\ud83d", 3, true],
    ["half of a pair is not 2", "\ud83d", 2, false],
    ["bytes that fit", new Uint8Array(9), 9, true],
    ["bytes that do not", new Uint8Array(10), 9, false],
    ["no limit", "a".repeat(1_000_000), 0, true],
  ];
  for (const [name, message, maxMessageBytes, fits] of cases) {
    await t.step(name, () => {
      using bench = new Bench();
      const { session, connection } = bench.open({ maxMessageBytes });
      session.receive(message);
      const types = bench.owner.of(session).map(([type]) => type);
      assertEquals(types, fits ? ["open", "message"] : ["open", "error", "close"]);
      assertEquals(session.closeCode, fits ? 0 : 1009);
      assertEquals(connection.closes.map(([code]) => code), fits ? [] : [1009]);
    });
  }
});

Deno.test("An idle session is an error and ends with 1001, one that sends or receives stays", async () => {
  using bench = new Bench();
  const limits = { idleTimeoutMs: 600_000 };
  const [idle, sends, receives] = [bench.open(limits), bench.open(limits), bench.open(limits)];
  const patient = bench.open();
  for (const { session } of [idle, sends, receives, patient]) session.lastActive -= 600_000;
  sends.session.send("x");
  receives.session.receive("x");
  await bench.owner.next(idle.session, "close");
  assertEquals(bench.owner.of(idle.session), [
    ["open"],
    ["error", "No message for 600 s"],
    ["close", 1001],
  ]);
  assertEquals(idle.connection.closes, [[1001, "idle timeout"]]);
  const others = [sends, receives, patient].map(({ session }) => session.isOpen);
  assertEquals(others, [true, true, true]);
});

Deno.test("An idle session is not ended before its time", async () => {
  using bench = new Bench();
  // The hub looks at the clock now and then: just before the next look it is this much behind.
  bench.hub.now = performance.now() - 499;
  const opened = performance.now();
  const { session } = bench.open({ idleTimeoutMs: 900 });
  await bench.owner.next(session, "close");
  const after = performance.now() - opened;
  assert(after >= 900, `It ended after ${Math.round(after)} ms`);
});

Deno.test("A close event that is not handled in time is given up, and the session removed", async () => {
  using bench = new Bench();
  const { hub } = bench;
  const [slow, open] = [bench.open({ closeTimeoutMs: 1 }), bench.open({ closeTimeoutMs: 1 })];
  hub.join("room", slow.id);
  hub.join("room", open.id);
  slow.session.ended(1006);
  await bench.owner.next(slow.session, "forgotten");
  await Promise.resolve();
  assertEquals(hub.groupMembers("room"), [open.id]);
  assertEquals([hub.session(slow.id), open.session.isOpen], [undefined, true]);
  assertEquals(bench.owner.of(slow.session), [["open"], ["close", 1006], ["forgotten"]]);
});

Deno.test("A client that does not keep up is closed with 3008, and counted", async (t) => {
  const KIB = 1024;
  const text = "a".repeat(16 * KIB);
  await t.step("over the limit", () => {
    using bench = new Bench();
    const { session, connection } = bench.open({ sendBufferBytes: 64 * KIB });
    connection.waiting = 64 * KIB;
    session.send(text);
    assertEquals(connection.sent, []);
    assertEquals(connection.closes, [[3008, "slow consumer"]]);
    assertEquals(bench.owner.of(session), [["open"], ["close", 3008]]);
    assertEquals(bench.hub.stats().slow, 1);
    session.send(text);
    assertEquals(bench.hub.stats().slow, 1);
  });
  await t.step("up to the limit it stays", () => {
    using bench = new Bench();
    const { session, connection } = bench.open({ sendBufferBytes: 64 * KIB });
    connection.waiting = 48 * KIB;
    session.send(text);
    assertEquals([connection.sent.length, session.isOpen], [1, true]);
  });
  await t.step("without a limit it stays", () => {
    using bench = new Bench();
    const { session, connection } = bench.open();
    connection.waiting = 1e9;
    session.send(text);
    assertEquals([connection.sent.length, session.isOpen], [1, true]);
  });
  await t.step("one that recovers stays", () => {
    using bench = new Bench();
    const { session, connection } = bench.open({ sendBufferBytes: 64 * KIB });
    for (const waiting of [48 * KIB, 0, 48 * KIB, 0]) {
      connection.waiting = waiting;
      session.send(text);
    }
    assertEquals([connection.sent.length, session.isOpen], [4, true]);
  });
  await t.step("many small messages count as one large", () => {
    using bench = new Bench();
    const { session, connection } = bench.open({ sendBufferBytes: 64 * KIB });
    connection.send = (message) => connection.waiting += message.length;
    for (let count = 0; count < 2000; count++) session.send("a".repeat(100));
    assertEquals(session.closeCode, 3008);
    assert(connection.waiting <= 64 * KIB, `${connection.waiting} bytes are waiting`);
  });
  await t.step("a limit of less than 16 KiB holds too", () => {
    using bench = new Bench();
    const { session, connection } = bench.open({ sendBufferBytes: 1000 });
    connection.send = (message) => connection.waiting += message.length;
    for (let count = 0; count < 1000; count++) session.send("a".repeat(100));
    assertEquals(session.closeCode, 3008);
    assert(connection.waiting <= 1000, `${connection.waiting} bytes are waiting`);
  });
  await t.step("a character of 3 bytes counts as 3", () => {
    using bench = new Bench();
    const { session, connection } = bench.open({ sendBufferBytes: 64 * KIB });
    connection.waiting = 32 * KIB;
    session.send("€".repeat(16 * KIB));
    assertEquals(session.closeCode, 3008);
  });
  await t.step("one of a group does not keep the message from the others", () => {
    using bench = new Bench();
    const sessions = [bench.open(), bench.open({ sendBufferBytes: 1000 }), bench.open()];
    for (const { id } of sessions) bench.hub.join("room", id);
    sessions[1]!.connection.waiting = 1000;
    bench.hub.sendToGroup("room", text);
    assertEquals(sessions.map(({ connection }) => connection.sent.length), [1, 0, 1]);
    assertEquals(sessions.map(({ session }) => session.closeCode), [0, 3008, 0]);
  });
});

Deno.test("closeAll() closes the sessions of one owner, or of all", () => {
  using bench = new Bench();
  const other = new Owner();
  const [a, b, c] = [bench.open(), bench.open({}, other), bench.open()];
  assertEquals(bench.hub.sessionsOf(other).map(({ id }) => id), [b.id]);
  bench.hub.closeAll(1001, "service removed", other);
  assertEquals([a, b, c].map(({ session }) => session.closeCode), [0, 1001, 0]);
  bench.hub.closeAll(1001, "server stopping");
  assertEquals([a, b, c].map(({ connection }) => connection.closes), [
    [[1001, "server stopping"]],
    [[1001, "service removed"]],
    [[1001, "server stopping"]],
  ]);
});

Deno.test("empty() tells when the last session is removed, or that it was not in time", async () => {
  using bench = new Bench();
  assertEquals(await bench.hub.empty(60_000), true);
  const { session } = bench.open();
  assertEquals(await bench.hub.empty(1), false);
  const empty = bench.hub.empty(60_000);
  session.close(1000);
  bench.hub.remove(session);
  assertEquals(await empty, true);
});

Deno.test("closeCodeProblem() lets through codes that may be in a frame, and no others", async (t) => {
  const good = [
    1000,
    1001,
    1002,
    1003,
    1007,
    1008,
    1009,
    1010,
    1011,
    1012,
    1013,
    1014,
    3000,
    3008,
    3999,
    4000,
    4999,
  ];
  const bad = [
    NaN,
    Infinity,
    -Infinity,
    -1000,
    0,
    1,
    999,
    1004,
    1005,
    1006,
    1015,
    1016,
    1999,
    2000,
    2999,
    5000,
    65536,
    1000.5,
    "1000",
    "",
    null,
    undefined,
    true,
    {},
    [1000],
    1000n,
  ];
  for (const code of good) {
    await t.step(`${code}`, () => assertEquals(closeCodeProblem(code), null));
  }
  for (const code of bad) {
    await t.step(`${typeof code} ${code}`, () => {
      assertEquals(
        closeCodeProblem(code),
        `Close code must be 1000 to 1003, 1007 to 1014 or 3000 to 4999, got ${String(code)}`,
      );
    });
  }
  await t.step("symbol", () => assert(closeCodeProblem(Symbol("x")) !== null));
});
