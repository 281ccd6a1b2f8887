import { assertEquals, assertMatch } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { flow } from "../helpers/flow.ts";
import { type Files, Site } from "../helpers/site.ts";

const CLI = fromFileUrl(import.meta.resolve("../../cli.ts"));

async function run(files: Files, ...args: string[]) {
  using site = Site.make(files);
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-prompt", CLI, "flow", ...args, site.root],
    env: { NO_COLOR: "1" },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).replaceAll(site.root, "ROOT");
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

const FILES = {
  "services/a/a.flow.json": flow("/a/:x", { n: "./n.js" }, [["socket.req", "n.in"]]),
  "services/a/b.flow.json": flow("/b", { n: "./n.js" }, []),
  "services/a/n.js": "exports.handler = () => { throw new Error('not to be run'); };",
  "services/xp/xp.js": "exports.get = () => ({});",
};

Deno.test("flow NAME prints the service's flows as Mermaid, and runs nothing", async () => {
  assertEquals(await run(FILES, "a"), {
    code: 0,
    stdout: `flowchart LR
  subgraph f0 ["a"]
    f0n0(["socket<br>/a/:x"])
    f0n1["n<br>n.js"]
    f0n0 -->|"req → in"| f0n1
  end
  subgraph f1 ["b"]
    f1n0(["socket<br>/b"])
    f1n1["n<br>n.js"]
  end
`,
    stderr: "",
  });
});

Deno.test("flow NAME says what it cannot print, and what there is", async (t) => {
  const cases: [string, RegExp][] = [
    ["none", /^error: There is no service "none" in ROOT; there are flows in a\n$/],
    ["xp", /^error: Service "xp" has no flow in ROOT; there are flows in a\n$/],
    ["../a", /^error: There is no service "\.\.\/a" in ROOT/],
  ];
  for (const [name, message] of cases) {
    await t.step(name, async () => {
      const { code, stdout, stderr } = await run(FILES, name);
      assertEquals([code, stdout], [1, ""]);
      assertMatch(stderr, message);
    });
  }
  await t.step("a broken flow", async () => {
    const broken = { ...FILES, "services/a/b.flow.json": flow("/b", {}, [["socket.req", "n.in"]]) };
    const { code, stdout, stderr } = await run(broken, "a");
    assertEquals([code, stdout], [1, ""]);
    assertEquals(
      stderr,
      'error: Cannot serve flow "services/a/b.flow.json": edge ["socket.req", "n.in"]: ' +
        'there is no node "n", expected one of socket\n',
    );
  });
  await t.step("no name", async () => {
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-prompt", CLI, "flow"],
      env: { NO_COLOR: "1" },
    }).output();
    assertEquals(code, 2);
    assertMatch(new TextDecoder().decode(stderr), /missing required argument 'name'/);
  });
});
