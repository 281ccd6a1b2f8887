import { assertEquals, assertMatch } from "@std/assert";
import { Board } from "../helpers/board.ts";
import { commandLine } from "../helpers/command.ts";
import { Program } from "../helpers/program.ts";
import { Site } from "../helpers/site.ts";

/** A device that is always full. */
const ignore = Deno.build.os !== "linux";
const ECHO = `
  const { send } = require("/lib/xp/websocket");
  exports.get = (req) => req.webSocket ? { webSocket: {} } : { body: "here" };
  exports.webSocketEvent = (e) => { if (e.type === "message") send(e.session.id, e.message); };`;

/** Words that start the command with its standard output on a full disk. */
function toFullDisk(args: string[], input = ":"): string[] {
  return ["sh", "-c", `${input} | "$0" "$@" > /dev/full`, ...commandLine(args)];
}

async function run(command: string[], cwd: string): Promise<[code: number, errors: string]> {
  const [program, ...args] = command;
  const { code, stderr } = await new Deno.Command(program!, {
    args,
    cwd,
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  return [code, new TextDecoder().decode(stderr)];
}

const SAID = "error: Cannot write the output: No space left on device (os error 28)\n";

Deno.test({
  name: "an output that cannot be written: exit 1, and a sentence",
  ignore,
  async fn(t) {
    using site = Site.make({
      "services/talk/talk.flow.json": { nodes: {}, edges: [] },
      "services/echo/echo.js": ECHO,
    });
    const commands = [["--help"], ["check", "--no-types", "none"], ["init", "p"], ["new", "hello"]];
    for (const args of commands) {
      await t.step(args.join(" "), async () => {
        assertEquals(await run(toFullDisk(args), site.root), [1, SAID]);
      });
    }
    await t.step("connect", async () => {
      await using server = await Board.start(site);
      const url = server.ws("/services/echo");
      const [code, errors] = await run(
        toFullDisk(["connect", url, "-n", "1"], "echo hi"),
        site.root,
      );
      assertEquals([code, errors.endsWith(SAID)], [1, true], errors);
    });
    await t.step("a standard error output neither: the exit code is left", async () => {
      const [program, ...args] = commandLine(["--nope"]);
      const words = ["sh", "-c", '"$0" "$@" 2> /dev/full', program, ...args];
      assertEquals(await run(words, site.root), [2, ""]);
    });
  },
});

Deno.test({
  name: "serve that cannot print where it listens serves all the same, and logs it once",
  ignore,
  async fn() {
    using site = Site.make({
      "services/echo/echo.js": ECHO,
      "services/up/up.js": `log.info("up"); ${ECHO}`,
    });
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr;
    listener.close();
    await using serving = Program.start([
      "sh",
      "-c",
      'exec "$0" "$@" > /dev/full',
      ...commandLine(["serve", site.root, "--port", String(port)]),
    ]);
    assertMatch(
      await serving.log.next((line) => line.includes("WARN")),
      /"Cannot write the output: No space left on device \(os error 28\)\. The running services stay as they are"/,
    );
    await serving.log.next((line) => line.includes('"up"'));
    const ready = await fetch(`http://127.0.0.1:${port}/healthz`);
    assertEquals((await ready.json()).status !== undefined, true);
    serving.process.kill("SIGTERM");
    assertEquals((await serving.process.status).code, 0);
    await serving.log.end();
    assertEquals(serving.log.all.filter((line) => line.includes("WARN")).length, 1);
  },
});
