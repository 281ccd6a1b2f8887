import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { Client } from "../helpers/client.ts";
import { commandLine } from "../helpers/command.ts";
import {
  InProcessServer,
  type InProcessServerOptions,
  runInProcess,
} from "../helpers/in_process.ts";
import { Lines } from "../helpers/lines.ts";
import { Server, type ServerOptions } from "../helpers/server.ts";
import { type Files, Site } from "../helpers/site.ts";

const TALK = `
  import { addToGroup, removeFromGroup, send, sendToGroup } from "/lib/xp/websocket";
  export const get = () => ({ webSocket: {} });
  export function webSocketEvent({ type, message, session: { id } }) {
    if (type === "open") addToGroup("talk", id);
    if (type !== "message") return;
    if (message === "slow") return new Promise((done) => setTimeout(done, 60));
    if (message === "twice") {
      send(id, "one");
      send(id, "two");
      sendToGroup("talk", "three");
    } else if (message === "many") {
      for (const name of ["a", "b", "c", "d", "e", "f\\x1b[31m"]) sendToGroup(name, "x");
      send(id, "sent");
    } else if (message === "leave") removeFromGroup("talk", id);
    else if (message === "later") setTimeout(() => send(id, "late"), 5);
    else send(id, message);
  }
`;
const LINE = /^\d\d:\d\d:\d\d\.\d{3} {2}(\S+) {2,}([\w-]{6}) {2}(\w+)(?: {2,}(.*))?$/;

function start(
  files: Files | Site,
  options: InProcessServerOptions = {},
): Promise<InProcessServer> {
  return InProcessServer.start(files, { command: "dev", ...options });
}

function startProcess(files: Files | Site, options: ServerOptions = {}): Promise<Server> {
  return Server.start(files, { command: "dev", ...options });
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return (listener.addr as Deno.NetAddr).port;
}

/** The next event's service, session, type and what follows, times made equal. */
async function event(server: { output: Lines }, isWanted: (line: string) => boolean = () => true) {
  const line = await server.output.next((line) => LINE.test(line) && isWanted(line));
  const [, service, session, type, rest = ""] = LINE.exec(line)!;
  return {
    service,
    session,
    type,
    rest: rest.replace(/[\d.]+ m?s\b/, "TIME").replace(/ {3,}/g, "  "),
    line,
  };
}

Deno.test("dev prints each event: service, session, type, size, time, and what was sent", async (t) => {
  await using server = await startProcess({ "services/talk/talk.ts": TALK });
  await using client = await Client.open(server.ws("/services/talk"));
  const opened = await event(server);
  const said = async (message: string | Uint8Array<ArrayBuffer>) => {
    client.send(message);
    const { service, session, type, rest } = await event(server);
    assertEquals([service, session, type], ["talk", opened.session, "message"]);
    return rest;
  };

  await t.step("open", () => {
    assertEquals([opened.service, opened.type, opened.rest], ["talk", "open", "TIME  → 1 join"]);
  });
  await t.step("message: size in bytes, and the sends of its handler", async () => {
    assertEquals(await said("hello"), "5 B  TIME  → 1 send");
    assertEquals(await said("grüße 🎉"), "12 B  TIME  → 1 send");
    assertEquals(await said(new Uint8Array(1500)), "1.5 KB  TIME  → 1 send");
    assertEquals(await said("twice"), "5 B  TIME  → group talk, 2 sends");
    assertEquals(await said("leave"), "5 B  TIME  → 1 leave");
  });
  await t.step(
    "many groups are counted, and their names cannot play with the terminal",
    async () => {
      assertEquals(
        await said("many"),
        "4 B  TIME  → group a, group b, group c, group d, 2 to other groups, 1 send",
      );
    },
  );
  await t.step("the time of a handler with a promise lasts until that is kept", async () => {
    client.send("slow");
    const { line } = await event(server);
    const took = Number(/([\d.]+) ms/.exec(line)![1]);
    assert(took >= 55 && took < 5000, line);
  });
  await t.step("messages of a timer belong to no event", async () => {
    assertEquals(await said("later"), "5 B  TIME");
    // After the answers to what was said before.
    while (await client.next() !== "late");
    assertEquals(await said("hello"), "5 B  TIME  → 1 send");
  });
  await t.step("close: its code and reason", async () => {
    client.close(4001, "so long\x1b[31m");
    const { type, rest } = await event(server);
    assertEquals([type, rest], ["close", "4001  TIME  so long\\x1b[31m"]);
  });
  await t.step("error: why", async () => {
    await using other = await Client.open(server.ws("/services/talk"));
    await event(server);
    other.send("x".repeat(70_000));
    const { type, rest } = await event(server);
    assertEquals([type, rest], ["error", "TIME  Message is larger than 65536 bytes"]);
    assertMatch((await event(server)).rest, /^1009 /);
  });
  await t.step("no message is in it", () => {
    const events = server.output.all.filter((line) => LINE.test(line));
    assert(events.length > 10);
    assertEquals(events.filter((line) => /hello|grüße|twice/.test(line)), []);
  });
  await t.step("a swap goes on printing", async () => {
    await using other = await Client.open(server.ws("/services/talk"));
    await event(server, (line) => line.includes("open"));
    server.site.write({ "services/talk/talk.ts": `${TALK}\n// edited` });
    await server.log.next((line) => line.includes("Swapped in"));
    other.send("again");
    const { rest } = await event(server);
    assertEquals(rest, "5 B  TIME  → 1 send");
  });
});

Deno.test("dev --bodies prints the beginnings of messages, and nothing that the terminal obeys", async () => {
  await using server = await start({ "services/talk/talk.ts": TALK }, { args: ["--bodies"] });
  await using client = await Client.open(server.ws("/services/talk"));
  await event(server);
  const cases: [string | Uint8Array<ArrayBuffer>, string][] = [
    ["hello", "hello"],
    ["a\x1b]0;owned\x07\r\nb\u202ec\x9b", "a\\x1b]0;owned\\x07\\r\\nb\\u202ec\\x9b"],
    [new Uint8Array([0, 255, 16]), "00ff10"],
    ["\ud83d", "\ufffd"],
    ["", ""],
  ];
  for (const [message, shown] of cases) {
    client.send(message);
    const { rest } = await event(server);
    assertEquals(rest.split("→ 1 send")[1]!.trim(), shown);
  }
  client.send("y".repeat(5000));
  assertMatch((await event(server)).rest, /→ 1 send {2}y{59}…$/);
});

Deno.test("dev --events NAME prints those of one service, and off prints none", async (t) => {
  using site = Site.make({ "services/one/one.ts": TALK, "services/two/two.ts": TALK });
  using single = Site.make({ "services/one/one.ts": TALK });
  const talk = async (server: InProcessServer) => {
    for (const name of server.site === single ? ["one"] : ["two", "one"]) {
      await using client = await Client.open(server.ws(`/services/${name}`));
      client.send("hello");
      assertEquals(await client.next(), "hello");
    }
  };
  const served = (server: InProcessServer) =>
    new Set(server.output.all.flatMap((line) => LINE.exec(line)?.[1] ?? []));
  await t.step("one", async () => {
    await using server = await start(site, { args: ["--events", "one"] });
    await talk(server);
    await event(server, (line) => line.includes("message"));
    await server.stop();
    assertEquals([...served(server)], ["one"]);
  });
  await t.step("off", async () => {
    await using server = await start(single, { args: ["--events", "off"] });
    await talk(server);
    await server.stop();
    assertEquals([...served(server)], []);
  });
  await t.step("serve", async () => {
    await using server = await InProcessServer.start(single);
    await talk(server);
    await server.stop();
    assertEquals([...served(server)], []);
  });
  await t.step("a service that is not there is warned of, and may come", async () => {
    await using server = await start(site, { args: ["--events", "thr\x1bee"] });
    await server.log.next((line) =>
      line.endsWith(
        'WARN  --events: there is no service "thr\\x1bee" yet; there are one, two',
      )
    );
    await talk(server);
  });
});

Deno.test("dev counts events that come too fast to be read, and the server does not wait", async (t) => {
  const COUNT = 4_000;
  const flood = async (port: number, count: number) => {
    await using client = await Client.open(`ws://127.0.0.1:${port}/services/talk`);
    for (let sent = 0; sent < count; sent += 2000) {
      for (let number = 0; number < 2000; number++) client.send("hello");
      for (let number = 0; number < 2000; number++) await client.next();
    }
  };
  await t.step("in words", async () => {
    await using server = await start({ "services/talk/talk.ts": TALK });
    await flood(server.port, COUNT);
    await using last = await Client.open(server.ws("/services/talk"));
    let counted = 0;
    // All but the last client's, which makes sure that a second passes.
    while (counted < COUNT) {
      const line = await server.output.next((line) => / message/.test(line) || /more/.test(line));
      const more = /… ([\d,]+) more messages/.exec(line);
      counted += more === null ? 1 : Number(more[1]!.replaceAll(",", ""));
    }
    assertEquals(counted, COUNT);
    assert(server.output.all.length < 1000, `${server.output.all.length} lines`);
    last.send("still here");
    assertEquals(await last.next(), "still here");
  });
  await t.step("and when standard output is full, the server goes on", async () => {
    using site = Site.make({ "services/talk/talk.ts": `${TALK}; console.log("loaded");` });
    const [program, ...words] = commandLine(["dev", site.root, "--port", `${freePort()}`]);
    // A pipe takes 64 KiB: with what was there before, the first second of events fills it.
    const process = new Deno.Command("sh", {
      args: ["-c", 'head -c 64000 /dev/zero; exec "$@"', "sh", program, ...words],
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const log = Lines.of(process.stderr);
    await log.next((line) => line.includes("loaded"));
    const port = Number(words.at(-1));
    for (let round = 0; round < 3; round++) await flood(port, 2000);
    process.kill("SIGTERM");
    assertEquals((await process.status).code, 0);
    await log.end();
    const output = await new Response(process.stdout).text();
    const lines = output.split("\n").filter((line) => / message /.test(line));
    // A first second without this would have had 40 of them.
    assert(output.includes("Listening") && lines.length < 40, `${lines.length} lines`);
  });
});

Deno.test({
  name: "dev --open opens the landing page, or says where it is",
  ignore: Deno.build.os === "windows",
  async fn(t) {
    using tools = Site.make({
      "bin/xdg-open": '#!/bin/sh\necho "$1" > "$OPENED"\n',
      "bin/open": '#!/bin/sh\necho "$1" > "$OPENED"\n',
      "bin/failing": "#!/bin/sh\nexit 3\n",
      "opened/keep": "",
    });
    const OPENED = (file: string) => join(tools.root, "opened", file);
    tools.write({
      "bin/two": `#!/bin/sh\necho "two $1" > '${OPENED("two")}'\n`,
      "bin/three": `#!/bin/sh\necho "three $1" > '${OPENED("three")}'\n`,
    });
    for (const { name } of Deno.readDirSync(join(tools.root, "bin"))) {
      Deno.chmodSync(join(tools.root, "bin", name), 0o755);
    }
    const bin = join(tools.root, "bin");
    const opened = async (file: string): Promise<string> => {
      const path = join(tools.root, "opened", file);
      const watcher = Deno.watchFs(join(tools.root, "opened"));
      const read = () => {
        try {
          return Deno.readTextFileSync(path);
        } catch {
          return "";
        }
      };
      const timer = setTimeout(() => watcher.close(), 10_000);
      try {
        if (read().endsWith("\n")) return read();
        for await (const _ of watcher) if (read().endsWith("\n")) return read();
        throw new Error("nothing was opened");
      } finally {
        clearTimeout(timer);
        try {
          watcher.close();
        } catch {
          // It was closed by the timer.
        }
      }
    };
    const run = (env: Record<string, string>) => startProcess({}, { args: ["--open"], env });
    const runHere = (env: Record<string, string>, args: string[] = []) =>
      start({}, { args: ["--open", ...args], env });

    await t.step("with what the system has", async () => {
      await using server = await run({ PATH: bin, BROWSER: "", OPENED: OPENED("one") });
      assertEquals(await opened("one"), `http://127.0.0.1:${server.port}/\n`);
    });
    await t.step("with what BROWSER names", async () => {
      await using server = await runHere({ BROWSER: join(bin, "two") });
      assertEquals(await opened("two"), `two http://127.0.0.1:${server.port}/\n`);
    });
    await t.step("at an address that a browser can reach", async () => {
      const env = { BROWSER: join(bin, "three") };
      await using server = await runHere(env, ["--hostname", "0.0.0.0"]);
      assertEquals(await opened("three"), `three http://127.0.0.1:${server.port}/\n`);
    });
    const hints: [string, typeof run | typeof runHere, Record<string, string>, RegExp][] = [
      ["none is there", run, { PATH: "/nowhere", BROWSER: "" }, /\((xdg-)?open is not there\)$/],
      ["it fails", runHere, { BROWSER: join(bin, "failing") }, /\(.*\/failing ended with 3\)$/],
      ["it is no program", runHere, { BROWSER: bin }, /\(.* cannot be run\)$/],
    ];
    for (const [what, way, env, reason] of hints) {
      await t.step(`${what}: a hint, and it serves`, async () => {
        await using server = await way(env);
        await server.fetch("/healthz").then((response) => response.body?.cancel());
        while (!server.output.all.some((line) => line.startsWith("Open http"))) {
          await server.output.next(() => true);
        }
        const hint = server.output.all.find((line) => line.startsWith("Open http"))!;
        assert(hint.startsWith(`Open http://127.0.0.1:${server.port}/ in a browser (`), hint);
        assertMatch(hint, reason);
        const ended = await server.stop();
        assertEquals(typeof ended === "number" ? ended : ended.code, 0);
      });
    }
    await t.step("without --allow-run: a hint, and it serves", async () => {
      await using server = await startProcess({}, {
        args: ["--open"],
        permissions: ["--allow-read", "--allow-net", "--allow-env"],
      });
      const hint = server.output.all.find((line) => line.startsWith("Open http"));
      assertMatch(hint!, /may not be run without --allow-run\)$/);
    });
  },
});

Deno.test("docs/dev.md shows lines as they are printed, and every flag of dev's own", async () => {
  const page = Deno.readTextFileSync("docs/dev.md");
  const lines = /```text\n([^]*?)```/.exec(page)![1]!.trim().split("\n");
  assertEquals(lines.length, 4);
  const more = lines.filter((line) => !LINE.test(line));
  assertEquals(more.length, 1);
  assertMatch(more[0]!, /^\d\d:\d\d:\d\d\.\d{3} {2}chat {2}… [\d,]+ more messages in 1 s$/);
  const flags = async (command: string) => {
    const { output } = await runInProcess([command, "--help"]);
    return new Set([...output.matchAll(/^ +(?:-\w, )?(--\w+)/gm)].map(([, flag]) => flag!));
  };
  const own = (await flags("dev")).difference(await flags("serve"));
  assertEquals(own.size, 3);
  for (const flag of own) assert(page.includes(`| \`${flag}`), `${flag} is not in docs/dev.md`);
});

Deno.test("dev shows the code that a handler threw in, and marks the event", async (t) => {
  await using server = await start({
    "lib/deep.ts": "export function fail(): void {\n  throw new Error('deep');\n}\n",
    "services/a/a.ts": `import { fail } from "/lib/deep";
interface Word { length: number }
export const get = () => ({ webSocket: {} });
export function webSocketEvent({ type, message }: { type: string; message: string }): void {
  if (type !== "message") return;
  if (message === "deep") fail();
  const word: Word | null = null;
  // \x1b[31m
  if (message === "lie") throw Object.assign(new Error("x"), { stack: "    at file:///etc/passwd:1:1" });
  if (message === "null") console.log(word!.length);
}
`,
  });
  await using client = await Client.open(server.ws("/services/a"));
  const frame = async (message: string) => {
    const from = server.log.all.length;
    client.send(message);
    const marked = await event(server, (line) => line.includes("message"));
    assertMatch(marked.rest, /TIME {2}✗$/);
    await server.log.next((line) => line.includes('webSocketEvent "message"'));
    // What is logged is logged at once.
    return () => server.log.all.slice(from).join("\n");
  };

  await t.step("in the service's own file", async () => {
    const text = await frame("null");
    await server.log.next((line) => /^ +\| +\^$/.test(line));
    assertMatch(text(), /services\/a\/a\.ts:10:\d+\n.*\n.*\n {2}> 10 \| .*word!\.length/);
    // The controller's own text does not reach the terminal as it is.
    assertEquals(text().includes("\x1b"), false);
    assert(text().includes("\\x1b[31m"));
  });

  await t.step("in lib, where that is nearer", async () => {
    const text = await frame("deep");
    await server.log.next((line) => /^ +\| +\^$/.test(line));
    assertMatch(text(), /\n {2}lib\/deep\.ts:2:\d+\n[^]*> 2 \| {3}throw new Error/);
  });

  await t.step("never of files that are not its own", async () => {
    const text = await frame("lie");
    await frame("null");
    assertEquals(text().includes("root:"), false, text());
  });
});
