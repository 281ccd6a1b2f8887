/**
 * Publishes the package, by default as a dry run: `deno run -A tools/publish.ts [deno publish flags]`.
 *
 * The packages of `links` lie inside this repository, and a linked package inside the published folder would be
 * published with it. So this publishes from a workspace that keeps `links` at its root and the
 * package as its member: what consumers get depends on the real `@std` packages.
 *
 * Of what the registry's score asks for, `tests/module_test.ts` measures the docs, and the dry run that no type is
 * slow. Three things are no files: description and runtimes (Deno) are settings of the package on jsr.io, and
 * provenance comes with publishing from GitHub Actions.
 *
 * @module
 */
import { dirname, fromFileUrl, join } from "@std/path";

const root = fromFileUrl(new URL("..", import.meta.url));
const { links = [], ...config } = JSON.parse(Deno.readTextFileSync(join(root, "deno.json")));
const workspace = Deno.makeTempDirSync({ prefix: "switchboard_publish_" });
const member = join(workspace, "switchboard");
try {
  for (const path of config.publish.include) copy(join(root, path), join(member, path));
  write(join(member, "deno.json"), config);
  for (const link of links) copy(join(root, link), join(workspace, link));
  write(join(workspace, "deno.json"), {
    workspace: ["./switchboard"],
    links,
    unstable: config.unstable,
  });
  const flags = Deno.args.length > 0 ? Deno.args : ["--dry-run", "--allow-dirty"];
  const command = new Deno.Command(Deno.execPath(), { args: ["publish", ...flags], cwd: member });
  const { code } = await command.spawn().status;
  Deno.exitCode = code;
} finally {
  Deno.removeSync(workspace, { recursive: true });
}

function copy(from: string, to: string): void {
  if (Deno.statSync(from).isFile) {
    Deno.mkdirSync(dirname(to), { recursive: true });
    Deno.copyFileSync(from, to);
    return;
  }
  for (const { name } of Deno.readDirSync(from)) copy(join(from, name), join(to, name));
}

function write(file: string, value: unknown): void {
  Deno.mkdirSync(dirname(file), { recursive: true });
  Deno.writeTextFileSync(file, JSON.stringify(value, null, 2));
}
