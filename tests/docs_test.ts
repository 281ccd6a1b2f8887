import { assert, assertEquals } from "@std/assert";
import { dirname, join } from "@std/path";
import { Client } from "./helpers/client.ts";
import { block } from "./helpers/page.ts";
import { Server } from "./helpers/server.ts";

const PAGES = [
  "README.md",
  "bench/README.md",
  "third_party/std/README.md",
  ...[...Deno.readDirSync("docs")].map(({ name }) => `docs/${name}`).filter((name) =>
    name.endsWith(".md")
  ),
];

function* sources(folder: string): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    const path = join(folder, name);
    if (isDirectory) yield* sources(path);
    else if (/\.ts$/.test(name)) yield Deno.readTextFileSync(path);
  }
}

Deno.test("the README's controller works as the README says", async () => {
  const code = block("README.md", "js", "webSocketEvent");
  await using server = await Server.start({ "services/hello/hello.js": code });
  assertEquals(await server.text("/services/hello"), "Connect a websocket");
  await using one = await Client.open(server.ws("/services/hello"));
  await using two = await Client.open(server.ws("/services/hello"));
  two.send("Hello");
  assertEquals([await one.next(), await two.next()], Array(2).fill("Hello (heard by 2)"));
});

Deno.test("the example of docs/dirigible.md works as it says", async () => {
  await using server = await Server.start({
    "services/hello/hello.websocket": block("docs/dirigible.md", "json", "handler"),
    "services/hello/handler.js": block("docs/dirigible.md", "js", "onMessage"),
  });
  await using one = await Client.open(server.ws("/websockets/service/hello"));
  await using two = await Client.open(server.ws("/websockets/service/hello"));
  two.send("Hello");
  assertEquals(await one.next(), "Hello");
  assertEquals([await two.next(), await two.next()], ["Hello", "you said: Hello"]);
});

Deno.test("the example of docs/flows.md works as it says, and fits in 30 lines", async () => {
  const { mermaidOf } = await import("../lib/picture/mod.ts");
  const { discover } = await import("../lib/service/mod.ts");
  const graph = block("docs/flows.md", "json", "nodes");
  const node = block("docs/flows.md", "js", "handler");
  assert((graph + node).trim().split("\n").length <= 30);
  await using server = await Server.start({
    "services/talk/talk.flow.json": graph,
    "services/talk/say.js": node,
  });
  const flows = discover(server.site.root)[0]!.endpoints.map(({ flow }) => flow!);
  assertEquals(block("docs/flows.md", "mermaid", "flowchart").trim(), mermaidOf(flows));
  await using ada = await Client.open(server.ws("/talk/den?name=Ada"));
  await using other = await Client.open(server.ws("/talk/attic?name=Bob"));
  other.send("here");
  assertEquals(await other.json(), { from: "Bob", text: "HERE!" });
  ada.send("hello");
  assertEquals(await ada.json(), { from: "Ada", text: "HELLO!" });
  ada.send("bye");
  assertEquals(await ada.next(), "See you");
  assertEquals((await ada.closed).code, 1000);
  assertEquals(other.waiting, 0);
});

Deno.test("the README's commands are the tasks, and CI runs the second", () => {
  const { tasks } = JSON.parse(Deno.readTextFileSync("deno.json"));
  for (const task of ["start", "test"]) {
    assert(tasks[task], `there is no task ${task}`);
    block("README.md", "sh", `npx -y deno@2.9.6 task ${task}`);
  }
  assert(/npx -y deno@2\.9\.6 task test$/m.test(Deno.readTextFileSync(".ci/run")));
});

Deno.test("docs/manifest.md: its example is a manifest, and it lists every key", async () => {
  const { manifestFile } = await import("../lib/service/manifest.ts");
  manifestFile.parse(block("docs/manifest.md", "json", "permissions"), "docs/manifest.md");
  const page = Deno.readTextFileSync("docs/manifest.md");
  for (const schema of ["manifest", "settings"]) {
    const { properties } = JSON.parse(Deno.readTextFileSync(`lib/service/${schema}.schema.json`));
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
    const text = Deno.readTextFileSync(page);
    for (const [, target] of text.matchAll(/\]\(([^)]+)\)/g)) {
      if (/^https?:/.test(target!)) continue;
      const [path, anchor] = target!.split("#");
      const file = path === "" ? page : join(dirname(page), path!);
      Deno.statSync(file);
      if (anchor === undefined) continue;
      const heads = [...Deno.readTextFileSync(file).matchAll(/^#+ (.*)$/gm)]
        .map((match) => match[1]!.toLowerCase().replaceAll(/[^\w -]/g, "").replaceAll(" ", "-"));
      assert(heads.includes(anchor), `${page}: ${target} has no such heading`);
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
