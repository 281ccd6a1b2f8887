import { assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { runInProcess } from "../helpers/in_process.ts";
import { switchboard } from "../helpers/project.ts";
import { Server } from "../helpers/server.ts";
import { type Files, Site } from "../helpers/site.ts";

Deno.test("a service that is made while dev runs is served; new tells where types and test are missing", async () => {
  using site = Site.make({ "services/a/a.js": "exports.get = () => ({ body: 'a' });" });
  await using server = await Server.start(site, { command: "dev" });
  await server.output.next((line) => line.startsWith("Watching "));
  const { code, output } = await switchboard(["new", "b", site.root], { cwd: "/" });
  assertEquals(code, 0);
  assertStringIncludes(output, "that maps @switchboard/switchboard:\n");
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
      const { code, output, errors } = await runInProcess(["new", "a", site.root]);
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
    assertEquals((await runInProcess(["new", "a", site.root])).code, 0);
  });

  await t.step("no folder to make it in", async () => {
    using site = Site.make({});
    const { code, errors } = await switchboard(["new", "a", "none"], { cwd: site.root });
    assertEquals([code, errors], [
      1,
      `error: Cannot make a service in "${site.root}/none": it is not a folder\n`,
    ]);
  });
});

Deno.test("the name and the kind of a new service are checked", async (t) => {
  using site = Site.make({});
  const { root } = site;
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
      const { code, output, errors } = await runInProcess(["new", "--", name, root]);
      assertEquals([code, output], [2, ""]);
      assertStringIncludes(errors, said);
    });
  }
  const wrong: [string[], string][] = [
    [["new"], "missing required argument 'name'"],
    [["new", "a", "--kind", "lollo"], "Expected dirigible, lolo or xp. Did you mean lolo?"],
    [["new", "a", "--kind", "dirigble"], "Did you mean dirigible?"],
    [["new", "a", "--kind", "XP"], "Did you mean xp?"],
    [["new", "a", "--kind", "?"], "Expected dirigible, lolo or xp.\n"],
    [["new", "a", "--kind"], "argument missing"],
    [["new", "a", "--jss"], "(Did you mean --js?)"],
    [["nwe", "a"], "(Did you mean new?)"],
  ];
  for (const [args, said] of wrong) {
    await t.step(`${args.join(" ")}: exit 2`, async () => {
      const place = args.length > 1 ? [args[0]!, args[1]!, root, ...args.slice(2)] : args;
      const { code, output, errors } = await runInProcess(place);
      assertEquals([code, output], [2, ""]);
      assertStringIncludes(errors, said);
    });
  }
  await t.step("as a process: exit 2", async () => {
    const { code, output, errors } = await switchboard(["new", "a", "--jss"], { cwd: root });
    assertEquals([code, output], [2, ""]);
    assertStringIncludes(errors, "(Did you mean --js?)");
  });
  await t.step("a flow at a path of the server: exit 1", async () => {
    const args = ["new", "metrics", root, "--kind", "lolo"];
    const { code, errors } = await runInProcess(args);
    assertEquals([code, errors], [
      1,
      'error: Cannot make flow "metrics": the path /metrics is the server\'s own; choose another name\n',
    ]);
  });
  await t.step("of all that, nothing was written", () => {
    assertEquals([...Deno.readDirSync(root)], []);
  });
  await t.step("the longest name works", async () => {
    const { code } = await runInProcess(["new", "x".repeat(64), root]);
    assertEquals(code, 0);
  });
});
