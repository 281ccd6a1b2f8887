import { assertEquals, assertStringIncludes } from "@std/assert";
import { dirname, fromFileUrl, join } from "@std/path";
import { Client } from "../helpers/client.ts";
import { runEach } from "../helpers/command_lines.ts";
import { runInProcess } from "../helpers/in_process.ts";
import { deno, PROJECT_FILES, Serving, switchboard, textsOf } from "../helpers/project.ts";
import { type Files, Site } from "../helpers/site.ts";

const CLI = fromFileUrl(import.meta.resolve("../../cli.ts"));

/** Names of folders, and how a shell reads them. */
const NAMES: [string, string][] = [
  ["plain", "plain"],
  ["a/deep/one", "a/deep/one"],
  ["with spaces", "'with spaces'"],
  ["it's", `'it'\\''s'`],
  ["snö-雪", "'snö-雪'"],
  ["100%#?", "'100%#?'"],
  ["-x", "./-x"],
  ["re\x1b[31md\n'", String.raw`$'re\x1b[31md\n\''`],
];

Deno.test("init overwrites nothing, and says what is in its way", async (t) => {
  const cases: [string, Files, string][] = [
    ["deno.json", { "deno.json": "{}" }, "deno.json is there already"],
    ["deno.jsonc, which would count too", { "deno.jsonc": "{}" }, "deno.jsonc is there already"],
    [
      "several files",
      { "services/chat/chat.ts": "// mine", "tests/chat_test.ts": "x", ".gitignore": "x" },
      "services/chat/chat.ts, tests/chat_test.ts are there already",
    ],
  ];
  for (const [name, files, said] of cases) {
    await t.step(name, async () => {
      using site = Site.make(files);
      const before = textsOf(site.root);
      const { code, output, errors } = await runInProcess(["init", site.root]);
      assertEquals([code, output, errors], [
        1,
        "",
        `error: Cannot write to "${site.root}": ${said}, and nothing is overwritten; move ${
          said.includes(" are ") ? "them" : "it"
        } away first\n`,
      ]);
      assertEquals(textsOf(site.root), before);
    });
  }

  await t.step("a second time", async () => {
    using site = Site.make({});
    const folder = join(site.root, "a");
    assertEquals((await runInProcess(["init", folder])).code, 0);
    const before = textsOf(site.root);
    const { code, errors } = await runInProcess(["init", folder]);
    assertEquals(code, 1);
    for (const file of PROJECT_FILES.filter((file) => !file.startsWith("."))) {
      assertStringIncludes(errors, file);
    }
    assertEquals(textsOf(site.root), before);
  });

  await t.step("a link that leads nowhere is not followed", async () => {
    using site = Site.make({});
    Deno.symlinkSync(join(site.root, "outside"), join(site.root, "deno.json"));
    const { code, errors } = await runInProcess(["init", site.root]);
    assertEquals(code, 1);
    assertStringIncludes(errors, "deno.json is there already");
    assertEquals([...Deno.readDirSync(site.root)].length, 1);
  });

  await t.step("what the editor and git go by is kept, and it says so", async () => {
    const mine = { ".gitignore": "mine", ".vscode/settings.json": "{}" };
    using site = Site.make(mine);
    const { code, output, errors } = await runInProcess(["init", site.root]);
    assertEquals([code, errors], [0, ""]);
    assertStringIncludes(
      output,
      "  .gitignore (kept)\n  .vscode/settings.json (kept)\n  .vscode/extensions.json\n",
    );
    const texts = textsOf(site.root);
    assertEquals(Object.keys(texts).sort(), PROJECT_FILES.toSorted());
    for (const [path, text] of Object.entries(mine)) assertEquals(texts[path], text);
  });

  await t.step("what is there beside stays", async () => {
    using site = Site.make({ "README.md": "mine", "services/other/other.js": "" });
    const { code, errors } = await runInProcess(["init", site.root]);
    assertEquals([code, errors], [0, ""]);
    assertEquals(Object.keys(textsOf(site.root)).length, PROJECT_FILES.length + 2);
    assertEquals(Deno.readTextFileSync(join(site.root, "README.md")), "mine");
  });
});

Deno.test("a project runs beside a package.json, in a folder of any name, and after it was moved", async (t) => {
  using site = Site.make({ "before/package.json": { name: "page", dependencies: {} } });
  const before = join(site.root, "before");
  assertEquals((await switchboard(["init"], { cwd: before })).code, 0);
  // What fails below one of the names fails below all of them.
  const cwd = join(site.root, ...NAMES.map(([name]) => name), "after");
  Deno.mkdirSync(dirname(cwd), { recursive: true });
  Deno.renameSync(before, cwd);

  await t.step("the types are right", async () => {
    const { code, errors } = await deno(["check", "services"], { cwd });
    assertEquals(code, 0, errors);
  });
  await t.step("its test passes", async () => {
    const args = ["test", "-q", "-A", "--no-prompt", "--no-check"];
    const { code, output, errors } = await deno(args, { cwd });
    assertEquals(code, 0, output + errors);
    assertStringIncludes(output, "1 passed | 0 failed");
  });
  await t.step("it is served", async () => {
    await using server = await Serving.start(["task", "dev"], { cwd });
    await using ada = await Client.open(`ws://127.0.0.1:${server.port}/services/chat?name=Ada`);
    assertEquals(await ada.nextJson(), { news: "Ada joined", here: 1 });
  });
  await t.step("its packages are not looked for in node_modules", () => {
    assertEquals([...Deno.readDirSync(cwd)].some(({ name }) => name === "node_modules"), false);
  });
});

Deno.test("init makes the folder that it is told, whatever it is called", async (t) => {
  using site = Site.make({ "file": "" });
  const cwd = site.root;
  const outcomes = await runEach([
    ...NAMES.map(([name]) => ["init", "--", name]),
    ["init", "file/x"],
    ["init", "file"],
    ["init", "a1", "a2"],
  ].map((args) => ({ args, cwd })));
  for (const [at, [name, shown]] of NAMES.entries()) {
    await t.step(name, () => {
      const { code, output, errors } = outcomes[at]!;
      assertEquals([code, errors, output.includes("\x1b")], [0, "", false]);
      assertStringIncludes(output, `Next, run\n  cd ${shown}\n  deno task dev\n`);
      const texts = textsOf(join(cwd, name));
      assertEquals(Object.keys(texts).sort(), PROJECT_FILES.toSorted());
      assertEquals(texts, textsOf(join(cwd, "plain")));
    });
  }
  const [throughFile, file, two] = outcomes.slice(NAMES.length);

  await t.step("with a closed output all files are written, without an error", async () => {
    const process = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-prompt", CLI, "init", "unread"],
      cwd,
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    await process.stdout.cancel();
    const errors = await new Response(process.stderr).text();
    assertEquals([(await process.status).code, errors], [0, ""]);
    assertEquals(Object.keys(textsOf(join(cwd, "unread"))).sort(), PROJECT_FILES.toSorted());
  });
  await t.step("a path through a file: exit 1", () => {
    assertEquals(throughFile, {
      code: 1,
      output: "",
      errors:
        `error: Cannot write "${cwd}/file/x/deno.json": a part of the path is a file, expected folders\n`,
    });
  });
  await t.step("a file: exit 1", () => {
    assertEquals(file!.code, 1);
    assertStringIncludes(file!.errors, "a part of the path is a file, expected folders");
  });
  await t.step("without the permission to write: exit 1", async () => {
    const { code, errors } = await deno(
      ["run", "--allow-read", "--allow-env", "--no-prompt", CLI, "init", "no"],
      { cwd },
    );
    assertEquals(code, 1);
    assertStringIncludes(
      errors,
      `error: Cannot write "${cwd}/no/deno.json": Requires write access`,
    );
  });
  await t.step("two folders: exit 2", () => {
    assertEquals(two!.code, 2);
    assertStringIncludes(two!.errors, "too many arguments for 'init'");
  });
});
