import { assert, assertEquals, assertMatch } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { Server } from "../../helpers/server.ts";
import { Site } from "../../helpers/site.ts";
import { ANYTHING, attempt, granted, refused } from "./attempt.ts";

const RUNNER = fromFileUrl(import.meta.resolve("../../../lib/inside/runner.ts"));

const LISTEN_NODE = `
  const server = require("node:net").createServer();
  const { promise, resolve, reject } = Promise.withResolvers();
  server.on("error", reject);
  addEventListener("error", ({ error }) => reject(error));
  server.listen(0, "127.0.0.1", resolve);
  await promise;
  server.close();
`;

const connectNode = (where: string) => `
  const socket = require("node:net").connect(${where});
  const { promise, resolve, reject } = Promise.withResolvers();
  socket.on("error", reject);
  socket.on("connect", resolve);
  await promise;
  socket.destroy();
`;

Deno.test("an isolate has its own folder and lib/, and nothing else", async (t) => {
  using site = Site.make({
    "switchboard.json": { config: { secret: "in settings" } },
    "lib/shared.txt": "shared",
    "services/other/other.js": "exports.get = () => ({ body: 'other' });",
    "services/other/secret.txt": "of another service",
    "services/closed/closed.js": ANYTHING,
    "services/closed/own.txt": "own",
    "services/open/open.js": ANYTHING,
    "services/linked/linked.js": ANYTHING,
    "services/all/all.js": ANYTHING,
    "services/all/service.json": { trusted: true, permissions: { env: true } },
    "services/sly/sly.js": ANYTHING,
    "services/sly/service.json": { permissions: { env: true } },
    "services/runs/runs.js": ANYTHING,
    "services/runs/service.json": { trusted: true, permissions: { run: ["cat"], env: true } },
    "services/denied/denied.js": ANYTHING,
    "services/denied/service.json": { groups: { join: ["mine"], send: ["mine"] } },
    "outside.txt": "outside",
  });
  Deno.symlinkSync(join(site.root, "outside.txt"), join(site.root, "services/linked/link.txt"));
  const probe = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = probe.addr as Deno.NetAddr;
  const answering = (async () => {
    for await (const connection of probe) connection.close();
  })();
  const web = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    () => new Response("served"),
  );
  site.write({
    "services/open/service.json": {
      permissions: {
        net: [`127.0.0.1:${port}`, `127.0.0.1:${web.addr.port}`],
        read: ["../..", "/etc/hostname"],
        write: ["."],
        env: ["HOME"],
        run: ["true"],
        sys: ["hostname"],
      },
    },
  });
  {
    await using server = await Server.start(site, { env: { SECRET_THING: "the-value" } });
    const root = JSON.stringify(site.root).slice(1, -1);

    await t.step("its own files and those of lib/ can be read", async () => {
      for (const file of ["services/closed/own.txt", "lib/shared.txt"]) {
        const { value } = await attempt(
          server,
          "closed",
          `return Deno.readTextFileSync("${root}/${file}")`,
        );
        assertEquals(value, Deno.readTextFileSync(join(site.root, file)));
      }
    });

    const attacks: [string, string][] = [
      ["a file of the system", `return Deno.readTextFileSync("/etc/hostname")`],
      ["the users of the system", `return Deno.readTextFileSync("/etc/passwd")`],
      ["another service", `return Deno.readTextFileSync("${root}/services/other/secret.txt")`],
      ["the runtime", `return Deno.readTextFileSync(${JSON.stringify(RUNNER)})`],
      ["the runtime through node:fs", `return require("fs").statSync(${JSON.stringify(RUNNER)})`],
      ["the list of services", `return [...Deno.readDirSync("${root}/services")]`],
      ["the process's memory", `return Deno.readTextFileSync("/proc/self/environ")`],
      ["the settings", `return Deno.readTextFileSync("${root}/switchboard.json")`],
      ["up and out", `return Deno.readTextFileSync("${root}/services/closed/../../outside.txt")`],
      ["making a link", `Deno.symlinkSync("/etc/hostname", "${root}/services/closed/made.txt")`],
      ["node:fs", `return require("node:fs").readFileSync("/etc/hostname", "utf8")`],
      ["a connection", `(await Deno.connect({ hostname: "127.0.0.1", port: ${port} })).close()`],
      ["fetch", `await fetch("http://127.0.0.1:${server.port}/healthz")`],
      ["fetch of a file", `return await (await fetch("file:///etc/passwd")).text()`],
      ["node:net", connectNode(`${port}, "127.0.0.1"`)],
      ["a socket of a path", connectNode('"/run/x.sock"')],
      ["node:dns", `return await require("node:dns").promises.lookup("localhost")`],
      ["a websocket", `new WebSocket("ws://127.0.0.1:${port}")`],
      ["listening", `Deno.listen({ port: 0 }).close()`],
      ["listening through node:net", LISTEN_NODE],
      ["serving", `Deno.serve({ port: 0 }, () => new Response())`],
      ["the environment", `return Deno.env.get("HOME")`],
      ["the whole environment", `return Deno.env.toObject()`],
      ["node:process", `return String(process.env.HOME)`],
      ["a copy of the environment", `return { ...process.env }`],
      ["setting the environment", `process.env.HOME = "/"`],
      ["a file of variables", `process.loadEnvFile("${root}/switchboard.json")`],
      ["writing its own folder", `Deno.writeTextFileSync("${root}/services/closed/new.txt", "x")`],
      ["a program", `new Deno.Command("true").outputSync()`],
      ["node:child_process", `require("node:child_process").execSync("true")`],
      ["the machine's name", `return Deno.hostname()`],
      ["a native library", `Deno.dlopen("libc.so.6", {})`],
      ["a native module", `process.dlopen({ exports: {} }, "/usr/lib/libc.so.6")`],
      ["a database", `new (require("node:sqlite").DatabaseSync)("${root}/x.db")`],
      ["the debugger", `new (require("node:inspector").Session)().connect()`],
      ["a debugger's port", `require("node:inspector").open(0)`],
      ["the file mask", `Deno.umask(0)`],
      ["code from elsewhere", `await import("http://127.0.0.1:${server.port}/x.js")`],
      ["a file: import", `await import("file://${root}/services/other/other.js")`],
      [
        "a worker with more rights",
        `new Worker("data:text/javascript,", { type: "module", deno: { permissions: { read: true } } })`,
      ],
    ];
    for (const [name, code] of attacks) {
      await t.step(`refused: ${name}`, async () => {
        const result = await attempt(server, "closed", code);
        assertMatch(
          result.error ?? `got ${JSON.stringify(result)}`,
          /NotCapable|EACCES|EPERM|lies outside of|Requires .* access|does not list|Cannot use Worker/,
        );
      });
    }

    const twins: [string, string][] = [
      ["a file of the system", `return Deno.readTextFileSync("/etc/hostname")`],
      ["another service", `return Deno.readTextFileSync("${root}/services/other/secret.txt")`],
      ["node:fs", `return require("node:fs").readFileSync("/etc/hostname", "utf8")`],
      ["a connection", `(await Deno.connect({ hostname: "127.0.0.1", port: ${port} })).close()`],
      ["fetch", `return await (await fetch("http://127.0.0.1:${web.addr.port}")).text()`],
      ["node:net", connectNode(`${port}, "127.0.0.1"`)],
      ["the environment", `return Deno.env.get("HOME")`],
      ["node:process", `return process.env.HOME`],
      ["writing its own folder", `Deno.writeTextFileSync("${root}/services/open/new.txt", "x")`],
      ["a program", `new Deno.Command("true").outputSync().code`],
      ["the machine's name", `return Deno.hostname()`],
    ];
    for (const [name, code] of twins) {
      await t.step(`granted: ${name}`, async () => {
        const result = await attempt(server, "open", code);
        assertEquals(typeof result.value, "string", JSON.stringify(result));
      });
    }

    await t.step("what is granted to one kind is granted no further", async () => {
      for (
        const code of [
          `await fetch("http://127.0.0.1:${server.port}/healthz")`,
          `return Deno.env.get("PATH")`,
          `new Deno.Command("ls").outputSync()`,
          `Deno.writeTextFileSync("${root}/outside.txt", "x")`,
        ]
      ) {
        const result = await attempt(server, "open", code);
        assertMatch(result.error ?? `got ${JSON.stringify(result)}`, /NotCapable/);
      }
    });

    await t.step("making a link takes more than writing one's own folder", async () => {
      const link = `Deno.symlinkSync("/etc/passwd", "${root}/services/open/made.txt")`;
      await refused(server, "open", link, /NotCapable/);
    });

    await t.step("a service shipped with a link that leads out does not run", async () => {
      const { status, body } = await server.fetch("/services/linked");
      await body?.cancel();
      assertEquals(status, 503);
      const line = server.log.all.find((line) => line.includes("services/linked/link.txt"));
      assertMatch(line ?? "", /leads out of the service/);
    });

    await t.step("the table shows what is granted beyond the default", () => {
      const row = (name: string) => server.output.all.find((line) => line.startsWith(name))!;
      assertMatch(row("closed"), /own folder$/);
      assertMatch(
        row("open"),
        new RegExp(`net 127\\.0\\.0\\.1:${port}[^,]*, read .*, write .*, env HOME`),
      );
    });
    await t.step("a service that grants itself everything is marked in the table", async () => {
      const row = (name: string) => server.output.all.find((line) => line.startsWith(name))!;
      assertMatch(row("all"), /env ALL \(trusted\)/);
      assertMatch(row("sly"), /not running/);
      assertEquals(
        typeof (await attempt(server, "all", "return Deno.env.get('PATH')")).value,
        "string",
      );
      await server.logged(({ service, message }) =>
        service === "sly" && /"permissions\.env": true .* "trusted": true/.test(message)
      );
    });
    await t.step("an open file of the server is no service's", (t) => refusesFiles(t, server));
    await t.step(
      "what is denied is logged once, by name and never by value",
      () => logsDenials(server),
    );
  }
  probe.close();
  await answering;
  await web.shutdown();
});

async function refusesFiles(t: Deno.TestContext, server: Server): Promise<void> {
  const files = [...Deno.readDirSync(`/proc/${server.process.pid}/fd`)].map(({ name }) => name);
  const use = (how: string) => `
    const opened = [];
    for (const fd of [${files}]) {
      if (fd < 3) continue;
      try { ${how} } catch { continue; }
      opened.push(fd);
    }
    return opened;`;
  const ways: [string, string][] = [
    ["node:fs", `require("node:fs").fstatSync(fd);`],
    ["closing", `require("node:fs").closeSync(fd);`],
    ["writing", `require("node:fs").writeSync(fd, "x");`],
    ["a terminal", `new (require("node:tty").ReadStream)(fd);`],
    ["a socket", `new (require("node:net").Socket)({ fd });`],
  ];
  for (const [name, how] of ways) {
    await t.step(`refused: ${name}`, () => granted(server, "closed", use(how), []));
  }
  const native = (code: string) => `
    const net = require("node:net");
    const socket = new net.Socket();
    socket.on("error", () => {});
    socket.connect({ port: 1, host: "127.0.0.1" });
    const handle = socket._handle;
    ${code}`;
  await t.step(
    "refused: the socket's own handle",
    () => refused(server, "closed", native(`handle.open(3)`), /Cannot use an open file/),
  );
  await t.step("refused: a new handle", () =>
    refused(
      server,
      "closed",
      native(`new handle.constructor(0).open(3)`),
      /Cannot use an open file/,
    ));
  await t.step(
    "refused: process.binding",
    () => refused(server, "closed", `process.binding("tcp_wrap")`, /Cannot use process\.binding/),
  );
  await t.step("refused: listening", async () => {
    const { error } = await attempt(
      server,
      "closed",
      `const { promise, resolve, reject } = Promise.withResolvers();
       require("node:net").createServer().on("error", reject).listen({ fd: ${
        Math.max(...files.map(Number))
      } }, resolve);
       await promise;`,
    );
    assert(error);
  });
  await t.step("granted: pipes to a program that it may run, where it is trusted", () =>
    granted(
      server,
      "runs",
      `const cat = require("node:child_process").spawn("cat");
       let text = "";
       const { promise, resolve } = Promise.withResolvers();
       cat.stdout.on("data", (data) => text += data);
       cat.on("close", resolve);
       cat.stdin.end("through");
       await promise;
       return text;`,
      "through",
    ));
  await t.step("the server goes on", async () => {
    assertEquals((await server.fetch("/healthz").then((response) => response.json())).status, "ok");
  });
}

async function logsDenials(server: Server): Promise<void> {
  const acts: [string, RegExp][] = [
    [
      `Deno.readTextFileSync("/etc/passwd")`,
      /Denied read "\/etc\/passwd".*"read": \["\/etc\/passwd"\]/,
    ],
    [
      `await fetch("http://127.0.0.1:4321/path?token=the-value")`,
      /Denied net "127\.0\.0\.1:4321".*"net": \["127\.0\.0\.1:4321"\]/,
    ],
    [`Deno.env.get("SECRET_THING")`, /Denied env "SECRET_THING".*"env": \["SECRET_THING"\]/],
    [
      `await import("http://127.0.0.1:1/x.js?token=the-value")`,
      /Denied import "127\.0\.0\.1:1".*"import": \["127\.0\.0\.1:1"\]/,
    ],
    [
      `require("/lib/websocket").sendToGroup("theirs", "the-value")`,
      /Denied groups\.send "theirs".*"groups": \{ "send": \["theirs"\]/,
    ],
    [
      `require("/lib/websocket").addToGroup("theirs", "the-value")`,
      /Denied groups\.join "theirs".*"groups": \{ "join": \["theirs"\]/,
    ],
  ];
  for (let round = 0; round < 3; round++) {
    for (const [code] of acts) assert((await attempt(server, "denied", code)).error);
  }
  await attempt(server, "denied", `console.log("end")`);
  await server.logged(({ message }) => message === "end");
  const messages = server.log.all.map((line) => JSON.parse(line))
    .filter(({ service }) => service === "denied").map(({ message }) => message as string);
  for (const [code, line] of acts) {
    const lines = messages.filter((text) => line.test(text));
    assertEquals(lines.length, 1, `${code}\n${messages.join("\n")}`);
  }
  assertEquals(messages.filter((text) => text.startsWith("Denied")).length, acts.length);
  assertEquals(server.log.all.filter((line) => line.includes("the-value")), []);
}
