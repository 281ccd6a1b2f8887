import { assert, assertEquals, assertMatch } from "@std/assert";
import { DEFAULT_SETTINGS } from "../../lib/host/service/mod.ts";
import { WAITS } from "../../lib/base/waits.ts";
import { Client } from "../helpers/client.ts";
import { Program } from "../helpers/program.ts";
import { block, exchange } from "../helpers/page.ts";
import { findProgram } from "../helpers/programs.ts";
import { Site } from "../helpers/site.ts";

const HERE = Deno.realPathSync(new URL("../..", import.meta.url));
const UNIT = block("docs/deployment.md", "ini", "[Service]");
const ANALYZE = findProgram("systemd-analyze");
if (ANALYZE === null) {
  console.log(
    "systemd-analyze is not here (apt-get install systemd): the unit is not verified by it, only read",
  );
}

/** Values of the unit, by key; of keys that are given twice, the last. */
const VALUES = new Map(
  UNIT.split("\n").filter((line) => line.includes("=")).map((line) => {
    const at = line.indexOf("=");
    return [line.slice(0, at), line.slice(at + 1)];
  }),
);

function valueOf(key: string): string {
  const value = VALUES.get(key);
  assert(value !== undefined, `the unit has no ${key}`);
  return value;
}

Deno.test("docs/deployment.md: every line of the unit is a section, a setting, or empty", () => {
  for (const line of UNIT.trimEnd().split("\n")) {
    assertMatch(line, /^(\[(Unit|Service|Install)\]|[A-Z]\w+=.*|)$/);
  }
});

Deno.test({
  name: "docs/deployment.md: systemd takes the unit, and finds it well guarded",
  ignore: ANALYZE === null,
  async fn(t) {
    // Only what it checks on disk is exchanged: the folder of the page is not here.
    using site = Site.make({
      "switchboard@8080.service": exchange(UNIT, {
        "/opt/switchboard": HERE,
        "/usr/local/bin/deno": Deno.execPath(),
        ...findProgram("curl") === null ? { "/usr/bin/curl": "/bin/true" } : {},
      }),
    });
    const unit = `${site.root}/switchboard@8080.service`;
    const analyze = async (...args: string[]) => {
      const output = await new Deno.Command(ANALYZE!, { args, env: { SYSTEMD_PAGER: "" } })
        .output();
      const [out, err] = [output.stdout, output.stderr].map((b) => new TextDecoder().decode(b));
      return { code: output.code, text: `${out}${err}` };
    };
    await t.step("verify", async () => {
      assertEquals(await analyze("verify", unit), { code: 0, text: "" });
    });
    await t.step("a key that is not known would be said", async () => {
      const broken = unit.replace("8080", "8081");
      Deno.writeTextFileSync(
        broken,
        Deno.readTextFileSync(unit).replace("LimitNOFILE", "LimitFiles"),
      );
      assertMatch((await analyze("verify", broken)).text, /LimitFiles/);
    });
    await t.step("security", async () => {
      const { text } = await analyze("security", "--offline=true", unit);
      const [, exposure] = /exposure level for [^:]+: ([\d.]+)/.exec(text) ?? [];
      assert(Number(exposure) <= 2, text.split("\n").at(-2));
    });
  },
});

Deno.test("docs/deployment.md: the unit's commands start, ask, reload and stop the server", async (t) => {
  using site = Site.make({
    "services/hello/hello.js": `
      exports.get = (req) => req.webSocket ? { webSocket: {} } : { body: "one" };`,
  });
  const command = (key: string, parts: Record<string, string>) =>
    exchange(valueOf(key), parts).replace(/^-/, "").split(" ");
  const start = command("ExecStart", {
    "/usr/local/bin/deno": Deno.execPath(),
    "/srv/chat": site.root,
    "--port %i": "--port 0",
  });
  await using started = Program.start(start, { cwd: HERE });
  const { process, log } = started;
  const line = await started.listening();
  const port = Number(/:(\d+)$/.exec(line)![1]);
  const run = async (key: string, parts: Record<string, string>) => {
    const [program, ...args] = command(key, parts);
    assertEquals((await new Deno.Command(program!, { args }).output()).code, 0, key);
  };
  await t.step({
    name: "ExecStartPost comes back when it is ready",
    ignore: findProgram("curl") === null,
    async fn() {
      await run("ExecStartPost", { "%i": String(port) });
      const ready = await fetch(`http://127.0.0.1:${port}/readyz`);
      assertEquals([ready.status, (await ready.json()).status], [200, "ready"]);
    },
  });
  await using client = await Client.open(`ws://127.0.0.1:${port}/services/hello`);
  await t.step("ExecReload swaps in what lies on disk", async () => {
    site.write({
      "services/hello/hello.js": `
        exports.get = (req) => req.webSocket ? { webSocket: {} } : { body: "two" };`,
    });
    await run("ExecReload", { "$MAINPID": String(process.pid) });
    await log.next((line) => line.includes("Swapped in"));
    const response = await fetch(`http://127.0.0.1:${port}/services/hello`);
    assertEquals(await response.text(), "two");
  });
  await t.step("a stop is 1001 for clients, and exit code 0", async () => {
    process.kill("SIGTERM");
    assertEquals((await client.untilClosed()).code, 1001);
    assertEquals((await process.status).code, 0);
  });
});

Deno.test("docs/deployment.md: the unit's times and codes are those of the server", async () => {
  const goodbyeSec = WAITS.goodbyeMs / 1000;
  const { deadlineSec, spreadSec } = DEFAULT_SETTINGS.drain;
  assert(Number(valueOf("TimeoutStopSec")) > deadlineSec + goodbyeSec);
  const page = Deno.readTextFileSync("docs/deployment.md");
  assert(page.includes(`\`drain.spreadSec\` (${spreadSec} s)`));
  assert(page.includes(`\`drain.deadlineSec\` (${deadlineSec} s)`));
  assert(page.includes(`\`pingIntervalSec\` (${DEFAULT_SETTINGS.pingIntervalSec})`));
  const retries = Number(/--retry (\d+)/.exec(valueOf("ExecStartPost"))![1]);
  assert(Number(valueOf("TimeoutStartSec")) > retries);
  // What a restart does not cure.
  const { code } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-prompt", "cli.ts", "serve", "--prot", "1"],
    env: { NO_COLOR: "1" },
  }).output();
  assertEquals(String(code), valueOf("RestartPreventExitStatus"));
});
