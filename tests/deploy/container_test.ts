import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { Client } from "../helpers/client.ts";
import { copy } from "../helpers/copy.ts";
import { Program } from "../helpers/program.ts";
import { block, exchange } from "../helpers/page.ts";
import { Site } from "../helpers/site.ts";

const HERE = Deno.realPathSync(new URL("../..", import.meta.url));

/** Lines of the container file: instruction and what follows. */
const FILE = block("docs/deployment.md", "dockerfile").trim().split("\n").map((line) => {
  const [, instruction, rest] = /^([A-Z]+) (.*)$/.exec(line) ?? [];
  assert(rest !== undefined, `no instruction: ${line}`);
  return { instruction: instruction!, rest };
});

function linesOf(instruction: string): string[] {
  return FILE.filter((line) => line.instruction === instruction).map(({ rest }) => rest);
}

/** Does what `COPY` does, with `/srv` in the folder too. */
function copyInto(root: string): void {
  for (const line of linesOf("COPY")) {
    const names = line.split(" ").filter((word) => !word.startsWith("--"));
    const to = names.pop()!;
    for (const name of names) {
      const target = to === "./"
        ? join(root, "app", name)
        : to.startsWith("/")
        ? join(root, to)
        : join(root, "app", to);
      copy(join(HERE, name), target);
    }
  }
}

Deno.test("docs/deployment.md: the container runs the Deno that this is tested with, and not as root", () => {
  assertEquals(linesOf("FROM"), [`denoland/deno:${Deno.version.deno}`]);
  const instructions = FILE.map(({ instruction }) => instruction);
  const user = instructions.indexOf("USER");
  assert(user > 0 && !/^(root|0)\b/.test(FILE[user]!.rest));
  // As root runs only what makes the folder the user's.
  const asRoot = FILE.slice(0, user).filter(({ instruction }) => instruction === "RUN");
  assertEquals(asRoot.map(({ rest }) => rest), ["chown deno:deno /app"]);
  assertEquals(linesOf("STOPSIGNAL"), ["SIGTERM"]);
  assertEquals(linesOf("EXPOSE"), ["8080"]);
});

Deno.test("docs/deployment.md: the container's commands work in an empty folder, with an empty cache", async (t) => {
  using site = Site.make({});
  copyInto(site.root);
  const app = join(site.root, "app");
  const env = { NO_COLOR: "1", DENO_DIR: join(site.root, "cache") };
  const [, install] = linesOf("RUN");
  const parts = install!.split(" ");
  assertEquals(parts[0], "deno");
  let isInstalled = false;
  await t.step("RUN fetches what it needs", async () => {
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: parts.slice(1),
      cwd: app,
      env,
    }).output();
    const text = new TextDecoder().decode(stderr);
    if (!success && /error sending request|dns error|tcp connect error/i.test(text)) {
      console.log(`The npm registry cannot be reached, so the rest is skipped: ${text}`);
      return;
    }
    assert(success, text);
    isInstalled = true;
  });
  if (!isInstalled) return;
  const [deno, ...args] = JSON.parse(
    exchange(linesOf("CMD")[0]!, { '"/srv"': JSON.stringify(join(site.root, "srv")) }),
  );
  assertEquals(deno, "deno");
  await using started = Program.start([Deno.execPath(), ...args, "--port", "0"], { cwd: app, env });
  const { process, output, log } = started;
  let port = "";
  await t.step("CMD serves with what RUN has fetched", async () => {
    const line = await started.listening();
    port = /^Listening on http:\/\/0\.0\.0\.0:(\d+)$/.exec(line)![1]!;
    await output.next((line) => line.startsWith("SERVICE"));
    assertEquals(log.all, []);
    const ready = await fetch(`http://127.0.0.1:${port}/readyz`);
    assertEquals([ready.status, (await ready.json()).status], [200, "ready"]);
  });
  await t.step("HEALTHCHECK is 0 while it is up, and 1 when it is not", async () => {
    const [, check] = /CMD (.*)$/.exec(linesOf("HEALTHCHECK")[0]!)!;
    const run = async (port: string) => {
      const command = exchange(check!, { "deno eval": `${Deno.execPath()} eval`, "8080": port });
      const { code } = await new Deno.Command("sh", { args: ["-c", command], env }).output();
      return code;
    };
    assertEquals([await run(port), await run("1")], [0, 1]);
  });
  await using client = await Client.open(`ws://127.0.0.1:${port}/services/echo`);
  client.send("hello");
  assertEquals(await client.next(), "hello");
  await t.step("STOPSIGNAL ends it with 0, and clients get 1001", async () => {
    process.kill("SIGTERM");
    assertEquals((await client.untilClosed()).code, 1001);
    assertEquals((await process.status).code, 0);
  });
});
