import { assertEquals, assertMatch } from "@std/assert";
import { type Outcome, runCommand } from "../helpers/command.ts";
import { flow } from "../helpers/flow.ts";
import { runInProcess } from "../helpers/in_process.ts";
import { type Files, Site } from "../helpers/site.ts";

type Run = (args: string[]) => Promise<Outcome>;

/** Runs `flow` for a root that has these files; `ROOT` stands for the root in what it says. */
async function run(files: Files, name: string, start: Run = runInProcess): Promise<Outcome> {
  using site = Site.make(files);
  const { code, output, errors } = await start(["flow", name, site.root]);
  const [said, complained] = [output, errors].map((text) => text.replaceAll(site.root, "ROOT"));
  return { code, output: said!, errors: complained! };
}

const FILES = {
  "services/a/a.flow.json": flow("/a/:x", { n: "./n.js" }, [["socket.req", "n.in"]]),
  "services/a/b.flow.json": flow("/b", { n: "./n.js" }, []),
  "services/a/n.js": "exports.handler = () => { throw new Error('not to be run'); };",
  "services/xp/xp.js": "exports.get = () => ({});",
};

Deno.test("flow NAME prints the service's flows as Mermaid, and runs nothing", async () => {
  assertEquals(await run(FILES, "a", runCommand), {
    code: 0,
    output: `flowchart LR
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
    errors: "",
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
      const { code, output, errors } = await run(FILES, name);
      assertEquals([code, output], [1, ""]);
      assertMatch(errors, message);
    });
  }
  await t.step("a broken flow", async () => {
    const broken = { ...FILES, "services/a/b.flow.json": flow("/b", {}, [["socket.req", "n.in"]]) };
    const { code, output, errors } = await run(broken, "a");
    assertEquals([code, output], [1, ""]);
    assertEquals(
      errors,
      'error: Cannot serve flow "services/a/b.flow.json": edge ["socket.req", "n.in"]: ' +
        'there is no node "n", expected one of socket\n',
    );
  });
  await t.step("no name", async () => {
    const { code, errors } = await runInProcess(["flow"]);
    assertEquals(code, 2);
    assertMatch(errors, /missing required argument 'name'/);
  });
});
