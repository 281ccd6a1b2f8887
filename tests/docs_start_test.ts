import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { Client } from "./helpers/client.ts";
import { runInProcess } from "./helpers/in_process.ts";
import { deno, PROJECT_FILES, Serving, switchboard, textsOf } from "./helpers/project.ts";
import { Site } from "./helpers/site.ts";

const PAGE = Deno.readTextFileSync(new URL("../docs/start.md", import.meta.url));

/** The code blocks of the page, with what stands behind the fence. */
const BLOCKS = [...PAGE.matchAll(/^```([\w ]+)\n([^]*?)^```$/gm)]
  .map(([, language, text]) => ({ language: language!, text: text! }));

function block(language: string, containing: string): string {
  const found = BLOCKS.find((one) => one.language === language && one.text.includes(containing));
  assert(found, `no ${language} block with ${containing} in docs/start.md`);
  return found.text;
}

/** Talks to the chat that `init` makes. */
async function talk(port: number): Promise<void> {
  const url = `ws://127.0.0.1:${port}/services/chat`;
  await using ada = await Client.open(`${url}?name=Ada`);
  assertEquals(await ada.nextJson(), { news: "Ada joined", here: 1 });
  ada.send(" Hello ");
  assertEquals(await ada.nextJson(), { from: "Ada", text: "Hello", here: 1 });
  const nobody = await fetch(`http${url.slice(2)}`, { redirect: "manual" });
  await nobody.body?.cancel();
  assertEquals([nobody.status, nobody.headers.get("location")], [303, "/services/chat/assets/"]);
}

Deno.test("docs/start.md: every command does what the page says, from an empty folder on", async (t) => {
  using site = Site.make({});
  const { root } = site;
  const options = { cwd: root };
  const task = async (line: string) => {
    const { code, output, errors } = await deno(line.split(" ").slice(1), options);
    assertEquals(code, 0, output + errors);
    return output;
  };

  await t.step("it is short", () => {
    assert(PAGE.trim().split("\n").length <= 80);
  });

  await t.step(
    "two commands make a chat: init says what it wrote and what to do next",
    async () => {
      assertEquals(block("sh", "init"), "switchboard init\ndeno task dev\n");
      const [, url] = /Open <(.+?)>/.exec(PAGE)!;
      assertEquals(await switchboard(["init"], options), {
        code: 0,
        output: `Wrote in ${root}\n${PROJECT_FILES.map((file) => `  ${file}\n`).join("")}` +
          `Next, run\n  deno task dev\nand open\n  ${url}\n`,
        errors: "",
      });
      assertEquals(Object.keys(textsOf(root)).sort(), PROJECT_FILES.toSorted());
    },
  );

  await t.step("the style is Deno's", async () => {
    for (const args of [["lint"], ["fmt", "--check"]]) {
      const { code, errors } = await deno(args, options);
      assertEquals([args, code], [args, 0], errors);
    }
  });

  await t.step(
    "deno task dev serves it, and a new service, and what is made of that",
    async () => {
      await using server = await Serving.start(["task", "dev"], options);
      await server.output.next((line) => line.startsWith("Watching "));
      await talk(server.port);
      await task(block("sh", "task new").trim());
      await server.log.next((line) => line.includes("greeter Started"));
      const controller = block("ts", "webSocketEvent");
      site.write({ "services/greeter/greeter.ts": controller });
      await server.log.next((line) => line.includes("greeter Swapped in"));
      await using ada = await Client.open(`ws://127.0.0.1:${server.port}/services/greeter`);
      ada.send("Ada");
      assertEquals(await ada.next(), "Welcome, Ada!");
    },
  );

  await t.step("the tests fail when the controllers do something else", async () => {
    const file = "services/chat/chat.ts";
    const text = Deno.readTextFileSync(join(root, file));
    site.write({ [file]: text.replace("from: name, text", "from: name, text: text + '!'") });
    // As the task does it, but for the types.
    const { code, output } = await deno(["test", "-q", "-A", "--no-prompt", "--no-check"], options);
    site.write({ [file]: text });
    assertEquals(code, 1);
    assertStringIncludes(output, "Hello!");
    assertStringIncludes(output, "Welcome, Hello!");
    assertStringIncludes(output, "0 passed | 2 failed");
  });

  await t.step(
    "deno task test: types are right and tests pass, once they expect the new answer",
    async () => {
      const file = join(root, "tests/greeter_test.ts");
      const text = Deno.readTextFileSync(file);
      const talk = /^ {2}bob\.send[^]*?(?=^\}\);$)/m;
      assert(talk.test(text));
      Deno.writeTextFileSync(file, text.replace(talk, block("ts ignore", "bob.send")));
      assertStringIncludes(await task(block("sh", "task test").trim()), "2 passed | 0 failed");
    },
  );

  await t.step("every command of the table makes what it says", async () => {
    const rows = [...PAGE.matchAll(/^\| `deno task (new [^`]+)` +\|/gm)].map(([, line]) => line!);
    assertEquals(rows.length, 4);
    const folders = rows.map((_, at) => join(root, "others", String(at)));
    for (const [at, line] of rows.entries()) {
      const [command, name, ...flags] = line.split(" ");
      for (const args of [["init", folders[at]!], [command!, name!, folders[at]!, ...flags]]) {
        const { code, errors } = await runInProcess(args);
        assertEquals([args, code, errors], [args, 0, ""]);
      }
    }
    for (const [at, line] of rows.entries()) {
      const folder = join(folders[at]!, "services/greeter");
      const files = [...Deno.readDirSync(folder)].map(({ name }) => name);
      const sign = line.includes("--js")
        ? "greeter.js"
        : line.includes("dirigible")
        ? "greeter.websocket"
        : line.includes("lolo")
        ? "greeter.flow.json"
        : "greeter.ts";
      assert(files.includes(sign), `${line}: ${files}`);
    }
  });

  await t.step("what it says is there, is there, and start serves it", async () => {
    for (const [, path] of PAGE.matchAll(/^\| `(\S+)` /gm)) await Deno.stat(join(root, path!));
    await using server = await Serving.start(["task", "start"], options);
    await talk(server.port);
    await using ada = await Client.open(`ws://127.0.0.1:${server.port}/services/greeter`);
    ada.send("Bob");
    assertEquals(await ada.next(), "Welcome, Bob!");
  });
});
