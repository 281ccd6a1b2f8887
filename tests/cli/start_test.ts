/**
 * What a start loads. Each npm package takes 10 to 100 ms of processor time, and all of `lib/` about as much as the
 * largest of them.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";

const ROOT = import.meta.resolve("../../");

interface Module {
  specifier: string;
  dependencies?: { code?: { specifier: string }; isDynamic?: boolean }[];
}

/** What is loaded before the module runs: local files below the repository, and names of packages. */
async function loadedWith(entry: string): Promise<{ files: string[]; packages: string[] }> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", fromFileUrl(new URL(entry, ROOT))],
  }).output();
  const { modules, redirects } = JSON.parse(new TextDecoder().decode(stdout)) as {
    modules: Module[];
    redirects: Record<string, string>;
  };
  const known = new Map(modules.map((module) => [module.specifier, module]));
  const found = new Set<string>();
  const visit = (specifier: string): void => {
    const url = redirects[specifier] ?? specifier;
    if (found.has(url)) return;
    found.add(url);
    for (const { code, isDynamic } of known.get(url)?.dependencies ?? []) {
      if (code !== undefined && isDynamic !== true) visit(code.specifier);
    }
  };
  visit(new URL(entry, ROOT).href);
  const urls = [...found];
  return {
    files: urls.filter((url) => url.startsWith(ROOT)).map((url) => url.slice(ROOT.length)),
    packages: urls.flatMap((url) => /^npm:\/?((?:@[^/]+\/)?[^@/]+)/.exec(url)?.[1] ?? []).sort(),
  };
}

Deno.test("the command line is read without the modules of any command", async () => {
  const { files, packages } = await loadedWith("cli.ts");
  assertEquals(packages, ["commander", "leven"]);
  const rooms = new Set(
    files.map((file) => /^lib\/((?:host|systems|tools)\/\w+|\w+)\//.exec(file)?.[1]),
  );
  assertEquals([...rooms].filter((room) => room !== undefined).sort(), [
    "base",
    "tools/cli",
    "tools/starter",
  ]);
  const commands = Deno.readTextFileSync(new URL("lib/tools/cli/main.ts", ROOT))
    .matchAll(/import\("\.\/(\w+\.ts)"\)/g).map(([, file]) => `lib/tools/cli/${file}`).toArray();
  assert(commands.length > 5, "the commands were not found");
  assertEquals(commands.filter((command) => files.includes(command)), []);
});

Deno.test("serve loads no package that only some servers need", async () => {
  const { files, packages } = await loadedWith("lib/tools/cli/serve.ts");
  assertEquals(files.includes("lib/host/switchboard.ts"), true);
  const rare = ["jose", "prom-client", "ws"];
  assertEquals(packages.filter((name) => rare.includes(name)), []);
});
