import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { Chromium, findChromium } from "../helpers/browser.ts";
import { Client } from "../helpers/client.ts";
import { deno, Serving, switchboard } from "../helpers/project.ts";
import { type Files, Site } from "../helpers/site.ts";

const HERE = fromFileUrl(new URL("../..", import.meta.url));
const SKIP = findChromium() === null;
if (SKIP) console.log("the page of tests/cli/init_test.ts is skipped: no Chromium");

const FILES = [
  "deno.json",
  "globals.d.ts",
  "services/chat/chat.ts",
  "services/chat/assets/index.html",
  "services/chat/assets/chat.css",
  "services/chat/assets/chat.js",
  "tests/chat_test.ts",
  ".gitignore",
  ".vscode/settings.json",
  ".vscode/extensions.json",
];

function textsOf(root: string, folder = ""): Record<string, string> {
  return Object.fromEntries(
    [...Deno.readDirSync(join(root, folder))].flatMap(({ name, isDirectory }) => {
      const path = folder === "" ? name : `${folder}/${name}`;
      return isDirectory
        ? Object.entries(textsOf(root, path))
        : [[path, Deno.readTextFileSync(join(root, path))]];
    }),
  );
}

Deno.test("from an empty folder to a chat: init, and the task that it names", async (t) => {
  using site = Site.make({});
  const { root } = site;

  await t.step("init says what it wrote and what to do next", async () => {
    assertEquals(await switchboard(["init"], { cwd: root }), {
      code: 0,
      output: `Wrote in ${root}\n${FILES.map((file) => `  ${file}\n`).join("")}` +
        "Next, run\n  deno task dev\nand open\n  http://127.0.0.1:8080/services/chat\n",
      errors: "",
    });
    assertEquals(Object.keys(textsOf(root)).sort(), FILES.toSorted());
  });

  await t.step("the types are right, and the style is Deno's", async () => {
    for (const args of [["check"], ["lint"], ["fmt", "--check"]]) {
      const { code, errors } = await deno(args, { cwd: root });
      assertEquals([args, code], [args, 0], errors);
    }
  });

  await t.step("the types are there: a mistake is found", async () => {
    const file = "services/chat/chat.ts";
    const text = Deno.readTextFileSync(join(root, file));
    site.write({ [file]: text.replace("event.session", "event.sesion") });
    const { code, errors } = await deno(["check"], { cwd: root });
    assertEquals(code, 1);
    assertStringIncludes(errors, "Property 'sesion' does not exist");
    site.write({ [file]: text });
  });

  await t.step("every id that controllers import is known to the editor", async () => {
    const { imports } = JSON.parse(Deno.readTextFileSync(join(HERE, "deno.json")));
    const ids = Object.keys(imports).filter((id) => imports[id].startsWith("./lib/"));
    assert(ids.length > 20);
    ids.push("@switchboard/switchboard/xp/types", "@switchboard/switchboard/lolo/types");
    site.write({ "all.ts": ids.map((id) => `import "${id}";\n`).join("") });
    const { code, errors } = await deno(["check", "all.ts"], { cwd: root });
    assertEquals(code, 0, errors);
    Deno.removeSync(join(root, "all.ts"));
  });

  await t.step("the test passes", async () => {
    const { code, output, errors } = await deno(["task", "test"], { cwd: root });
    assertEquals(code, 0, output + errors);
    assertStringIncludes(output, "1 passed | 0 failed");
  });

  await t.step("the test fails when the controller does something else", async () => {
    const file = "services/chat/chat.ts";
    const text = Deno.readTextFileSync(join(root, file));
    site.write({ [file]: text.replace("from: name, text", "from: name, text: text + '!'") });
    const { code, output } = await deno(["task", "test"], { cwd: root });
    assertEquals(code, 1);
    assertStringIncludes(output, "0 passed | 1 failed");
    site.write({ [file]: text });
  });

  for (const task of ["start", "dev"]) {
    await t.step(`deno task ${task} serves it`, async () => {
      await using server = await Serving.start(["task", task], { cwd: root });
      const url = `ws://127.0.0.1:${server.port}/services/chat`;
      await using ada = await Client.open(`${url}?name=Ada`);
      assertEquals(await ada.nextJson(), { news: "Ada joined", here: 1 });
      ada.send(" Hello ");
      assertEquals(await ada.nextJson(), { from: "Ada", text: "Hello", here: 1 });
      const nobody = await fetch(`http${url.slice(2)}`, { redirect: "manual" });
      await nobody.body?.cancel();
      assertEquals([nobody.status, nobody.headers.get("location")], [
        303,
        "/services/chat/assets/",
      ]);
    });
  }

  await t.step({
    name: "two people chat in real browser windows, one of them on a phone",
    ignore: SKIP,
    async fn() {
      await using server = await Serving.start(["task", "dev"], { cwd: root });
      await using browser = await Chromium.start();
      const url = `http://127.0.0.1:${server.port}/services/chat`;
      const [ada, bob] = [await browser.window(), await browser.window(360, 640)];
      for (const [page, name] of [[ada, "Ada"], [bob, "Bob"]] as const) {
        await page.goto(url);
        // By keyboard alone: the page waits for the name, at the latest when it is first drawn.
        await page.locator("#name:focus").waitFor();
        await page.keyboard.type(name);
        await page.keyboard.press("Enter");
        await page.getByText(`${name} joined`).waitFor();
      }
      await ada.getByText("2 are here").waitFor();
      await bob.keyboard.type("Hello <b>Ada</b>");
      await bob.keyboard.press("Enter");
      await ada.getByText("Hello <b>Ada</b>").waitFor();
      await ada.getByLabel("Message", { exact: true }).fill("Hi!");
      await ada.getByRole("button", { name: "Send" }).click();
      await bob.getByText("Hi!").waitFor();
      assertEquals(await bob.locator("li.mine").count(), 1);
      // Somebody of the same name is somebody else.
      const other = await browser.window();
      await other.goto(url);
      await other.keyboard.type("Ada");
      await other.keyboard.press("Enter");
      await ada.getByText("3 are here").waitFor();
      await other.keyboard.type("from the other Ada");
      await other.keyboard.press("Enter");
      await ada.getByText("from the other Ada").waitFor();
      await other.getByText("from the other Ada").waitFor();
      assertEquals(await ada.locator("li.mine").allTextContents(), ["AdaHi!"]);
      assertEquals(await other.locator("li.mine").count(), 1);
      await other.context().close();
      await bob.getByText("Ada left").waitFor();
      const overflows = await bob.evaluate("document.documentElement.scrollWidth > innerWidth");
      assertEquals(overflows, false);
      await bob.context().close();
      await ada.getByText("Bob left").waitFor();
      await ada.getByText("Only you are here").waitFor();
      assertEquals(browser.errors, []);
    },
  });

  await t.step({
    name: "the page comes back when the server does",
    ignore: SKIP,
    async fn() {
      const first = await Serving.start(["task", "start"], { cwd: root });
      await using browser = await Chromium.start();
      const page = await browser.window();
      await page.goto(`http://127.0.0.1:${first.port}/services/chat`);
      await page.locator("#name:focus").waitFor();
      await page.keyboard.type("Ada");
      await page.keyboard.press("Enter");
      await page.getByText("Only you are here").waitFor();
      await first[Symbol.asyncDispose]();
      await page.getByText("Connection lost. Reconnecting…").waitFor();
      assertEquals(await page.getByRole("button", { name: "Send" }).isDisabled(), true);
      await using _second = await Serving.start(["task", "start"], {
        cwd: root,
        env: { SWITCHBOARD_PORT: String(first.port) },
      });
      await page.getByText("Only you are here").waitFor();
      await page.getByLabel("Message", { exact: true }).fill("back again");
      await page.keyboard.press("Enter");
      await page.getByText("back again").waitFor();
    },
  });
});

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
      assertEquals(await switchboard(["init"], { cwd: site.root }), {
        code: 1,
        output: "",
        errors: `error: Cannot write to "${site.root}": ${said}, and nothing is overwritten; move ${
          said.includes(" are ") ? "them" : "it"
        } away first\n`,
      });
      assertEquals(textsOf(site.root), before);
    });
  }

  await t.step("a second time", async () => {
    using site = Site.make({});
    assertEquals((await switchboard(["init", "a"], { cwd: site.root })).code, 0);
    const before = textsOf(site.root);
    const { code, errors } = await switchboard(["init", "a"], { cwd: site.root });
    assertEquals(code, 1);
    for (const file of FILES.filter((file) => !file.startsWith("."))) {
      assertStringIncludes(errors, file);
    }
    assertEquals(textsOf(site.root), before);
  });

  await t.step("a link that leads nowhere is not followed", async () => {
    using site = Site.make({});
    Deno.symlinkSync(join(site.root, "outside"), join(site.root, "deno.json"));
    const { code, errors } = await switchboard(["init"], { cwd: site.root });
    assertEquals(code, 1);
    assertStringIncludes(errors, "deno.json is there already");
    assertEquals([...Deno.readDirSync(site.root)].length, 1);
  });

  await t.step("what the editor and git go by is kept, and it says so", async () => {
    const mine = { ".gitignore": "mine", ".vscode/settings.json": "{}" };
    using site = Site.make(mine);
    const { code, output, errors } = await switchboard(["init"], { cwd: site.root });
    assertEquals([code, errors], [0, ""]);
    assertStringIncludes(
      output,
      "  .gitignore (kept)\n  .vscode/settings.json (kept)\n  .vscode/extensions.json\n",
    );
    const texts = textsOf(site.root);
    assertEquals(Object.keys(texts).sort(), FILES.toSorted());
    for (const [path, text] of Object.entries(mine)) assertEquals(texts[path], text);
  });

  await t.step("what is there beside stays", async () => {
    using site = Site.make({ "README.md": "mine", "services/other/other.js": "" });
    const { code, errors } = await switchboard(["init"], { cwd: site.root });
    assertEquals([code, errors], [0, ""]);
    assertEquals(Object.keys(textsOf(site.root)).length, FILES.length + 2);
    assertEquals(Deno.readTextFileSync(join(site.root, "README.md")), "mine");
  });
});

Deno.test("init beside a package.json, whose packages are nobody's business here: the project is served", async () => {
  using site = Site.make({ "package.json": { name: "page", dependencies: {} } });
  const options = { cwd: site.root };
  assertEquals((await switchboard(["init"], options)).code, 0);
  const check = await deno(["check"], options);
  assertEquals(check.code, 0, check.errors);
  await using server = await Serving.start(["task", "dev"], options);
  await using ada = await Client.open(`ws://127.0.0.1:${server.port}/services/chat?name=Ada`);
  assertEquals(await ada.nextJson(), { news: "Ada joined", here: 1 });
  assertEquals([...Deno.readDirSync(site.root)].some(({ name }) => name === "node_modules"), false);
});

Deno.test("init makes the folder that it is told, whatever it is called", async (t) => {
  using site = Site.make({ "file": "" });
  const cwd = site.root;
  const names: [string, string][] = [
    ["plain", "plain"],
    ["a/deep/one", "a/deep/one"],
    ["with spaces", "'with spaces'"],
    ["it's", `'it'\\''s'`],
    ["snö-雪", "'snö-雪'"],
    ["100%#?", "'100%#?'"],
    ["-x", "./-x"],
    ["re\x1b[31md\n'", String.raw`$'re\x1b[31md\n\''`],
  ];
  for (const [name, shown] of names) {
    await t.step(name, async () => {
      const { code, output, errors } = await switchboard(["init", "--", name], { cwd });
      assertEquals([code, errors, output.includes("\x1b")], [0, "", false]);
      assertStringIncludes(output, `Next, run\n  cd ${shown}\n  deno task dev\n`);
      assertEquals((await deno(["check"], { cwd: join(cwd, name) })).code, 0);
    });
  }

  await t.step("nobody reads what it says: all is written, and nothing is said", async () => {
    const process = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-prompt", join(HERE, "cli.ts"), "init", "unread"],
      cwd,
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    await process.stdout.cancel();
    const errors = await new Response(process.stderr).text();
    assertEquals([(await process.status).code, errors], [0, ""]);
    assertEquals(Object.keys(textsOf(join(cwd, "unread"))).sort(), FILES.toSorted());
  });
  await t.step("a path through a file: exit 1", async () => {
    const { code, output, errors } = await switchboard(["init", "file/x"], { cwd });
    assertEquals([code, output], [1, ""]);
    assertEquals(
      errors,
      `error: Cannot write "${cwd}/file/x/deno.json": a part of the path is a file, expected folders\n`,
    );
  });
  await t.step("a file: exit 1", async () => {
    const { code, errors } = await switchboard(["init", "file"], { cwd });
    assertEquals(code, 1);
    assertStringIncludes(errors, "a part of the path is a file, expected folders");
  });
  await t.step("without the permission to write: exit 1", async () => {
    const { code, errors } = await deno(
      ["run", "--allow-read", "--allow-env", "--no-prompt", join(HERE, "cli.ts"), "init", "no"],
      { cwd },
    );
    assertEquals(code, 1);
    assertStringIncludes(
      errors,
      `error: Cannot write "${cwd}/no/deno.json": Requires write access`,
    );
  });
  await t.step("two folders: exit 2", async () => {
    const { code, errors } = await switchboard(["init", "a1", "a2"], { cwd });
    assertEquals(code, 2);
    assertStringIncludes(errors, "too many arguments for 'init'");
  });
});
