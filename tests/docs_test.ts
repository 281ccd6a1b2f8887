import { assert, assertEquals } from "@std/assert";
import { dirname, join } from "@std/path";
import { Client } from "./helpers/client.ts";
import { block } from "./helpers/page.ts";
import { Board } from "./helpers/board.ts";
import { Site } from "./helpers/site.ts";

const PAGES = [
  "README.md",
  "CONTRIBUTING.md",
  "SECURITY.md",
  "bench/README.md",
  ...["docs", "docs/contracts"].flatMap((folder) =>
    [...Deno.readDirSync(folder)].map(({ name }) => `${folder}/${name}`)
  ).filter((name) => name.endsWith(".md")),
];

/** Ids that the import map leads to modules of ours. */
const IMPORTS: ReadonlySet<string> = new Set(
  Object.keys(JSON.parse(Deno.readTextFileSync("deno.json")).imports),
);

/** How a line of a shell block is exercised: by a test, or why it is not. */
type Exercise = { test: string } | { notRun: string };

/** Lines that a test exercises. */
function byTest(test: string, ...lines: string[]): Record<string, Exercise> {
  return Object.fromEntries(lines.map((line) => [line, { test }]));
}

/** Lines that no test exercises, and why. */
function notRun(why: string, ...lines: string[]): Record<string, Exercise> {
  return Object.fromEntries(lines.map((line) => [line, { notRun: why }]));
}

/** How each line of the pages' shell blocks is exercised. A new line goes to the others of its test. */
const COMMANDS: Record<string, Exercise> = {
  ...byTest("tests/e2e/chat_test.ts", "npx -y deno@2.9.6 task start"),
  ...byTest(".ci/run", "npx -y deno@2.9.6 task test"),
  ...byTest(
    "tests/tools/verify_test.ts",
    "deno task test:quick",
    "deno task test tests/contract/xp/2_controller_test.ts",
  ),
  ...byTest(
    "tests/docs_test.ts",
    "mkdir -p board",
    "cp -R src/main/resources/services board/services",
    "cp -R src/main/resources/lib board/lib",
    'echo \'{ "app": "com.example.app" }\' > board/switchboard.json',
  ),
  ...byTest(
    "tests/docs_start_test.ts",
    "switchboard init",
    "deno task dev",
    "deno task new greeter",
    "deno task test",
  ),
  ...byTest("tests/cli/dev_events_test.ts", "deno task dev --open"),
  ...byTest(
    "tests/cli/compile_test.ts",
    "switchboard compile . -o chat",
    "./chat --port 80 --hostname 0.0.0.0",
  ),
  ...byTest(
    "tests/deploy/nginx_test.ts",
    "sed -i s/127.0.0.1:8080/127.0.0.1:8081/ /etc/nginx/conf.d/switchboard.conf",
    "nginx -t",
  ),
  ...byTest(
    "tests/cli/connect_test.ts",
    "echo hi | switchboard connect :8080/services/echo --count 1",
    `printf '{"a":1}\\n{"a":2}\\n' | switchboard connect :8080/services/echo --count 2 | tail -n 1`,
    "echo hi | switchboard connect :8080/services/echo --wait 2 2>&1 >/dev/null | tail -n 1",
    "echo hi | SWITCHBOARD_TOKEN=$TOKEN switchboard connect :8080/services/echo --count 1",
    "echo hi | switchboard connect :8080/services/echo -n 1 -H 'Origin: http://127.0.0.1:8080'",
  ),
  ...notRun(
    "it takes minutes and needs the machine for itself",
    "deno task bench",
    "deno task bench --quick",
    "deno task bench --no-peers --rounds 9",
    "deno task bench --only idle",
    "deno task bench --json",
    "deno task bench --chart docs/bench.svg",
    "deno task bench:threads",
  ),
  ...notRun(
    "it changes the machine; tests/deploy runs what the unit runs, and signals nginx itself",
    "systemctl enable --now switchboard@8080",
    "systemctl reload switchboard@8080",
    "systemctl start switchboard@8081",
    "systemctl stop switchboard@8080",
    "systemctl reload nginx",
  ),
};

/** A page without what stands between fences. */
function prose(page: string): string {
  return Deno.readTextFileSync(page).replaceAll(/^```[^]*?^```$/gm, "");
}

function* sources(folder: string): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    const path = join(folder, name);
    if (isDirectory) yield* sources(path);
    else if (/\.ts$/.test(name)) yield Deno.readTextFileSync(path);
  }
}

Deno.test("the README's controller works as the README says", async () => {
  const code = block("README.md", "js", "webSocketEvent");
  await using server = await Board.start({ "services/hello/hello.js": code });
  assertEquals(await server.text("/services/hello"), "Connect a websocket");
  await using one = await Client.open(server.ws("/services/hello"));
  await using two = await Client.open(server.ws("/services/hello"));
  two.send("Hello");
  assertEquals([await one.next(), await two.next()], Array(2).fill("Hello (heard by 2)"));
});

Deno.test("the example of docs/dirigible.md works as it says", async () => {
  await using server = await Board.start({
    "services/hello/hello.websocket": block("docs/dirigible.md", "json", "handler"),
    "services/hello/handler.js": block("docs/dirigible.md", "js", "onMessage"),
  });
  await using one = await Client.open(server.ws("/websockets/service/hello"));
  await using two = await Client.open(server.ws("/websockets/service/hello"));
  two.send("Hello");
  assertEquals(await one.next(), "Hello");
  assertEquals([await two.next(), await two.next()], ["Hello", "you said: Hello"]);
});

Deno.test("the example of docs/controllers.md works as it says", async () => {
  await using server = await Board.start({
    "services/talk/talk.ts": block("docs/controllers.md", "ts", "webSocketEvent"),
  });
  assertEquals(await server.status("/services/talk"), 400);
  await using one = await Client.open(server.ws("/services/talk?room=den"));
  const two = await Client.open(server.ws("/services/talk?room=den"));
  await using other = await Client.open(server.ws("/services/talk?room=attic"));
  two.send("Hello");
  assertEquals([await one.next(), await two.next()], ["Hello", "Hello"]);
  assertEquals(await server.text("/services/talk?room=den"), '{"here":2}');
  await two.close(4000);
  assertEquals(await one.next(), "somebody left (4000)");
  assertEquals(other.waiting.length, 0);
});

Deno.test("docs/controllers.md names every field of requests, responses and events", () => {
  const page = Deno.readTextFileSync("docs/controllers.md");
  const types = Deno.readTextFileSync("lib/systems/xp/inside/types.ts");
  let fields = 0;
  for (const [, name, body] of types.matchAll(/^export interface (\w+)[^]*?\{\n([^]*?)^\}/gm)) {
    for (const [, field] of body!.matchAll(/^ {2}(\w+)(?:\?|\(\w+: \w+\))?:/gm)) {
      fields++;
      // Of a cookie it is accepted and not sent.
      if (field === "comment") continue;
      assert(
        new RegExp(`\\b${field}\\b`).test(page),
        `${name}.${field} is not in docs/controllers.md`,
      );
    }
  }
  assert(fields > 40, "the types are written in another way now");
});

Deno.test("the example of docs/groups.md works as it says", async () => {
  await using server = await Board.start({
    "services/game/game.ts": block("docs/groups.md", "ts", "webSocketEvent"),
  });
  await using one = await Client.open(server.ws("/services/game"));
  assertEquals(await one.nextJson(), []);
  await using two = await Client.open(server.ws("/services/game"));
  assertEquals(typeof (await two.nextJson())[0].since, "number");
  await using three = await Client.open(server.ws("/services/game"));
  assertEquals(await three.untilClosed(), { code: 4000, reason: "game is full" });
  two.send("e4");
  assertEquals(await one.next(), "e4");
  one.send(new Uint8Array([5]));
  assertEquals(await two.nextBytes(), new Uint8Array([5]));
});

Deno.test("docs/groups.md lists every function, and which module has it", async () => {
  const { manifestFile } = await import("../lib/host/service/manifest.ts");
  manifestFile.parse(block("docs/groups.md", "json", "groups"), "docs/groups.md");
  const rows = [
    ...Deno.readTextFileSync("docs/groups.md").matchAll(/^\| `(\w+)\(.*?` +\| (.*?)\|/gm),
  ];
  const named = (rows: RegExpMatchArray[]) => rows.map(([, name]) => name!).sort();
  const exported = (module: object) => Object.keys(module).sort();
  assertEquals(named(rows), exported(await import("../lib/websocket.ts")));
  assertEquals(
    named(rows.filter(([, , xp]) => xp!.trim() !== "")),
    exported(await import("../lib/systems/xp/inside/websocket.ts")),
  );
});

Deno.test("an app of XP is moved as docs/xp.md says", async () => {
  const page = "docs/xp.md";
  using site = Site.make({
    "src/main/resources/services/chat/chat.js": block(page, "js", "exports.webSocketEvent"),
    "src/main/resources/services/chat/chat.xml": block(page, "xml", "principal"),
    "src/main/resources/services/chat/view.html": "a view",
    "src/main/resources/services/view/view.js": `
      exports.get = () => ({ body: resolve("./view.html") + " " + Deno.readTextFileSync(__dirname + "/view.html") });`,
    "src/main/resources/services/view/view.html": "to see",
    "src/main/resources/lib/greeting.js": `exports.greet = (name) => "Hello " + name;`,
  });
  const { code } = await new Deno.Command("sh", {
    args: ["-ec", block(page, "sh", "board")],
    cwd: site.root,
  }).output();
  assertEquals(code, 0);
  await using server = await Board.start(new Site(join(site.root, "board")));
  const url = "/site/_/service/com.example.app/chat";
  assertEquals(JSON.parse(await server.text(url)), {
    url: server.ws("/_/service/com.example.app/chat"),
  });
  assertEquals(await server.text("/services/view"), "/services/view/view.html to see");
  await using client = await Client.open(server.ws(`${url}?name=Ada`), { protocols: ["text"] });
  assertEquals([await client.next(), client.protocol], ["Hello Ada", "text"]);
  client.send("hello");
  assertEquals(await client.next(), "hello");
  assertEquals(server.log.all, []);
});

Deno.test("docs/xp.md and docs/controllers.md name what lib/xp has", async () => {
  for (const { name } of Deno.readDirSync("lib/systems/xp/inside")) {
    const id = `lib/xp/${name.replace(/\.ts$/, "")}`;
    if (!IMPORTS.has(id)) continue;
    const controllers = Deno.readTextFileSync("docs/controllers.md");
    assert(controllers.includes(`\`/${id}\``), `/${id} is not in docs/controllers.md`);
    if (id === "lib/xp/websocket") continue;
    const xp = Deno.readTextFileSync("docs/xp.md");
    for (const call of Object.keys(await import(`../lib/systems/xp/inside/${name}`))) {
      assert(xp.includes(`\`${call}\``), `${call} of ${id} is not in docs/xp.md`);
      assert(controllers.includes(`\`${call}(`), `${call} of ${id} is not in docs/controllers.md`);
    }
  }
});

Deno.test("the example of docs/flows.md works as it says, and fits in 30 lines", async () => {
  const { mermaidOf } = await import("../lib/host/picture/mod.ts");
  const { discover } = await import("../lib/host/service/mod.ts");
  const graph = block("docs/flows.md", "json", "nodes");
  const node = block("docs/flows.md", "js", "handler");
  assert((graph + node).trim().split("\n").length <= 30);
  await using server = await Board.start({
    "services/talk/talk.flow.json": graph,
    "services/talk/say.js": node,
  });
  const flows = discover(server.site.root)[0]!.endpoints.map(({ flow }) => flow!);
  assertEquals(block("docs/flows.md", "mermaid", "flowchart").trim(), mermaidOf(flows));
  await using ada = await Client.open(server.ws("/talk/den?name=Ada"));
  await using other = await Client.open(server.ws("/talk/attic?name=Bob"));
  other.send("here");
  assertEquals(await other.nextJson(), { from: "Bob", text: "HERE!" });
  ada.send("hello");
  assertEquals(await ada.nextJson(), { from: "Ada", text: "HELLO!" });
  ada.send("bye");
  assertEquals(await ada.next(), "See you");
  assertEquals((await ada.untilClosed()).code, 1000);
  assertEquals(other.waiting.length, 0);
});

Deno.test("the README's commands are the tasks, and CI runs the second", () => {
  const { tasks: own } = JSON.parse(Deno.readTextFileSync("deno.json"));
  // Those of a project that `init` has made.
  const tasks = { ...own, new: "", check: "" };
  for (const task of ["start", "test"]) {
    assert(tasks[task], `there is no task ${task}`);
    block("README.md", "sh", `npx -y deno@2.9.6 task ${task}`);
  }
  assert(/npx -y deno@2\.9\.6 task test$/m.test(Deno.readTextFileSync(".ci/run")));
});

Deno.test("docs/manifest.md: its example is a manifest, and it lists every key", async () => {
  const { manifestFile } = await import("../lib/host/service/manifest.ts");
  manifestFile.parse(block("docs/manifest.md", "json", "permissions"), "docs/manifest.md");
  const page = Deno.readTextFileSync("docs/manifest.md");
  for (const schema of ["manifest", "settings"]) {
    const { properties } = JSON.parse(
      Deno.readTextFileSync(`lib/host/service/${schema}.schema.json`),
    );
    for (const key of Object.keys(properties).filter((key) => key !== "$schema")) {
      assert(new RegExp(`\`${key}[\`.]`).test(page), `${key} is not in docs/manifest.md`);
    }
  }
});

Deno.test("docs/errors.md lists every code, and no other", () => {
  const codes = (text: string) => [...text.matchAll(/\bSB_[A-Z_]+\b/g)].map(([code]) => code);
  const used = new Set([...sources("lib")].flatMap(codes));
  const listed = new Set(codes(Deno.readTextFileSync("docs/errors.md")));
  assertEquals([...listed].sort(), [...used].sort());
});

Deno.test("docs/dependencies.md lists every dependency", () => {
  const page = Deno.readTextFileSync("docs/dependencies.md");
  const { imports } = JSON.parse(Deno.readTextFileSync("deno.json"));
  for (const target of Object.values(imports) as string[]) {
    const name = /^((?:npm|jsr):@?[^@]+)@/.exec(target)?.[1];
    if (name !== undefined) assert(page.includes(`\`${name}\``), `${name} is not listed`);
  }
});

Deno.test("links in the docs lead somewhere", () => {
  for (const page of PAGES) {
    for (const [, target] of prose(page).matchAll(/\]\(([^)]+)\)/g)) {
      if (/^https?:/.test(target!)) continue;
      const [path, anchor] = target!.split("#");
      const file = path === "" ? page : join(dirname(page), path!);
      try {
        Deno.statSync(file);
      } catch (cause) {
        throw new Error(`${page}: there is no ${target}`, { cause });
      }
      if (anchor === undefined) continue;
      const heads = [...prose(file).matchAll(/^#+ (.*)$/gm)]
        .map((match) => match[1]!.toLowerCase().replaceAll(/[^\w -]/g, "").replaceAll(" ", "-"));
      assert(heads.includes(anchor), `${page}: ${target} has no such heading`);
    }
  }
});

Deno.test("the README leads to every page", () => {
  const links = new Set([...prose("README.md").matchAll(/\]\(([^)#]+)/g)].map(([, to]) => to!));
  const missing = PAGES.filter((page) => page.startsWith("docs/") && !links.has(page));
  assertEquals(missing, [], "not linked from README.md");
});

Deno.test("every shell command of the docs is exercised by a test, or it is said why not", async (t) => {
  const found = new Set<string>();
  for (const page of PAGES) {
    const text = Deno.readTextFileSync(page);
    assert(
      !/^ {4}(deno|npx|switchboard) /m.test(prose(page)),
      `${page}: put commands into a fence`,
    );
    for (const [, language, block] of text.matchAll(/^ *```(\w+)[^\n]*\n([^]*?)^ *```$/gm)) {
      // One name for them, so that none is overlooked.
      assert(!/^(bash|shell|console|zsh|cmd)$/.test(language!), `${page}: say sh for ${language}`);
      if (language !== "sh") continue;
      const lines = block!.split("\n").map((line) => line.trim().replace(/(^| +)#.*$/, ""));
      for (const line of lines.filter((line) => line !== "")) {
        found.add(line);
        await t.step(`${page}: ${line}`, () => {
          const how = COMMANDS[line];
          assert(how, "nothing is known of it: say in COMMANDS how it is exercised");
          if ("test" in how) assert(Deno.statSync(how.test).isFile);
        });
      }
    }
  }
  assertEquals(Object.keys(COMMANDS).filter((line) => !found.has(line)), [], "on no page");
});

Deno.test("tasks and commands that the docs mention exist", async () => {
  const { tasks: own } = JSON.parse(Deno.readTextFileSync("deno.json"));
  // Those of a project that `init` has made.
  const tasks = { ...own, new: "", check: "" };
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-prompt", "cli.ts", "--help"],
    env: { NO_COLOR: "1" },
  }).output();
  const commands = [...new TextDecoder().decode(stdout).matchAll(/^ {2}([a-z]+)\b/gm)].map((
    [, n],
  ) => n);
  for (const page of PAGES) {
    const text = Deno.readTextFileSync(page);
    for (const [, task] of text.matchAll(/\bdeno(?:@[\d.]+)? task ([a-z:]+)/g)) {
      assert(Object.hasOwn(tasks, task!), `${page}: there is no task ${task}`);
    }
    for (const [, command] of text.matchAll(/(?:^|`|\| )switchboard ([a-z]+)/gm)) {
      assert(commands.includes(command), `${page}: there is no command ${command}`);
    }
  }
});

Deno.test("docs/security.md names tests that exist", () => {
  const page = Deno.readTextFileSync("docs/security.md");
  const files = (folder: string): string[] =>
    [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) =>
      isDirectory ? files(join(folder, name)) : [join(folder, name)]
    );
  const all = files("tests");
  for (const [, name] of page.matchAll(/`([\w/]+_test\.ts)`/g)) {
    assert(all.some((file) => file.endsWith(name!)), `${name} does not exist`);
  }
});
