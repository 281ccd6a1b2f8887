import { assert, assertEquals, assertMatch } from "@std/assert";
import { Client } from "../../helpers/client.ts";
import { Board } from "../../helpers/board.ts";
import type { Served } from "../../helpers/served.ts";

/** Does as it is told: a message names a function of the module and its arguments. A request asks what it has. */
const PUPPET = `
  import * as ws from "/lib/xp/websocket";
  const value = (arg) => arg === "$undefined" ? undefined : arg;
  const exported = () => Object.keys(require("lib/xp/websocket")).sort();
  export const get = (req) => req.webSocket ? { webSocket: {} } : { body: exported() };
  export function webSocketEvent({ type, session, message }) {
    if (type === "open") ws.send(session.id, session.id);
    if (type !== "message") return;
    const results = JSON.parse(message).map(([name, ...args]) => {
      try {
        return { value: ws[name](...args.map(value)) ?? null };
      } catch (error) {
        return { error: error.name + ": " + error.message };
      }
    });
    ws.send(session.id, JSON.stringify(results));
  }
`;

/** A client of a puppet, and its session's id. */
class Puppet {
  private constructor(readonly client: Client, readonly id: string) {}

  static async open(server: Served, service: string): Promise<Puppet> {
    const client = await Client.open(server.ws(`/services/${service}`));
    return new Puppet(client, await client.next() as string);
  }

  /** Calls functions within one event; what the puppet is sent meanwhile comes first. */
  async call(...calls: unknown[][]): Promise<{ value?: unknown; error?: string }[]> {
    this.client.send(JSON.stringify(calls));
    return await this.client.nextJson();
  }

  next(): Promise<string | Uint8Array> {
    return this.client.next();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.close();
  }
}

Deno.test("contract XP 1: lib/xp/websocket", async (t) => {
  await using server = await Board.start({
    "services/a/a.js": PUPPET,
    "services/b/b.js": PUPPET,
  });

  await t.step("the five functions are the whole module", async () => {
    assertEquals(JSON.parse(await server.text("/services/a")), [
      "addToGroup",
      "getGroupSize",
      "removeFromGroup",
      "send",
      "sendToGroup",
    ]);
  });

  await t.step("all five are synchronous and return at once", async () => {
    await using a = await Puppet.open(server, "a");
    assertEquals(
      await a.call(
        ["addToGroup", "g", a.id],
        ["getGroupSize", "g"],
        ["removeFromGroup", "g", a.id],
        ["getGroupSize", "g"],
        ["sendToGroup", "g", "x"],
        ["send", "nobody", "x"],
      ),
      [
        { value: null },
        { value: 1 },
        { value: null },
        { value: 0 },
        { value: null },
        { value: null },
      ],
    );
  });

  await t.step("an unknown id is a silent no-op", async () => {
    await using a = await Puppet.open(server, "a");
    assertEquals(
      await a.call(
        ["send", "nobody", "x"],
        ["addToGroup", "ghosts", "nobody"],
        ["removeFromGroup", "ghosts", "nobody"],
        ["getGroupSize", "ghosts"],
      ),
      [{ value: null }, { value: null }, { value: null }, { value: 0 }],
    );
  });

  await t.step("an unknown group is a no-op and has size 0", async () => {
    await using a = await Puppet.open(server, "a");
    assertEquals(
      await a.call(
        ["sendToGroup", "none", "x"],
        ["removeFromGroup", "none", a.id],
        ["getGroupSize", "none"],
      ),
      [{ value: null }, { value: null }, { value: 0 }],
    );
    assertEquals((await server.counts()).groups, 0);
  });

  await t.step("addToGroup() twice is once", async () => {
    await using a = await Puppet.open(server, "a");
    await a.call(["addToGroup", "g", a.id], ["addToGroup", "g", a.id]);
    assertEquals(await a.call(["getGroupSize", "g"]), [{ value: 1 }]);
    await using b = await Puppet.open(server, "a");
    await b.call(["sendToGroup", "g", "once"]);
    assertEquals(await a.next(), "once");
    assertEquals(await a.call(["removeFromGroup", "g", a.id], ["getGroupSize", "g"]), [
      { value: null },
      { value: 0 },
    ]);
  });

  await t.step("null and undefined are a TypeError that names the argument", async () => {
    await using a = await Puppet.open(server, "a");
    const cases: [string, string, ...unknown[]][] = [
      ["group", "addToGroup", null, "id"],
      ["id", "addToGroup", "g", "$undefined"],
      ["group", "removeFromGroup", "$undefined", "id"],
      ["id", "removeFromGroup", "g", null],
      ["id", "send", null, "x"],
      ["message", "send", "id", null],
      ["message", "send", "id", "$undefined"],
      ["group", "sendToGroup", null, "x"],
      ["message", "sendToGroup", "g", "$undefined"],
      ["group", "getGroupSize", null],
      ["group", "getGroupSize"],
    ];
    for (const [argument, ...call] of cases) {
      const [result] = await a.call(call);
      assertMatch(
        result!.error ?? "no error",
        new RegExp(`^TypeError: .*${call[0]}.*"${argument}"`),
      );
    }
  });

  await t.step("a number or other value is made a string", async () => {
    await using a = await Puppet.open(server, "a");
    assertEquals(
      await a.call(["addToGroup", 12345, a.id], ["getGroupSize", "12345"], [
        "getGroupSize",
        12345,
      ]),
      [{ value: null }, { value: 1 }, { value: 1 }],
    );
    await using b = await Puppet.open(server, "a");
    await b.call(["sendToGroup", 12345, 67], ["send", a.id, true], ["send", a.id, { x: 1 }]);
    assertEquals(await a.next(), "67");
    assertEquals(await a.next(), "true");
    assertEquals(await a.next(), "[object Object]");
  });

  await t.step("a closed socket never makes a call throw", async () => {
    await using a = await Puppet.open(server, "a");
    const b = await Puppet.open(server, "a");
    await a.call(["addToGroup", "g", b.id]);
    await b.client.close();
    assertEquals(
      await a.call(["send", b.id, "x"], ["sendToGroup", "g", "x"], ["addToGroup", "g", b.id]),
      [{ value: null }, { value: null }, { value: null }],
    );
  });

  await t.step("groups are shared by all services of a server", async () => {
    await using a = await Puppet.open(server, "a");
    await using b = await Puppet.open(server, "b");
    await a.call(["addToGroup", "shared", a.id]);
    assertEquals(await b.call(["addToGroup", "shared", b.id], ["getGroupSize", "shared"]), [
      { value: null },
      { value: 2 },
    ]);
    a.client.send(JSON.stringify([["sendToGroup", "shared", "hello"], ["send", b.id, "direct"]]));
    assertEquals(await b.next(), "hello");
    assertEquals(await b.next(), "direct");
  });

  await t.step("a sender that is a member receives its own sendToGroup()", async () => {
    await using a = await Puppet.open(server, "a");
    a.client.send(JSON.stringify([["addToGroup", "own", a.id], ["sendToGroup", "own", "me too"]]));
    assertEquals(await a.next(), "me too");
    assertEquals(await a.client.nextJson(), [{ value: null }, { value: null }]);
  });

  await t.step("getGroupSize() counts what the same tick did before it", async () => {
    await using a = await Puppet.open(server, "a");
    const calls: unknown[][] = [];
    const expected: unknown[] = [];
    for (let round = 0; round < 50; round++) {
      calls.push(["addToGroup", "tick", a.id], ["getGroupSize", "tick"]);
      calls.push(["removeFromGroup", "tick", a.id], ["getGroupSize", "tick"]);
      expected.push({ value: null }, { value: 1 }, { value: null }, { value: 0 });
    }
    assertEquals(await a.call(...calls), expected);
  });

  await t.step("nothing is left when all clients have gone", async () => {
    assertEquals(await server.settled(), { sessions: 0, groups: 0 });
    assert(server.log.all.length === 0, server.log.all.join("\n"));
  });
});

Deno.test("lib/xp/websocket says where it works when called outside of a service", async () => {
  const { addToGroup } = await import("../../../lib/systems/xp/inside/websocket.ts");
  let message = "";
  try {
    addToGroup("g", "id");
  } catch (error) {
    message = (error as Error).message;
  }
  assertMatch(message, /works inside a service only/);
});
