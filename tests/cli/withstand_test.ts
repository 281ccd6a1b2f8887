import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { Board } from "../helpers/board.ts";
import { Client } from "../helpers/client.ts";
import { commandLine, runCommand } from "../helpers/command.ts";
import { flow } from "../helpers/flow.ts";
import { InProcessServer, runInProcess } from "../helpers/in_process.ts";
import { Lines } from "../helpers/lines.ts";
import { Program } from "../helpers/program.ts";
import { Server } from "../helpers/server.ts";
import { Site } from "../helpers/site.ts";
import { SECRET, tokenOf } from "../helpers/tokens.ts";

const ECHO = `
  import { send } from "/lib/xp/websocket";
  export const get = (req) => req.webSocket ? { webSocket: {} } : { body: "here" };
  export const webSocketEvent = (event) => {
    if (event.type === "message") send(event.session.id, event.message);
  };
`;

const isLinux = Deno.build.os === "linux";
const has = (program: string) => {
  try {
    return isLinux && Deno.statSync(`/usr/bin/${program}`).isFile;
  } catch {
    return false;
  }
};
/** What lets root read everything and take every port. */
const RIGHTS = "-dac_override,-dac_read_search,-net_bind_service";
const ORDINARY = Deno.uid() === 0
  ? ["setpriv", `--bounding-set=${RIGHTS}`, `--inh-caps=${RIGHTS}`]
  : [];
const SKIP_RIGHTS = !isLinux || Deno.uid() === 0 && !has("setpriv");
if (SKIP_RIGHTS) console.log("tests of missing rights are skipped: no setpriv (util-linux)");
const SKIP_TERMINAL = !has("script");
if (SKIP_TERMINAL) console.log("tests at a terminal are skipped: no script (bsdutils)");

/** What is printed at a terminal that is so wide. */
async function atTerminal(columns: number, args: string[], env: Record<string, string> = {}) {
  const quoted = commandLine(args).map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
  const { code, stdout } = await new Deno.Command("script", {
    args: ["-qec", `stty cols ${columns} rows 50; ${quoted}`, "/dev/null"],
    env: { NO_COLOR: "", TERM: "xterm", ...env },
    stdin: "null",
  }).output();
  const text = new TextDecoder().decode(stdout).replaceAll("\r\n", "\n");
  // What `script` itself sends before anything is printed.
  // deno-lint-ignore no-control-regex
  return { code, text: text.replace(/^(?:\x1b\[[0-9]*[GKJ])+/, "") };
}

Deno.test("wrong arguments: exit 2, one line and where to find help", async (t) => {
  const cases: [string[], string][] = [
    [["dev", "--nope"], "error: unknown option '--nope'"],
    [["dev", "--event", "x"], "(Did you mean --events?)"],
    [["dev", "--events"], "option '--events <name>' argument missing"],
    [["serve", "--events", "all"], "error: unknown option '--events'"],
    [["serve", "--open"], "error: unknown option '--open'"],
    [["dev", "--port", "x"], "Expected a number from 0 to 65535."],
    [["dev", "--transport", "tcp"], "Allowed choices are deno, ws."],
    [["flow"], "error: missing required argument 'name'"],
    [["flow", "a", ".", "b"], "error: too many arguments for 'flow'"],
    [["user", "ad"], "error: unknown command 'ad'"],
    [["user", "add"], "error: missing required argument 'name'"],
    [["user", "add", "ada", "--role"], "argument missing"],
    [["\x1b[31mred"], "error: unknown command '\\x1b[31mred'"],
  ];
  for (const [args, said] of cases) {
    await t.step(JSON.stringify(args), async () => {
      const { code, output, errors } = await runInProcess(args);
      assertEquals([code, output], [2, ""]);
      assertStringIncludes(errors, said);
      assertStringIncludes(errors, "(run with --help for usage)");
      assertEquals(errors.includes("\x1b"), false);
    });
  }
});

Deno.test("a folder that is not there: exit 1, and which", async (t) => {
  using site = Site.make({ file: "" });
  const none = join(site.root, "no thing");
  const cases: [string[], string][] = [
    [["serve", none], `error: Cannot serve "${none}": there is no such folder\n`],
    [["dev", none], `error: Cannot serve "${none}": there is no such folder\n`],
    [["flow", "a", none], `error: Cannot serve "${none}": there is no such folder\n`],
    [["flow", "a", join(site.root, "file")], "it is not a folder\n"],
    [["serve", `${none}\x1b[31m`], `no thing\\x1b[31m": there is no such folder\n`],
  ];
  for (const [args, said] of cases) {
    await t.step(args.slice(0, -1).join(" "), async () => {
      const { code, output, errors } = await runInProcess(args);
      assertEquals([code, output], [1, ""]);
      assertStringIncludes(errors, said);
    });
  }
  await t.step("user add", async () => {
    const { code, errors } = await runInProcess(["user", "add", "ada", "--root", none], {
      input: "a long password\n",
    });
    assertEquals(code, 1);
    assertMatch(errors, /^error: [^\n]+\n$/);
  });
});

Deno.test("without a permission: exit 1, the flag that is missing, and no stack", async (t) => {
  using site = Site.make({ "services/a/a.js": ECHO });
  const needed = "(serve needs at least --allow-read --allow-net --allow-env";
  const cases: [string, string[], string[], ...string[]][] = [
    ["none", [], ["serve", site.root], "--allow-read flag", needed],
    ["none", [], ["dev", site.root], "--allow-read flag", needed],
    ["none", [], ["flow", "a", site.root], "--allow-read flag"],
    ["none", [], ["user", "add", "ada"], "--allow-read flag"],
    ["no env", ["--allow-read", "--allow-net"], ["serve", site.root], "--allow-env flag", needed],
    ["no read", ["--allow-env", "--allow-net"], ["serve", site.root], "--allow-read flag", needed],
    ["no read", ["--allow-env"], ["flow", "a", site.root], "--allow-read flag"],
    ["no net", ["--allow-env", "--allow-read"], ["serve", site.root], "--allow-net flag"],
  ];
  for (const [what, permissions, args, ...said] of cases) {
    await t.step(`${what}: ${args[0]}`, async () => {
      const { code, output, errors } = await runCommand([...args], { permissions });
      assertEquals([code, output], [1, ""]);
      for (const words of said) assertStringIncludes(errors, words);
      assertMatch(errors, /^error: /);
      assertEquals(/\bat .*\.ts:\d+|Uncaught/.test(errors), false, errors);
    });
  }
  await t.step("read, net and env are enough for serve and for dev", async () => {
    const permissions = ["--allow-read", "--allow-net", "--allow-env"];
    for (const command of ["serve", "dev"] as const) {
      await using server = await Server.start(site, { command, permissions });
      await using client = await Client.open(server.ws("/services/a"));
      client.send("hello");
      assertEquals(await client.next(), "hello");
    }
  });
  await t.step("they are enough for what is loaded only where it is needed", async () => {
    const permissions = ["--allow-read", "--allow-net", "--allow-env"];
    const everyone = "role:system.everyone";
    using all = Site.make({
      "services/xml/xml.js": ECHO,
      "services/xml/xml.xml":
        `<service><allow><principal>${everyone}</principal></allow></service>`,
      "services/yml/yml.js": ECHO,
      "services/yml/yml.yml": `allow: ["${everyone}"]`,
      "services/yml/assets/a.css": "a {}",
      "services/flow/a.flow.json": flow("/a", { n: "./n.js" }, [["socket.req", "n.in"]]),
      "services/flow/n.js": "exports.in = () => {};",
      "switchboard.json": {
        auth: {
          basic: { file: "users.json" },
          jwt: { algorithms: ["HS256"], secretEnv: "JWT_SECRET" },
        },
      },
      "users.json": { users: {} },
    });
    await using server = await Server.start(all, {
      permissions,
      args: ["--transport", "ws"],
      env: { JWT_SECRET: SECRET },
    });
    for (const path of ["/services/xml", "/services/yml/assets/a.css", "/metrics"]) {
      assertEquals(await server.status(path), 200, path);
    }
    assertStringIncludes(await server.text("/"), "<svg");
    const headers = { authorization: `Bearer ${await tokenOf({ sub: "ada" })}` };
    assertEquals(await server.text("/services/yml", { headers }), "here");
  });
});

Deno.test("user add says what it cannot take, read or write", async (t) => {
  const add = async (
    name: string,
    file: string,
    { input = "a long password\n", permissions = null as string[] | null } = {},
  ) => {
    using site = Site.make({
      "with spaces ö/switchboard.json": { auth: { basic: { file } } },
      "with spaces ö/garbage.json": "garbage",
    });
    const root = join(site.root, "with spaces ö");
    const args = ["user", "add", name, "--root", root];
    const { code, output, errors } = permissions === null
      ? await runInProcess(args, { input })
      : await runCommand(args, { input, permissions });
    assertEquals(/\bat .*\.ts:\d+|Uncaught/.test(output + errors), false, errors);
    assertEquals((output + errors).includes("\x1b"), false);
    return [code, output + errors];
  };
  for (const name of ["ada", "a b", "ünï 日本", "../x", "con"]) {
    await t.step(JSON.stringify(name), async () => {
      // One of them reads the password from the pipe of a process, too.
      for (const options of name === "ada" ? [{}, { permissions: ["-A"] }] : [{}]) {
        const said = `User "${name}" added in users.json\n`;
        assertEquals(await add(name, "users.json", options), [0, said]);
      }
    });
  }
  for (const name of ["", "a:b", "a\x1b[31m", "x".repeat(129)]) {
    await t.step(JSON.stringify(name.slice(0, 20)), async () => {
      const reason = "a login has 1 to 128 characters, and no colon\n";
      assertEquals(await add(name, "users.json"), [
        1,
        `error: Cannot add user ${JSON.stringify(name)}: ${reason}`,
      ]);
    });
  }
  const cases: [string, string, Parameters<typeof add>[2], string][] = [
    ["no password", "users.json", { input: "" }, "a password has 8 to 512 characters, got 0"],
    ["no such folder", "no/users.json", {}, 'users "no/users.json": its folder is not there'],
    ["a folder in its place", ".", {}, 'Cannot read users ".": '],
    ["garbage", "garbage.json", {}, 'Cannot read users "garbage.json": not valid JSON'],
    [
      "no permission",
      "users.json",
      { permissions: ["--allow-read", "--allow-env"] },
      'Cannot write users "users.json": run again with the --allow-write flag',
    ],
  ];
  for (const [what, file, options, said] of cases) {
    await t.step(what, async () => {
      const [code, text] = await add("ada", file, options);
      assertEquals(code, 1);
      assertStringIncludes(String(text), said);
    });
  }
});

Deno.test({
  name: "a folder that must not be read: exit 1, or that service is down",
  ignore: SKIP_RIGHTS,
  async fn(t) {
    using site = Site.make({
      "services/locked/locked.js": ECHO,
      "services/open/open.js": ECHO,
      "users.json": "{}",
    });
    const services = join(site.root, "services");
    const through = ORDINARY;
    await t.step("services/ itself", async () => {
      Deno.chmodSync(services, 0);
      try {
        for (const args of [["serve", site.root], ["dev", site.root], ["flow", "a", site.root]]) {
          const { code, output, errors } = await runCommand(args, { through });
          assertEquals([code, output], [1, ""]);
          assertMatch(errors, /^error: Cannot read ".*\/services": Permission denied [^\n]*\n$/);
        }
      } finally {
        Deno.chmodSync(services, 0o755);
      }
    });
    const locked = join(services, "locked");
    Deno.chmodSync(locked, 0);
    try {
      await t.step("one service: serve goes on with the others", async () => {
        const [program, ...args] = commandLine(["serve", site.root, "--port", "0"], { through });
        const process = new Deno.Command(program, { args, stdout: "piped", stderr: "piped" })
          .spawn();
        const [output, log] = [Lines.of(process.stdout), Lines.of(process.stderr)];
        assertMatch(
          await log.next((line) => line.includes('"ERROR"')),
          /Cannot read .*services\/locked.*Permission denied/,
        );
        await output.next((line) => /^locked .*not running \(503\)/.test(line));
        await output.next((line) => /^open .*\/services\/open/.test(line));
        process.kill("SIGTERM");
        const [{ code }] = await Promise.all([process.status, output.end(), log.end()]);
        assertEquals(code, 0);
      });
      await t.step("one service: flow says so", async () => {
        const { code, errors } = await runCommand(["flow", "locked", site.root], { through });
        assertEquals(code, 1);
        assertMatch(errors, /^error: Cannot read .*services\/locked.*Permission denied/);
      });
      await t.step("one service: dev cannot watch it, and says what to do", async () => {
        const { code, errors } = await runCommand(["dev", site.root, "--port", "0"], { through });
        assertEquals(code, 1);
        assertMatch(errors, /\nerror: Cannot watch ".*": Permission denied .*or use serve\n$/);
      });
    } finally {
      Deno.chmodSync(locked, 0o755);
    }
    await t.step("the settings", async () => {
      site.write({ "switchboard.json": {} });
      Deno.chmodSync(join(site.root, "switchboard.json"), 0);
      const { code, output, errors } = await runCommand(["serve", site.root], { through });
      assertEquals([code, output], [1, ""]);
      assertMatch(errors, /^error: Cannot read settings "switchboard\.json": Permission denied/);
    });
  },
});

/** Another process that listens on a port. */
class PortHolder implements AsyncDisposable {
  private constructor(private readonly program: Program, readonly port: number) {}

  static async start(): Promise<PortHolder> {
    const code = `const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
      console.log(listener.addr.port);
      await listener.accept();`;
    const program = Program.start([Deno.execPath(), "eval", code]);
    return new PortHolder(program, Number(await program.output.next(() => true)));
  }

  get pid(): number {
    return this.program.process.pid;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.program[Symbol.asyncDispose]();
  }
}

Deno.test("a port that is taken: by whom, if that can be said", async (t) => {
  using site = Site.make({});
  await using holder = await PortHolder.start();
  const remedy = "stop it, or choose another port with --port (0: any free one)\n";
  for (const transport of ["deno", "ws"]) {
    for (const command of ["serve", "dev"]) {
      await t.step(`${command} --transport ${transport}`, async () => {
        const { code, output, errors } = await runInProcess(
          [command, site.root, "--port", `${holder.port}`, "--transport", transport],
        );
        assertEquals([code, output], [1, ""]);
        const who = isLinux ? `deno (process ${holder.pid})` : "another program";
        assertEquals(
          errors,
          `error: Cannot listen on 127.0.0.1:${holder.port}: ${who} listens on it; ${remedy}`,
        );
      });
    }
  }
  await t.step("what may not be looked up is left out", async () => {
    const { code, errors } = await runCommand(["serve", site.root, "--port", `${holder.port}`], {
      permissions: ["--allow-env", "--allow-net", "--allow-read"],
    });
    assertEquals(code, 1);
    assertMatch(errors, /listens on it; stop it, or choose another port with --port/);
  });
});

Deno.test({
  name: "a privileged port: exit 1, and what to do",
  ignore: SKIP_RIGHTS ||
    Deno.readTextFileSync("/proc/sys/net/ipv4/ip_unprivileged_port_start").trim() === "0",
  async fn() {
    using site = Site.make({ "services/a/a.js": ECHO });
    for (const transport of ["deno", "ws"]) {
      const args = ["serve", site.root, "--port", "81", "--transport", transport];
      assertEquals(await runCommand(args, { through: ORDINARY }), {
        code: 1,
        output: "",
        errors:
          "error: Cannot listen on 127.0.0.1:81: ports below 1024 need more rights; choose another with --port\n",
      });
    }
  },
});

Deno.test("a hostname that is none: exit 1, and what would be one", async (t) => {
  using site = Site.make({});
  for (const hostname of ["a b", "::g", "http://x", "...", "x\x1b[31my", "ü ", "x".repeat(300)]) {
    for (const transport of ["deno", "ws"]) {
      await t.step(
        `${JSON.stringify(hostname.slice(0, 20))} --transport ${transport}`,
        async () => {
          const args = ["serve", site.root, "--port", "0", "--hostname", hostname];
          const { code, output, errors } = await runInProcess([...args, "--transport", transport]);
          assertEquals([code, output], [1, ""]);
          assertMatch(errors, /^error: Cannot listen on [^\n]*--hostname, for example [^\n]*\n$/);
          assertEquals(errors.includes("\x1b"), false);
        },
      );
    }
  }
  await t.step("an IPv6 address, with and without brackets", async () => {
    for (const hostname of ["::1", "[::1]"]) {
      await using server = await InProcessServer.start(site, { args: ["--hostname", hostname] });
      assertMatch(server.output.all[0]!, /^Listening on http:\/\/\[::1\]:\d+$/);
    }
  });
});

Deno.test("serve and dev go on when nobody reads what they print", async (t) => {
  for (const command of ["serve", "dev"]) {
    await t.step(command, async () => {
      using site = Site.make({
        "services/a/a.js": ECHO.replace("send(", 'console.log("a log line"), send('),
      });
      const [program, ...args] = commandLine([command, site.root, "--port", "0"]);
      const process = new Deno.Command(program, { args, stdout: "piped", stderr: "piped" }).spawn();
      const reader = process.stdout.getReader();
      const { value } = await reader.read();
      const port = Number(/:(\d+)\n/.exec(new TextDecoder().decode(value))![1]);
      // What follows, the table, the events and the log, meets closed pipes.
      await reader.cancel();
      await process.stderr.cancel();
      for (let round = 0; round < 3; round++) {
        await using client = await Client.open(`ws://127.0.0.1:${port}/services/a`);
        client.send(`hello ${round}`);
        assertEquals(await client.next(), `hello ${round}`);
      }
      process.kill("SIGTERM");
      assertEquals((await process.status).code, 0);
    });
  }
});

Deno.test("help and flow end quietly when nobody reads on", async () => {
  using site = Site.make({
    "services/a/a.flow.json": flow("/a", { n: "./n.js" }, []),
    "services/a/n.js": "exports.handler = () => {};",
  });
  for (const args of [["--help"], ["dev", "--help"], ["flow", "a", site.root]]) {
    const [program, ...words] = commandLine(args);
    const process = new Deno.Command(program, { args: words, stdout: "piped", stderr: "piped" })
      .spawn();
    await process.stdout.cancel();
    const errors = Lines.of(process.stderr);
    const [{ code }] = await Promise.all([process.status, errors.end()]);
    assertEquals([code, errors.all], [0, []]);
  }
});

Deno.test({
  name: "at a terminal of 40 columns, everything fits",
  ignore: SKIP_TERMINAL,
  async fn(t) {
    const commands = [
      ["--help"],
      ["serve", "--help"],
      ["dev", "--help"],
      ["flow", "--help"],
      ["user", "--help"],
      ["user", "add", "--help"],
    ];
    for (const args of commands) {
      await t.step(args.join(" "), async () => {
        const { code, text } = await atTerminal(40, args);
        assertEquals(code, 0);
        assertMatch(text, /^Usage: switchboard/);
        for (const line of text.split("\n").slice(1)) assert(line.length <= 40, line);
      });
    }
    await t.step("and at one of 80 columns, descriptions stand beside their options", async () => {
      const { text } = await atTerminal(80, ["dev", "--help"]);
      assertMatch(text, /--hostname <address> {2}address to listen on/);
      for (const line of text.split("\n")) assert(line.length <= 80, line);
    });
    await t.step("colors, but not with NO_COLOR", async () => {
      using site = Site.make({ "services/a/a.js": ECHO, "services/a/service.json": { prot: 1 } });
      using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
      const { port } = listener.addr as Deno.NetAddr;
      const args = ["serve", site.root, "--port", `${port}`];
      for (const [NO_COLOR, isColored] of [["", true], ["1", false]] as const) {
        const { code, text } = await atTerminal(40, args, { NO_COLOR });
        assertEquals(code, 1);
        assertStringIncludes(text, '"prot" is not a key');
        assertEquals(text.includes("\x1b[31mERROR"), isColored);
        assertEquals(text.includes("\x1b["), isColored);
      }
    });
  },
});

Deno.test("names with spaces, in other scripts and with controls are served and shown", async (t) => {
  const names = ["a b", "日本", "ünï", "emoji 🎉", "x\x1b[31my", "per%2fcent", "q?a#b", "'\"<b>"];
  using parent = Site.make({});
  const site = new Site(join(parent.root, "röot with spaces 日本"));
  site.write(Object.fromEntries(names.map((name) => [`services/${name}/${name}.js`, ECHO])));
  await using server = await InProcessServer.start(site, { command: "dev" });
  await server.output.next((line) => line.startsWith("Watching "));
  for (const name of names) {
    await t.step(JSON.stringify(name), async () => {
      await using client = await Client.open(server.ws(`/services/${encodeURIComponent(name)}`));
      client.send("hello");
      assertEquals(await client.next(), "hello");
      const shown = name.replace("\x1b", "\\x1b");
      await server.output.next((line) => line.includes(`  ${shown} `) && line.includes("message"));
    });
  }
  await t.step("no control comes through", () => {
    for (const line of [...server.output.all, ...server.log.all]) {
      // deno-lint-ignore no-control-regex
      assertEquals(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/.test(line), false, JSON.stringify(line));
    }
  });
  await t.step("the table is aligned", () => {
    const table = server.output.all.filter((line) => / xp {2,}\//.test(line));
    assertEquals(table.length, names.length);
    const widths = table.map((line) => {
      const before = line.slice(0, line.indexOf(" xp "));
      return before.replaceAll(/[日本🎉]/gu, "--").length;
    });
    assertEquals(new Set(widths).size, 1);
  });
  await t.step("the landing page shows them as text", async () => {
    const page = await server.text("/");
    assertStringIncludes(page, "&lt;b&gt;");
    assertEquals(page.includes('"<b>'), false);
  });
});

Deno.test("paths that would lead elsewhere lead nowhere", async () => {
  using site = Site.make({
    "root/services/a/a.js": ECHO,
    "root/services/a/assets/page.txt": "page",
    "services/secret/secret.js": ECHO,
  });
  await using server = await Board.start(new Site(join(site.root, "root")));
  for (
    const path of [
      "/services/..%2f..%2fservices%2fsecret",
      "/services/a/assets/..%2fa.js",
      "/services/a/assets/..%2f..%2f..%2f..%2fservices/secret/secret.js",
      "/services/a/assets/..%5ca.js",
      "/services/%2e%2e/secret",
      "/services/secret",
      "/services/a%00",
      "/services/%ff",
    ]
  ) {
    const response = await server.fetch(path);
    await response.body?.cancel();
    assert([400, 404].includes(response.status), `${path}: ${response.status}`);
  }
  for (const name of ["../secret", "a/b", "a\\b", "", "con", "."]) {
    const { code, errors } = await runInProcess(["flow", name, join(site.root, "root")]);
    assertEquals(code, 1, name);
    assertMatch(errors, /^error: There is no service /);
  }
});
