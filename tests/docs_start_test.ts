import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { Client } from "./helpers/client.ts";
import { deno, Serving, switchboard } from "./helpers/project.ts";
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

Deno.test("docs/start.md: every command does what the page says, from an empty folder on", async (t) => {
  using site = Site.make({});
  const options = { cwd: site.root };
  const task = async (line: string) => {
    const { code, output, errors } = await deno(line.split(" ").slice(1), options);
    assertEquals(code, 0, output + errors);
    return output;
  };

  await t.step("it is short", () => {
    assert(PAGE.trim().split("\n").length <= 80);
  });

  await t.step("two commands make a chat", async () => {
    assertEquals(block("sh", "init"), "switchboard init\ndeno task dev\n");
    const { code, output } = await switchboard(["init"], options);
    assertEquals(code, 0);
    assertStringIncludes(output, "  deno task dev\n");
    const [, url] = /Open <(.+?)>/.exec(PAGE)!;
    assertStringIncludes(output, `  ${url}\n`);
  });

  await t.step(
    "a new service is served by the dev that runs, and so is what is made of it",
    async () => {
      await using server = await Serving.start(["task", "dev"], options);
      await server.output.next((line) => line.startsWith("Watching "));
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

  await t.step("its test fails, until it expects the new answer", async () => {
    const file = join(site.root, "tests/greeter_test.ts");
    const text = Deno.readTextFileSync(file);
    const { code, output } = await deno(["task", "test"], options);
    assertEquals(code, 1);
    assertStringIncludes(output, "Welcome, Hello!");
    const talk = /^ {2}bob\.send[^]*?(?=^\}\);$)/m;
    assert(talk.test(text));
    Deno.writeTextFileSync(file, text.replace(talk, block("ts ignore", "bob.send")));
    assertStringIncludes(await task(block("sh", "task test").trim()), "2 passed | 0 failed");
  });

  await t.step("every command of the table makes what it says", async () => {
    const rows = [...PAGE.matchAll(/^\| `(deno task new [^`]+)` +\|/gm)].map(([, line]) => line!);
    assertEquals(rows.length, 4);
    for (const line of rows) {
      using other = Site.make({});
      assertEquals((await switchboard(["init"], { cwd: other.root })).code, 0);
      const { code, errors } = await deno(line.split(" ").slice(1), { cwd: other.root });
      assertEquals([line, code], [line, 0], errors);
      const files = [...Deno.readDirSync(join(other.root, "services/greeter"))].map(({ name }) =>
        name
      );
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
    for (const [, path] of PAGE.matchAll(/^\| `(\S+)` /gm)) await Deno.stat(join(site.root, path!));
    await using server = await Serving.start(["task", "start"], options);
    await using ada = await Client.open(`ws://127.0.0.1:${server.port}/services/greeter`);
    ada.send("Bob");
    assertEquals(await ada.next(), "Welcome, Bob!");
  });
});
