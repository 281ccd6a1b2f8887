import { assert, assertEquals } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import * as registered from "../lib/systems/host.ts";
import { Client } from "./helpers/client.ts";
import { copy } from "./helpers/copy.ts";
import { Serving } from "./helpers/project.ts";
import { Site } from "./helpers/site.ts";

const REPOSITORY = fromFileUrl(new URL("../", import.meta.url));

/** A system whose controllers are files `NAME.toy`: each message is answered with the text of the file. */
const TOY = {
  "lib/systems/toy/host/mod.ts": `
import { join } from "@std/path";
import { isFile } from "../../../base/files.ts";
import type { System } from "../../system.ts";

export const toy: System = {
  name: "toy",
  starter: (name) => ({
    files: { [name + ".toy"]: "Hello" },
    test: {
      path: "/services/" + name,
      does: "it answers",
      talk: '  ada.send("x");\\n  assertEquals(await ada.next(), "Hello");\\n  assertEquals(typeof bob, "object");',
    },
  }),
  read: () => ({
    endpoints({ name, dir }) {
      const file = join(dir, name + ".toy");
      return isFile(file) ? [{ id: "toy", system: "toy", file, paths: [] }] : [];
    },
  }),
};
`,
  "lib/systems/toy/inside/mod.ts": `
import { connectOnly } from "../../../inside/connect_only.ts";
import { link } from "../../../inside/link.ts";
import type { InsideSystem } from "../../../inside/system.ts";

export const toy: InsideSystem = {
  controllers: {
    toy({ file }) {
      const answer = Deno.readTextFileSync(file);
      return Promise.resolve({
        request: (request) => Promise.resolve(connectOnly(request)),
        event(session, { type }) {
          if (type === "message") link().send(session.id, answer);
        },
      });
    },
  },
};
`,
};

Deno.test("a script system is one folder, and one line in each of the two lists", async (t) => {
  using runtime = Site.make(TOY);
  copyRuntime(runtime.root);
  for (const side of ["host", "inside"]) {
    Deno.writeTextFileSync(
      join(runtime.root, `lib/systems/${side}.ts`),
      `export { toy } from "./toy/${side}/mod.ts";\n`,
      { append: true },
    );
  }
  using site = Site.make({ "services/greeter/greeter.toy": "Hello from a toy" });
  const command = (name: string, ...args: string[]) => [
    "run",
    "-A",
    "--no-check",
    join(runtime.root, "cli.ts"),
    name,
    ...args,
  ];
  await t.step("its services are served", async () => {
    await using server = await Serving.start(command("serve", "."), { cwd: site.root });
    assert(server.output.all.some((line) => /greeter +toy /.test(line)), server.output.all.join());
    await using client = await Client.open(`ws://127.0.0.1:${server.port}/services/greeter`);
    client.send("anything");
    assertEquals(await client.next(), "Hello from a toy");
  });
  await t.step("`new` makes one", async () => {
    const { success } = await new Deno.Command(Deno.execPath(), {
      args: command("new", "second", ".", "--kind", "toy"),
      cwd: site.root,
      stdout: "null",
      stderr: "null",
    }).output();
    assert(success);
    assertEquals(
      Deno.readTextFileSync(join(site.root, "services/second/second.toy")),
      "Hello",
    );
  });
});

Deno.test("nothing can be added to the list of systems at run time", () => {
  const systems: object = registered;
  assert(!Object.isExtensible(systems));
  assertEquals(Reflect.set(systems, "toy", {}), false);
});

/** Copies what the command runs from. */
function copyRuntime(to: string): void {
  const { links = [] } = JSON.parse(Deno.readTextFileSync(join(REPOSITORY, "deno.json")));
  for (const path of ["cli.ts", "mod.ts", "deno.json", "deno.lock", "lib", ...links as string[]]) {
    copy(join(REPOSITORY, path), join(to, path));
  }
}
