import { assertEquals, assertMatch } from "@std/assert";
import { Client, nextTexts } from "../../helpers/client.ts";
import { Board } from "../../helpers/board.ts";
import type { Served } from "../../helpers/served.ts";

/** Runs a message as code with the API in scope, and sends the result back as JSON. */
const SCRIPTED = `
  import * as ws from "/lib/websocket";
  export const get = () => ({ webSocket: { data: { color: "blue" } } });
  export function webSocketEvent({ type, session, message }) {
    if (type === "open") ws.send(session.id, session.id);
    if (type !== "message" || typeof message !== "string") return;
    let result;
    try {
      result = new Function("ws", "id", message)(ws, session.id);
    } catch (error) {
      result = error.name + ": " + error.message;
    }
    ws.send(session.id, JSON.stringify(result ?? null));
  }
`;

class Scripted {
  private constructor(readonly client: Client, readonly id: string) {}

  static async open(server: Served, service = "more"): Promise<Scripted> {
    const client = await Client.open(server.ws(`/services/${service}?q=1`));
    return new Scripted(client, await client.next() as string);
  }

  // deno-lint-ignore no-explicit-any
  async run(code: string): Promise<any> {
    this.client.send(code);
    return await this.client.nextJson();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.close();
  }
}

Deno.test("contract XP 7: lib/websocket", async (t) => {
  await using server = await Board.start({
    "switchboard.json": { limits: { groupsPerSession: 0 } },
    "services/more/more.js": SCRIPTED,
    "services/twin/twin.js": SCRIPTED,
    "services/limited/limited.js": SCRIPTED,
    "services/limited/service.json": { groups: { join: ["room:*"], send: ["room:*", "news"] } },
  });

  await t.step("has the five functions of XP, and more", async () => {
    await using one = await Scripted.open(server);
    assertEquals(await one.run("return Object.keys(ws).sort()"), [
      "addToGroup",
      "close",
      "getGroupMembers",
      "getGroupSize",
      "getGroups",
      "getSession",
      "removeFromGroup",
      "send",
      "sendToGroup",
    ]);
  });

  await t.step("binary messages, in every form, copied at once", async () => {
    await using one = await Scripted.open(server);
    const sends = [
      "new Uint8Array([1, 2])",
      "new Uint8Array([0, 1, 2, 3]).subarray(1, 3)",
      "new Uint8Array([1, 2]).buffer",
      "new DataView(new Uint8Array([9, 1, 2]).buffer, 1)",
    ];
    for (const bytes of sends) {
      one.client.send(`const b = ${bytes}; ws.send(id, b); new Uint8Array(b.buffer ?? b).fill(7);`);
      assertEquals(await one.client.nextBytes(), new Uint8Array([1, 2]));
      assertEquals(await one.client.nextJson(), null);
    }
    one.client.send("ws.addToGroup('bytes', id); ws.sendToGroup('bytes', new Uint8Array([5]))");
    assertEquals(await one.client.nextBytes(), new Uint8Array([5]));
  });

  await t.step("close() with a code and a reason", async () => {
    const one = await Scripted.open(server);
    await using other = await Scripted.open(server);
    await other.run(
      `ws.send(${JSON.stringify(one.id)}, "first"); ws.close(${
        JSON.stringify(one.id)
      }, 4321, "grund å");`,
    );
    assertEquals(await one.client.next(), "first");
    assertEquals(await one.client.untilClosed(), { code: 4321, reason: "grund å" });
    const two = await Scripted.open(server);
    await other.run(`ws.close(${JSON.stringify(two.id)})`);
    assertEquals(await two.client.untilClosed(), { code: 1000, reason: "" });
  });

  await t.step("close() refuses what would break the client", async () => {
    await using one = await Scripted.open(server);
    for (
      const code of [
        "999",
        "1004",
        "1005",
        "1006",
        "1015",
        "2000",
        "5000",
        "NaN",
        "1000.5",
        "'1000'",
        "null",
      ]
    ) {
      assertMatch(await one.run(`ws.close(id, ${code})`), /^RangeError: Close code must be/);
    }
    assertMatch(
      await one.run("ws.close(id, 1000, 'å'.repeat(62))"),
      /^RangeError: Close reason must be at most 123 bytes, got 124/,
    );
    assertMatch(await one.run("ws.close(undefined)"), /^TypeError: .*"id"/);
    assertEquals(await one.run("ws.close('nobody')"), null);
  });

  await t.step("getGroupMembers() and getGroups()", async () => {
    await using one = await Scripted.open(server);
    await using two = await Scripted.open(server);
    await one.run("ws.addToGroup('a', id); ws.addToGroup('b', id)");
    assertEquals(
      await two.run("ws.addToGroup('a', id); return [ws.getGroupMembers('a'), ws.getGroups(id)]"),
      [[one.id, two.id], ["a"]],
    );
    assertEquals(await two.run(`return ws.getGroups(${JSON.stringify(one.id)})`), ["a", "b"]);
    assertEquals(await two.run("return [ws.getGroupMembers('none'), ws.getGroups('nobody')]"), [
      [],
      [],
    ]);
  });

  await t.step("answers of any size arrive whole", async () => {
    await using one = await Scripted.open(server);
    const groups = await one.run(
      "for (let n = 0; n < 5000; n++) ws.addToGroup('group-' + n, id); return ws.getGroups(id)",
    );
    assertEquals([groups.length, groups[4999]], [5000, "group-4999"]);
  });

  await t.step("getSession() describes any session of the server", async () => {
    await using one = await Scripted.open(server);
    await using other = await Scripted.open(server, "twin");
    assertEquals(await other.run(`return ws.getSession(${JSON.stringify(one.id)})`), {
      id: one.id,
      service: "more",
      path: "/services/more",
      params: { q: "1" },
      data: { color: "blue" },
    });
    assertEquals(await other.run("return ws.getSession('nobody')"), null);
  });

  await t.step("but a service with group grants knows its own sessions only", async () => {
    await using one = await Scripted.open(server);
    await using own = await Scripted.open(server, "limited");
    const id = JSON.stringify(one.id);
    assertEquals(await own.run(`return ws.getSession(${id})`), null);
    assertEquals(await own.run(`return ws.getGroups(${id})`), []);
    assertEquals((await own.run("return ws.getSession(id)")).id, own.id);
    await server.logged(({ service, message }) =>
      service === "limited" && /^Denied session "of service more"/.test(message)
    );
  });

  await t.step("sendToGroup() with except", async () => {
    await using one = await Scripted.open(server);
    await using two = await Scripted.open(server);
    await using three = await Scripted.open(server);
    for (const each of [one, two, three]) await each.run("ws.addToGroup('x', id)");
    await one.run("ws.sendToGroup('x', 'not me', { except: id })");
    assertEquals([await two.client.next(), await three.client.next()], ["not me", "not me"]);
    await one.run(
      `ws.sendToGroup('x', 'only three', { except: [id, ${JSON.stringify(two.id)}] })`,
    );
    assertEquals(await three.client.next(), "only three");
    assertEquals([one.client.waiting.length, two.client.waiting.length], [0, 0]);
  });

  await t.step("direct and group sends arrive as they were issued", async () => {
    await using one = await Scripted.open(server);
    one.client.send(`
      ws.addToGroup("order", id);
      for (let n = 0; n < 3000; n++) n % 2 ? ws.send(id, String(n)) : ws.sendToGroup("order", String(n));
    `);
    assertEquals(
      await nextTexts(one.client, 3000),
      Array.from({ length: 3000 }, (_, index) => String(index)),
    );
  });

  await t.step("a service with group grants cannot use other groups", async () => {
    await using one = await Scripted.open(server, "limited");
    assertEquals(
      await one.run(
        "ws.addToGroup('room:1', id); ws.sendToGroup('news', 'x'); return ws.getGroups(id)",
      ),
      ["room:1"],
    );
    assertMatch(
      await one.run("ws.addToGroup('chat', id)"),
      /Cannot join group "chat": "groups.join" in service.json does not list it/,
    );
    assertMatch(await one.run("ws.sendToGroup('admin', 'x')"), /Cannot send to group "admin"/);
    assertEquals(await one.run("return ws.getGroups(id)"), ["room:1"]);
  });

  await t.step("nothing is left", async () => {
    assertEquals(await server.settled(), { sessions: 0, groups: 0 });
    const lines = server.log.all.map((line) => JSON.parse(line).message);
    assertEquals(lines.filter((line) => !line.startsWith("Denied ")), []);
  });
});
