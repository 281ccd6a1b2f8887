import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { VERSION } from "../../lib/base/version.ts";
import { Client } from "../helpers/client.ts";
import { InProcessServer, runInProcess } from "../helpers/in_process.ts";
import { Lines } from "../helpers/lines.ts";
import type { LogLine } from "../helpers/served.ts";
import { Server } from "../helpers/server.ts";
import { Site } from "../helpers/site.ts";
import { HAS_TERMINAL, Terminal } from "../helpers/terminal.ts";

const CLI = fromFileUrl(import.meta.resolve("../../cli.ts"));
const CONTROLLER = `exports.get = (req) => req.webSocket ? { webSocket: {} } : { body: "here" };`;

interface Options {
  cwd?: string;
  env?: Record<string, string>;
}

function command(args: string[], options: Options = {}): Deno.Command {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-prompt", CLI, ...args],
    stdout: "piped",
    stderr: "piped",
    ...options,
    // Whoever has colors sees them, unless it is no terminal.
    env: { NO_COLOR: "", ...options.env },
  });
}

/** Runs the command to its end, in a process of its own. */
async function runProcess(
  args: string[],
  options: Options = {},
): Promise<{ code: number; output: string; errors: string }> {
  const { code, stdout, stderr } = await command(args, options).output();
  const decoder = new TextDecoder();
  return { code, output: decoder.decode(stdout), errors: decoder.decode(stderr) };
}

/** Runs the command to its end, in the process of the test. */
async function run(args: string[]): Promise<{ code: number; output: string; errors: string }> {
  const { code, output, errors } = await runInProcess(args);
  return { code, output, errors };
}

Deno.test("The command line is checked before anything is served", async (t) => {
  using site = Site.make({ "services/a/a.js": CONTROLLER, "file": "" });
  const { root } = site;
  const wrong: [string[], string][] = [
    [["nope"], "error: unknown command 'nope'"],
    [["srve"], "(Did you mean serve?)"],
    [["serve", "--nope"], "error: unknown option '--nope'"],
    [["serve", "--prot", "1"], "(Did you mean --port?)"],
    [["serve", root, root], "error: too many arguments for 'serve'"],
    [["serve", root, "--port"], "argument missing"],
    [["help", "nope"], "error: there is no command 'nope'"],
    [["help", "srve"], "(Did you mean serve?)"],
    [["serve", root, "--hostname", ""], "option '--hostname <address>' argument '' is invalid."],
    [["serve", root, "--app", "a b"], "option '--app <name>' argument 'a b' is invalid."],
    [["dev", root, "--app", "/"], "option '--app <name>' argument '/' is invalid."],
    [["serve", root, "--cert", "x"], "error: --cert needs --key: TLS takes both"],
    [["dev", root, "--key", "x"], "error: --key needs --cert: TLS takes both"],
    ...["abc", "", " 80", "-1", "65536", "80.5", "1e3", "0x10", "８０"].map((
      port,
    ): [string[], string] => [
      ["serve", root, "--port", port],
      `argument '${port}' is invalid. Expected a number from 0 to 65535.`,
    ]),
  ];
  for (const [args, said] of wrong) {
    await t.step(`${args.join(" ").replaceAll(root, "ROOT")}: exit 2`, async () => {
      // The exit code is that of a process, too.
      for (const way of args[0] === "nope" ? [run, runProcess] : [run]) {
        const { code, output, errors } = await way(args);
        assertEquals([code, output], [2, ""]);
        assertStringIncludes(errors, said);
        assertStringIncludes(errors, "(run with --help for usage)");
      }
    });
  }

  const impossible: [string, string[], string][] = [
    ["no folder", [join(root, "none")], `Cannot serve "${root}/none": there is no such folder`],
    ["a file", [join(root, "file")], `Cannot serve "${root}/file": it is not a folder`],
    [
      "an address of another machine",
      [root, "--port", "0", "--hostname", "203.0.113.7"],
      "Cannot listen on 203.0.113.7:0: this machine has no such address; choose another with --hostname",
    ],
  ];
  for (const [name, args, said] of impossible) {
    await t.step(`${name}: exit 1`, async () => {
      assertEquals(await run(["serve", ...args]), {
        code: 1,
        output: "",
        errors: `error: ${said}\n`,
      });
    });
  }

  await t.step("a bad environment: exit 1", async () => {
    assertEquals(await runProcess(["serve", root], { env: { SWITCHBOARD_PORT: "x" } }), {
      code: 1,
      output: "",
      errors: 'error: Environment variable SWITCHBOARD_PORT must be a port number, got "x"\n',
    });
  });

  await t.step("broken settings: exit 1", async () => {
    using broken = Site.make({ "switchboard.json": { prot: 1 } });
    assertEquals(await run(["serve", broken.root]), {
      code: 1,
      output: "",
      errors:
        'error: Cannot read settings "switchboard.json": "prot" is not a key, did you mean "port"?\n',
    });
  });

  await t.step("a port that is taken: exit 1 and what to do", async () => {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr as Deno.NetAddr;
    const who = Deno.build.os === "linux" ? `deno (process ${Deno.pid})` : "another program";
    assertEquals(await run(["serve", root, "--port", `${port}`]), {
      code: 1,
      output: "",
      errors: `error: Cannot listen on 127.0.0.1:${port}: ${who} listens on it; ` +
        "stop it, or choose another port with --port (0: any free one)\n",
    });
  });
});

Deno.test("Help and version are printed with exit 0", async (t) => {
  const cases: [string[], RegExp][] = [
    [["--help"], /^Usage: switchboard [^]*serve \[options\] \[root\]/],
    [["-h"], /^Usage: switchboard /],
    [["help"], /^Usage: switchboard /],
    [["serve", "--help"], /^Usage: switchboard serve [^]*--port[^]*8080[^]*--hostname[^]*--app/],
    [["help", "serve"], /^Usage: switchboard serve /],
    [["--version"], new RegExp(`^${VERSION.replaceAll(".", "\\.")}\n$`)],
    [["-V"], /^\d+\.\d+\.\d+/],
  ];
  for (const [args, said] of cases) {
    await t.step(args.join(" "), async () => {
      // The exit code is that of a process, too.
      for (const way of args[0] === "--help" ? [run, runProcess] : [run]) {
        const { code, output, errors } = await way(args);
        assertEquals([code, errors], [0, ""]);
        assertMatch(output, said);
      }
    });
  }
  await t.step("no command at all: help, and exit 2", async () => {
    const { code, errors } = await run([]);
    assertEquals(code, 2);
    assertMatch(errors, /Usage: switchboard /);
  });
});

Deno.test("serve says where it listens, and then what it serves", async (t) => {
  using site = Site.make({
    "services/good/good.js": CONTROLLER,
    "services/page/page.js": CONTROLLER,
    "services/page/assets/index.html": "<p>",
    "services/net/net.js": CONTROLLER,
    "services/net/service.json": { permissions: { net: ["a.test:443"], env: ["TOKEN"] } },
    "services/manifest/manifest.js": CONTROLLER,
    "services/manifest/service.json": { memory: 1 },
    "services/throws/throws.js": "throw new Error('not today');",
    "services/syntax/syntax.js": "exports.get = (;",
    "services/empty/readme.md": "",
    "apis/good/good.js": CONTROLLER,
    "webapp/webapp.js": CONTROLLER,
  });
  await using server = await InProcessServer.start(site, { noColor: false });
  await server.output.next((line) => line.startsWith("See the log"));
  const broken = ["empty", "manifest", "syntax", "throws"];
  const errors: LogLine[] = [];
  while (errors.length < broken.length) {
    errors.push(await server.logged(({ level }) => level === "ERROR"));
  }

  await t.step("the address comes first, on a line of its own", () => {
    assertEquals(server.output.all[0], `Listening on http://127.0.0.1:${server.port}`);
    assert(server.port > 0);
  });

  await t.step("then the table", () => {
    const rows = server.output.all.slice(1, -1).map((line) => line.split(/ {2,}/));
    assertEquals(rows, [
      ["SERVICE", "SYSTEM", "URL", "GRANTS"],
      ["empty", "-", "not running (503)", "own folder"],
      ["good", "xp", "/services/good", "own folder"],
      ["manifest", "-", "not running (503)", "own folder"],
      ["net", "xp", "/services/net", "net a.test:443, env TOKEN"],
      ["page", "xp", "/services/page/assets/", "own folder"],
      ["syntax", "xp", "not running (503)", "own folder"],
      ["throws", "xp", "not running (503)", "own folder"],
      ["api:good", "xp", "/api/app:good", "own folder"],
      ["webapp", "xp", "/webapp/app/", "own folder"],
    ]);
    assertEquals(server.output.all.at(-1), "See the log for services that are not running");
  });

  await t.step("nothing of it is colored without a terminal", () => {
    for (const line of [...server.output.all, ...server.log.all]) {
      assertEquals(line.includes("\x1b"), false, line);
    }
  });

  await t.step("the log is JSON, a line an entry", () => {
    for (const line of server.log.all) {
      const { time, level, message } = JSON.parse(line);
      assertEquals(new Date(time).toISOString(), time);
      assertMatch(level, /^(DEBUG|INFO|WARN|ERROR)$/);
      assert(message.length > 0);
    }
  });

  const reasons: [string, RegExp][] = [
    ["empty", /no controller empty\{\.ts,\.js,\.mjs,\.cjs\} in services\/empty\//],
    ["manifest", /"memory" is not a key, did you mean "memoryMb"\?/],
    ["syntax", /SyntaxError[^]*syntax\.js/],
    ["throws", /Error: not today\n[^]*throws\.js:1/],
  ];
  for (const [name, reason] of reasons) {
    await t.step(`the log says what is wrong with "${name}", and its URL is 503`, async () => {
      const lines = errors.filter(({ service }) => service === name);
      assertEquals(lines.length, 1);
      assertMatch(lines[0]!.message, reason);
      for (const path of [`/services/${name}`, `/services/${name}/x`, `/_/service/app/${name}`]) {
        const response = await server.fetch(path);
        assertEquals(await response.text(), `Service "${name}" is not running\n`);
        assertEquals([response.status, response.headers.get("retry-after")], [503, "5"]);
      }
    });
  }

  await t.step("the others are served", async () => {
    for (const path of ["/services/good", "/services/net", "/api/app:good", "/webapp/app/"]) {
      assertEquals([path, await server.text(path)], [path, "here"]);
    }
  });
});

Deno.test("serve stops on a signal: clients are closed with 1001, and the exit code is 0", async (t) => {
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    await t.step(signal, async () => {
      await using server = await Server.start({ "services/a/a.js": CONTROLLER });
      const clients = [
        await Client.open(server.ws("/services/a")),
        await Client.open(server.ws("/services/a")),
      ];
      const [status, ...closes] = await Promise.all([
        server.stop(signal),
        ...clients.map((client) => client.untilClosed()),
      ]);
      assertEquals(closes.map(({ code }) => code), [1001, 1001]);
      assertEquals([status.code, status.signal], [0, null]);
    });
  }
  await t.step("SIGHUP ends dev, which swaps by itself; twice is no impatience", async () => {
    await using server = await Server.start({ "services/a/a.js": CONTROLLER }, { command: "dev" });
    const client = await Client.open(server.ws("/services/a"));
    server.process.kill("SIGHUP");
    const [status, { code }] = await Promise.all([server.stop("SIGHUP"), client.untilClosed()]);
    assertEquals([code, status.code, status.signal], [1001, 0, null]);
  });
  await t.step({
    name: "serve ends when the terminal that it was started at is closed",
    ignore: !HAS_TERMINAL,
    async fn() {
      using site = Site.make({ "services/a/a.js": CONTROLLER });
      const terminal = new Terminal(
        [Deno.execPath(), "run", "-A", "--no-prompt", CLI, "serve", site.root, "--port", "0"],
      );
      await using _ = terminal;
      const lines = await terminal.shows(/^SERVICE/);
      const port = /:(\d+)$/.exec(lines.find((line) => line.startsWith("Listening on "))!)![1];
      const client = await Client.open(`ws://127.0.0.1:${port}/services/a`);
      await terminal[Symbol.asyncDispose]();
      assertEquals((await client.untilClosed()).code, 1001);
    },
  });
  await t.step("before anybody has connected", async () => {
    await using server = await InProcessServer.start({ "services/a/a.js": CONTROLLER });
    assertEquals(await server.stop(), 0);
  });
  await t.step("with a service that is not running", async () => {
    await using server = await InProcessServer.start({ "services/a/a.js": "throw 1;" });
    assertEquals(await server.stop(), 0);
  });
  await t.step("a second signal does not wait for a controller that does not end", async () => {
    await using server = await Server.start({
      "services/a/a.js": `${CONTROLLER}
        exports.webSocketEvent = (event) => event.type === "close" ? new Promise(() => {}) : null;`,
    });
    const client = await Client.open(server.ws("/services/a"));
    server.process.kill("SIGTERM");
    assertEquals((await client.untilClosed()).code, 1001);
    assertEquals((await server.stop("SIGTERM")).code, 1);
  });
});

Deno.test("serve without services says where to put one", async (t) => {
  await using server = await InProcessServer.start({});
  await t.step("the hint", () => {
    assertEquals(server.output.all, [
      `Listening on http://127.0.0.1:${server.port}`,
      `No services in ${
        join(server.site.root, "services")
      }. Put a controller at services/hello/hello.ts`,
    ]);
  });
  await t.step("the pages of the server itself", async () => {
    assertStringIncludes(await server.text("/"), "services/hello/hello.ts");
    assertEquals((await (await server.fetch("/readyz")).json()).status, "ready");
  });
});

Deno.test("serve takes the current folder, and settings from flags, environment and file", async (t) => {
  using site = Site.make({
    "switchboard.json": { app: "file", hostname: "127.0.0.1", port: 1 },
    "apis/a/a.js": CONTROLLER,
  });
  const cases: [string, string[], Record<string, string>, string][] = [
    ["environment over file", [], { SWITCHBOARD_PORT: "0", SWITCHBOARD_APP: "env" }, "env"],
    ["flag over environment", ["--app", "flag"], {
      SWITCHBOARD_PORT: "0",
      SWITCHBOARD_APP: "env",
    }, "flag"],
  ];
  for (const [name, args, env, app] of cases) {
    await t.step(name, async () => {
      const process = command(["serve", ...args], { cwd: site.root, env }).spawn();
      const [output, log] = [Lines.of(process.stdout), Lines.of(process.stderr)];
      try {
        await output.next((line) => /^Listening on http:\/\/127\.0\.0\.1:\d+$/.test(line));
        await output.next((line) => line.includes(`/api/${app}:a`));
      } finally {
        process.kill("SIGTERM");
        await Promise.all([process.status, output.end(), log.end()]);
      }
    });
  }
  await t.step("file", async () => {
    await using server = await InProcessServer.start(site);
    await server.output.next((line) => line.includes("/api/file:a"));
  });
});
