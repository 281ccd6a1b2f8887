import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { Client } from "../helpers/client.ts";
import { deno, Serving, switchboard } from "../helpers/project.ts";
import { Server } from "../helpers/server.ts";
import { type Files, Site } from "../helpers/site.ts";

/** A kind's files beside its test, and where it is connected to. */
interface Expected {
  args: string[];
  files: string[];
  path: string;
  /** What Ada hears when Bob says "Hello". */
  heard: string;
}

const KINDS: Record<string, Expected> = {
  "plain-xp": { args: [], files: ["plain-xp.ts"], path: "/services/plain-xp", heard: "Bob: Hello" },
  "xp2": {
    args: ["--kind", "xp", "--js"],
    files: ["xp2.js"],
    path: "/services/xp2",
    heard: "Bob: Hello",
  },
  "dirigible": {
    args: ["--kind", "dirigible"],
    files: ["dirigible.websocket", "handler.ts"],
    path: "/websockets/service/dirigible",
    heard: "Hello",
  },
  "handler": {
    args: ["-k", "dirigible", "--js"],
    files: ["handler.websocket", "events.js"],
    path: "/websockets/service/handler",
    heard: "Hello",
  },
  "lolo": {
    args: ["--kind=lolo"],
    files: ["lolo.flow.json", "say.ts"],
    path: "/lolo/den",
    heard: '{"from":"Bob","text":"Hello"}',
  },
  "say": {
    args: ["--kind", "lolo", "--js"],
    files: ["say.flow.json", "say.js"],
    path: "/say/den",
    heard: '{"from":"Bob","text":"Hello"}',
  },
};

Deno.test("new makes services of every kind that run, with tests that pass", async (t) => {
  using site = Site.make({});
  const { root } = site;
  const options = { cwd: root };
  assertEquals((await switchboard(["init"], options)).code, 0);

  for (const [name, { args, files, path }] of Object.entries(KINDS)) {
    await t.step(`new ${name} ${args.join(" ")}`, async () => {
      assertEquals(await switchboard(["new", name, ...args], options), {
        code: 0,
        output: [
          `Wrote in ${root}`,
          ...files.map((file) => `  services/${name}/${file}`),
          `  tests/${name}_test.ts`,
          "Next, run",
          "  deno task dev",
          "  deno task test",
          "and connect to",
          `  ws://127.0.0.1:8080${path}?name=Ada`,
          "",
        ].join("\n"),
        errors: "",
      });
      const found = [...Deno.readDirSync(join(root, "services", name))].map(({ name }) => name);
      assertEquals(found.sort(), files.toSorted());
    });
  }

  await t.step("the types are right, and the style is Deno's", async () => {
    for (const args of [["check"], ["lint"], ["fmt", "--check"]]) {
      const { code, errors } = await deno(args, options);
      assertEquals([args, code], [args, 0], errors);
    }
  });

  await t.step("a mistake in the types is found, in JavaScript too", async () => {
    const mistakes: [string, string, string][] = [
      ["plain-xp/plain-xp.ts", "data.name", "data.nam"],
      ["xp2/xp2.js", "data.name", "data.nam"],
      ["dirigible/handler.ts", "addToGroup(GROUP, from)", "addToGroup(GROUP, 1)"],
      ["handler/events.js", "addToGroup(GROUP, from)", "addToGroup(GROUP, 1)"],
      ["lolo/say.ts", "route({", "rout({"],
      ["say/say.js", "query.name", "query.name.first"],
    ];
    const texts = mistakes.map(([file, right, wrong]) => {
      const path = join(root, "services", file);
      const text = Deno.readTextFileSync(path);
      assert(text.includes(right), file);
      Deno.writeTextFileSync(path, text.replace(right, wrong));
      return [path, text] as const;
    });
    const { code, errors } = await deno(["check"], options);
    for (const [path, text] of texts) Deno.writeTextFileSync(path, text);
    assertEquals(code, 1);
    for (const [path] of texts) assertStringIncludes(errors, `${path}:`);
  });

  await t.step("their tests pass", async () => {
    const { code, output, errors } = await deno(["task", "test"], options);
    assertEquals(code, 0, output + errors);
    assertStringIncludes(output, `${Object.keys(KINDS).length + 1} passed | 0 failed`);
  });

  await t.step("they are served", async () => {
    await using server = await Serving.start(["task", "start"], options);
    for (const [name, { path, heard }] of Object.entries(KINDS)) {
      const url = `ws://127.0.0.1:${server.port}${path}`;
      await using ada = await Client.open(`${url}?name=Ada`);
      await using bob = await Client.open(`${url}?name=Bob`);
      bob.send("Hello");
      assertEquals([name, await ada.next()], [name, heard]);
    }
    assertEquals(server.log.all.filter((line) => line.includes("ERROR")), []);
  });

  await t.step("a test notices that its service does not run", async () => {
    site.write({ "services/xp2/xp2.js": "export const get = (;" });
    const { code, output } = await deno(
      ["test", "-A", "-q", "--no-prompt", "--no-check", "tests/xp2_test.ts"],
      options,
    );
    assertEquals(code, 1);
    assertStringIncludes(output, 'Cannot load service "xp2": SyntaxError');
  });

  await t.step("the task `new` makes one, too", async () => {
    const { code, errors, output } = await deno(["task", "new", "fresh", "--js"], options);
    assertEquals(code, 0, errors);
    assertStringIncludes(output, "  services/fresh/fresh.js\n");
  });
});

Deno.test("a service that is made while dev runs is served", async () => {
  using site = Site.make({ "services/a/a.js": "exports.get = () => ({ body: 'a' });" });
  await using server = await Server.start(site, { command: "dev" });
  await server.output.next((line) => line.startsWith("Watching "));
  assertEquals((await switchboard(["new", "b", site.root], { cwd: "/" })).code, 0);
  await server.log.next((line) => line.includes("b Started"));
  assertEquals(await server.text("/services/b"), "Connect a websocket here\n");
});

Deno.test("new overwrites nothing", async (t) => {
  const cases: [string, Files, string][] = [
    [
      "a service",
      { "services/a/other.js": "" },
      'There is a service "a" already, in "ROOT/services/a", and nothing is overwritten; choose another name',
    ],
    [
      "a test",
      { "tests/a_test.ts": "" },
      'Cannot write to "ROOT": tests/a_test.ts is there already, and nothing is overwritten; move it away first',
    ],
    [
      "a file in the place of the service",
      { "services/a": "" },
      'Cannot write "ROOT/services/a/a.ts": a part of the path is a file, expected folders',
    ],
    [
      "a file in the place of services/",
      { "services": "" },
      'Cannot write "ROOT/services/a/a.ts": a part of the path is a file, expected folders',
    ],
    ["a broken deno.json", { "deno.json": "{" }, 'Cannot read "deno.json": not valid JSON'],
  ];
  for (const [name, files, said] of cases) {
    await t.step(name, async () => {
      using site = Site.make(files);
      const { code, output, errors } = await switchboard(["new", "a"], { cwd: site.root });
      assertEquals([code, output], [1, ""]);
      assertStringIncludes(errors, `error: ${said.replaceAll("ROOT", site.root)}`);
      const path = Object.keys(files)[0]!;
      assertEquals(Deno.readTextFileSync(join(site.root, path)), files[path]);
      assertEquals([...Deno.readDirSync(site.root)].length, 1);
    });
  }

  await t.step("an empty folder is in nobody's way", async () => {
    using site = Site.make({});
    Deno.mkdirSync(join(site.root, "services/a"), { recursive: true });
    assertEquals((await switchboard(["new", "a"], { cwd: site.root })).code, 0);
  });

  await t.step("no folder to make it in", async () => {
    using site = Site.make({});
    const { code, errors } = await switchboard(["new", "a", "none"], { cwd: site.root });
    assertEquals([code, errors], [
      1,
      `error: Cannot make a service in "${site.root}/none": it is no folder\n`,
    ]);
  });
});

Deno.test("new tells where types and test are missing", async () => {
  using site = Site.make({});
  const { output } = await switchboard(["new", "a", site.root], { cwd: "/" });
  assertStringIncludes(output, "that maps @switchboard/switchboard:\n");
  await using server = await Server.start(site);
  assertEquals(await server.text("/services/a"), "Connect a websocket here\n");
});

Deno.test("the name and the kind of a new service are checked", async (t) => {
  using site = Site.make({});
  const expected = "Expected lower case letters a to z and digits, with - or _ between them";
  const names: [string, string][] = [
    ["../x", `${expected}, for example "x".`],
    ["a/b", `${expected}, for example "a-b".`],
    ["a\\b", `${expected}, for example "a-b".`],
    ["..", `${expected}.`],
    ["", `${expected}.`],
    [".hidden", `${expected}, for example "hidden".`],
    ["_mine", `${expected}, for example "mine".`],
    ["Chat Room", `${expected}, for example "chat-room".`],
    ["café", `${expected}, for example "cafe".`],
    ["チャット", `${expected}.`],
    ["api:chat", `${expected}, for example "api-chat".`],
    ["a%2fb", `${expected}, for example "a-2fb".`],
    ["a-", `${expected}, for example "a".`],
    ["a\nb", `${expected}, for example "a-b".`],
    ["x".repeat(65), "Expected at most 64 characters, got 65."],
    ["webapp", "It means something else already; choose another name."],
    ["node_modules", "It means something else already; choose another name."],
  ];
  for (const [name, said] of names) {
    await t.step(`name ${JSON.stringify(name)}: exit 2`, async () => {
      const { code, output, errors } = await switchboard(["new", "--", name], { cwd: site.root });
      assertEquals([code, output], [2, ""]);
      assertStringIncludes(errors, said);
    });
  }
  const wrong: [string[], string][] = [
    [["new"], "missing required argument 'name'"],
    [["new", "a", "--kind", "lollo"], "Expected xp, dirigible or lolo. Did you mean lolo?"],
    [["new", "a", "--kind", "dirigble"], "Did you mean dirigible?"],
    [["new", "a", "--kind", "XP"], "Did you mean xp?"],
    [["new", "a", "--kind", "?"], "Expected xp, dirigible or lolo.\n"],
    [["new", "a", "--kind"], "argument missing"],
    [["new", "a", "--jss"], "(Did you mean --js?)"],
    [["nwe", "a"], "(Did you mean new?)"],
  ];
  for (const [args, said] of wrong) {
    await t.step(`${args.join(" ")}: exit 2`, async () => {
      const { code, output, errors } = await switchboard(args, { cwd: site.root });
      assertEquals([code, output], [2, ""]);
      assertStringIncludes(errors, said);
    });
  }
  await t.step("a flow at a path of the server: exit 1", async () => {
    const args = ["new", "metrics", "--kind", "lolo"];
    const { code, errors } = await switchboard(args, { cwd: site.root });
    assertEquals([code, errors], [
      1,
      'error: Cannot make flow "metrics": the path /metrics is the server\'s own; choose another name\n',
    ]);
  });
  await t.step("of all that, nothing was written", () => {
    assertEquals([...Deno.readDirSync(site.root)], []);
  });
  await t.step("the longest name works", async () => {
    const { code } = await switchboard(["new", "x".repeat(64)], { cwd: site.root });
    assertEquals(code, 0);
  });
});
