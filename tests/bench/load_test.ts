import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { type Load, type Run, runLoad } from "../../bench/client.ts";
import { CONTESTANTS } from "../../bench/contestants.ts";
import { BenchError } from "../../bench/error.ts";
import { Server } from "../../bench/server.ts";
import { Tools } from "../../bench/tools.ts";

const { signal } = new AbortController();
/** Compiled once for all tests; null: they are skipped. */
const TOOLS = await compiled();
const SKIP = TOOLS === null;
if (SKIP) console.log("tests/bench/load_test.ts is skipped: it takes Linux and a C compiler");
Deno.test.afterAll(() => TOOLS?.[Symbol.dispose]());

const LOAD: Load = { mode: "echo", clients: 4, messages: 400, warmup: 40, size: 64, window: 8 };

async function compiled(): Promise<Tools | null> {
  try {
    return await Tools.make(signal, false);
  } catch (error) {
    if (error instanceof BenchError) return null;
    throw error;
  }
}

/** Runs a load against a server that answers each message in its own way. */
async function against(
  answer: (send: (text: string) => void, text: string, count: number) => void,
  load: Load,
): Promise<Run> {
  const members = new Set<WebSocket>();
  let count = 0;
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, (request) => {
    const { socket, response } = Deno.upgradeWebSocket(request);
    socket.onopen = () => members.add(socket);
    socket.onclose = () => members.delete(socket);
    socket.onmessage = ({ data }) => {
      const to = load.mode === "echo" ? [socket] : members;
      answer(
        (text) => {
          for (const member of to) if (member.readyState === WebSocket.OPEN) member.send(text);
        },
        data,
        ++count,
      );
    };
    return response;
  });
  const target = { port: server.addr.port, pid: Deno.pid, path: "/", protocol: "plain" };
  return await runLoad(TOOLS!.load, load, target, signal);
}

Deno.test({
  name: "the load client counts what an honest server does",
  ignore: SKIP,
  async fn() {
    const echo = await against((send, text) => send(text), LOAD);
    assertEquals(echo.count, 400);
    for (const mode of ["fanout", "chat"] as const) {
      assertEquals((await against((send, text) => send(text), { ...LOAD, mode })).count, 1600);
    }
    assertEquals((await against(() => {}, { ...LOAD, mode: "connect" })).count, 4);
  },
});

Deno.test({
  name: "the load client fails at a server that is wrong, and does not call it fast",
  ignore: SKIP,
  async fn(t) {
    const wrong: Record<string, [Load["mode"][], (text: string, count: number) => string[]]> = {
      "a byte that differs": [["echo", "fanout", "chat"], (text, count) => [
        count === 300 ? `${text.slice(0, -1)}!` : text,
      ]],
      "a message that is too long": [["echo", "fanout", "chat"], (text) => [`${text}.`]],
      "one that comes twice": [
        ["echo", "fanout", "chat"],
        (text, count) => count === 300 ? [text, text] : [text],
      ],
    };
    let held: string | null = null;
    const swapped = (text: string, count: number) => {
      if (count === 300) {
        held = text;
        return [];
      }
      const all = held === null ? [text] : [text, held];
      held = null;
      return all;
    };
    for (const [name, [modes, change]] of Object.entries(wrong)) {
      for (const mode of modes) {
        await t.step(`${mode}: ${name}`, async () => {
          await assertRejects(
            () =>
              against((send, text, count) => change(text, count).forEach(send), { ...LOAD, mode }),
            BenchError,
            "load: client",
          );
        });
      }
    }
    await t.step("fanout: two in the wrong order", async () => {
      await assertRejects(
        () =>
          against((send, text, count) => swapped(text, count).forEach(send), {
            ...LOAD,
            mode: "fanout",
          }),
        BenchError,
        "expected message",
      );
    });
  },
});

Deno.test({
  name: "the floor and we do the work of the bench",
  ignore: SKIP,
  async fn() {
    const tools = TOOLS!;
    for (const id of ["floor", "switchboard-ws"]) {
      const contestant = CONTESTANTS.find((one) => one.id === id)!;
      await using server = await Server.start(contestant, tools, false);
      for (const mode of ["echo", "fanout", "chat"] as const) {
        const path = mode === "echo" ? contestant.paths.echo : contestant.paths.group;
        const run = await runLoad(tools.load, { ...LOAD, mode }, {
          port: server.port,
          pid: server.pid,
          path,
          protocol: "plain",
        }, signal);
        assertEquals(run.count, mode === "echo" ? 400 : 1600);
      }
    }
  },
});

Deno.test("deno task bench says what is wrong with its flags", async () => {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "bench/main.ts", "--rounds", "0"],
    env: { NO_COLOR: "1" },
    stdout: "null",
    stderr: "piped",
  }).output();
  assertMatch(new TextDecoder().decode(stderr), /Expected a number from 1 to 100/);
  assertEquals(code, 1);
});
