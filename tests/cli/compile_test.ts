/**
 * Where Deno's runtime for binaries cannot be had, `DENORT_BIN` names another program: then all is done but the
 * binary does not run.
 *
 * @module
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { fromFileUrl, join, toFileUrl } from "@std/path";
import { main } from "../../lib/tools/cli/compiled_main.ts";
import { embeddedOf } from "../../lib/tools/cli/embedded_files.ts";
import { Workshop } from "../../lib/tools/cli/workshop.ts";
import { readSettings } from "../../lib/host/service/mod.ts";
import { VERSION } from "../../lib/base/version.ts";
import { readBinary, STAND_IN } from "../helpers/binary.ts";
import { Client } from "../helpers/client.ts";
import { runInProcess } from "../helpers/in_process.ts";
import { Lines } from "../helpers/lines.ts";
import { Server } from "../helpers/server.ts";
import { type Files, Site } from "../helpers/site.ts";

const ROOT = fromFileUrl(import.meta.resolve("../../"));
const CLI = join(ROOT, "cli.ts");
const DENO = Deno.execPath();
const CONTROLLER = `exports.get = (req) => req.webSocket ? { webSocket: {} } : { body: "here" };`;

/** Where the runtime for binaries is, if whoever runs the tests says so. */
const RUNTIME: Record<string, string> = Deno.env.has("DENORT_BIN")
  ? { DENORT_BIN: Deno.env.get("DENORT_BIN")! }
  : {};

/** Ends the compiler before it has done much. */
const NO_RUNTIME = { DENORT_BIN: "/nowhere/none" };

interface Options {
  cwd?: string;
  env?: Record<string, string>;
  clearEnv?: boolean;
}

async function run(
  program: string,
  args: string[],
  options: Options = {},
): Promise<{ code: number; output: string; errors: string }> {
  const { code, stdout, stderr } = await new Deno.Command(program, {
    args,
    stdin: "null",
    ...options,
    env: { NO_COLOR: "1", ...options.env },
  }).output();
  const decoder = new TextDecoder();
  return { code, output: decoder.decode(stdout), errors: decoder.decode(stderr) };
}

/** Runs `compile` in a process of its own, by default with a stand-in for the runtime for binaries. */
function compileProcess(args: string[], { cwd, env = { DENORT_BIN: STAND_IN } }: Options = {}) {
  const { DENORT_BIN: _, ...inherited } = Deno.env.toObject();
  return run(DENO, ["run", "-A", "--no-prompt", CLI, "compile", ...args], {
    cwd,
    env: { ...inherited, ...env },
    clearEnv: true,
  });
}

/** The same in the process of the test: the compiler is a process of its own anyway. */
async function compile(args: string[], env: Record<string, string> = { DENORT_BIN: STAND_IN }) {
  const { code, output, errors } = await runInProcess(["compile", ...args], { env });
  return { code, output, errors };
}

/** What is to go in, and what is to stay outside. */
const INSIDE: Files = {
  "services/chat/chat.ts": `import { sendToGroup } from "/lib/xp/websocket";
    import { loud } from "./parts/loud.ts";
    import { shared } from "/lib/shared.ts";
    export const get = () => ({ body: loud(shared) + typeof sendToGroup });`,
  "services/chat/parts/loud.ts":
    "export const loud = (text: string): string => text.toUpperCase();",
  "services/chat/service.json": { groups: { join: ["chat"] } },
  "services/chat/assets/index.html": "<p>chat</p>",
  "services/chat/assets/a picture ü.svg": "<svg/>",
  "services/chat/assets/page.js": "document.title = 1;",
  "services/common/common.js": CONTROLLER + `require("./text.js");`,
  "services/common/text.js": `module.exports = "text";`,
  "services/a_test/a_test.ts": "export const get = () => ({ body: '' });",
  "apis/data/data.mjs": "export const get = () => ({ body: '' });",
  "webapp/webapp.js": CONTROLLER,
  "lib/shared.ts": `export const shared = "shared";`,
  "users/auth.ts": "export const authenticate = () => null;",
  "switchboard.json": {
    app: "embedded",
    auth: {
      module: "users/auth.ts",
      basic: { file: "services/chat/users.json" },
      jwt: { algorithms: ["HS256"], secretFile: "lib/secret.txt" },
    },
    tls: { cert: "lib/cert.txt", key: "services/chat/key.txt" },
  },
};

const NOT_IN = "this is not to be in the binary";

const OUTSIDE: Files = {
  "services/chat/users.json": { users: {} },
  "services/chat/key.txt": NOT_IN,
  "services/chat/private.pem": NOT_IN,
  "services/chat/server.KEY": NOT_IN,
  "services/chat/id_ed25519": NOT_IN,
  "services/chat/.env": NOT_IN,
  "services/chat/.git/config": NOT_IN,
  "services/chat/chat_test.ts": NOT_IN,
  "services/chat/parts/loud.test.ts": NOT_IN,
  "services/chat/node_modules/x/index.js": NOT_IN,
  "services/_draft/_draft.js": NOT_IN,
  "services/.hidden/hidden.js": NOT_IN,
  "lib/secret.txt": NOT_IN,
  "lib/cert.txt": NOT_IN,
};

const ELSEWHERE: Files = {
  ".env": NOT_IN,
  ".git/config": NOT_IN,
  "deno.json": { imports: { "shared": "./lib/shared.ts" } },
  "notes.txt": NOT_IN,
  "tests/chat_test.ts": NOT_IN,
  "node_modules/x/index.js": NOT_IN,
  "src/other.ts": NOT_IN,
};

Deno.test("compile puts in what is served, and leaves out secrets, tests and what lies about", async (t) => {
  using site = Site.make({ ...INSIDE, ...OUTSIDE, ...ELSEWHERE });
  using place = Site.make({});
  const file = join(place.root, "my app");
  const { code, output, errors } = await compile([site.root, "-o", file]);
  assertEquals([code, errors.includes("error")], [0, false], errors);
  const { files, metadata, text } = readBinary(file, STAND_IN);

  await t.step("what it says", () => {
    assertMatch(output, /^Wrote \/\S+\/my app \(\d+\.\d MB\)\n$/);
    assertEquals(
      errors.split("\n")[0],
      `Left out: ${Object.keys(OUTSIDE).map(topmost).sort().join(", ")}`,
    );
    assertMatch(errors, /^Compiling 5 services \(\d+ files\) for \S+$/m);
  });

  await t.step("each file of the root, and no other", () => {
    const found = files.filter((path) => path.startsWith("root/"));
    assertEquals(found.sort(), Object.keys(INSIDE).map((path) => `root/${path}`).sort());
  });

  await t.step(
    "each module that the command and its workers reach, and their packages",
    async () => {
      for (
        const entry of [
          "lib/tools/cli/compiled_main.ts",
          "lib/inside/cell.ts",
          "lib/inside/runner.ts",
        ]
      ) {
        for (const module of await modulesOf(entry)) {
          assert(
            files.includes(`runtime/${module}`),
            `${module}, which ${entry} needs, is not inside`,
          );
        }
      }
      const { imports } = JSON.parse(Deno.readTextFileSync(join(ROOT, "deno.json")));
      for (const [id, target] of Object.entries(imports) as [string, string][]) {
        if (!target.startsWith("npm:")) continue;
        const isInside = files.some((path) => path.includes(`modules/localhost/${id}/`));
        assertEquals([id, isInside], [id, id !== "playwright-core"]);
      }
    },
  );

  await t.step("each module that is started as a worker", () => {
    const workers = new Set<string>();
    for (const path of filesIn(join(ROOT, "lib"))) {
      const source = Deno.readTextFileSync(path);
      const starts = source.matchAll(
        /Worker\([^;]*?new URL\("(\.[\w/.]+\.ts)", import\.meta\.url\)/g,
      );
      for (const [, worker] of starts) {
        workers.add(`runtime/${join(path, "..", worker!).slice(ROOT.length)}`);
      }
    }
    assertEquals([...workers].sort(), [
      "runtime/lib/inside/cell.ts",
      "runtime/lib/inside/runner.ts",
    ]);
    for (const worker of workers) assert(files.includes(worker), worker);
  });

  await t.step("no other command, no tests, no path of this machine", () => {
    const { links = [] } = JSON.parse(Deno.readTextFileSync(join(ROOT, "deno.json")));
    const folders = [
      "root",
      ".deno_compile_node_modules",
      "runtime/lib",
      // The runtime needs the packages that stand in for those of JSR.
      ...links.map((link: string) => join("runtime", link)),
    ];
    const rest = files.filter((path) => !folders.some((folder) => path.startsWith(`${folder}/`)));
    assertEquals(rest.sort(), ["main.ts", "runtime/deno.json"]);
    assertEquals(
      files.filter((path) => path.startsWith("runtime/lib/tools/cli/")).map(nameOf).sort(),
      [
        "compiled_main.ts",
        "event_stream.ts",
        "framed_log.ts",
        "help.ts",
        "line_writer.ts",
        "open_page.ts",
        "output.ts",
        "printable.ts",
        "problem.ts",
        "program.ts",
        "serve.ts",
        "table.ts",
        "watch.ts",
      ],
    );
    assertEquals(text.includes(NOT_IN), false);
    for (const path of [site.root, ROOT]) assertEquals(text.includes(path), false, path);
  });

  await t.step("permissions for the host to pass on, and workers that have permissions", () => {
    const { permissions, unstable_config, entrypoint_key } = metadata;
    assertEquals([permissions.allow_all ?? permissions.allow_read, permissions.prompt], [
      [],
      false,
    ]);
    assert(unstable_config.features.includes("worker-options"));
    assertEquals(entrypoint_key, "main.ts");
  });

  await t.step("it is written again in the same place, and nothing is left beside it", async () => {
    assertEquals((await compile([site.root, "-o", file])).code, 0);
    assertEquals([...Deno.readDirSync(place.root)].map(({ name }) => name), ["my app"]);
  });
});

Deno.test("what goes into a binary runs: its own command line serves the services", async (t) => {
  using site = Site.make({
    ...INSIDE,
    "deno.jsonc": `{
      // As people write it.
      "imports": { "near": "npm:leven@^4.1.0", "ours": "./lib/shared.ts" },
    }`,
    "services/mapped/mapped.js": `import leven from "near";
      import { shared } from "ours";
      import text from "./text.js";
      export const get = () => ({ body: leven("cat", "cow") + shared + text });`,
    "services/mapped/text.js": `module.exports = "text";`,
    "services/mapped/service.json": { permissions: { import: ["registry.npmjs.org:443"] } },
    "switchboard.json": { app: "embedded", auth: { basic: { file: "users.json" } } },
  });
  using place = Site.make({ "users.json": { users: {} } });
  using workshop = new Workshop(site.root, embeddedOf(site.root, readSettings(site.root), []));
  const program = [DENO, "run", "-A", "--quiet", "--no-prompt", join(workshop.folder, "main.ts")];

  await t.step("--help, --version and what is wrong", async () => {
    const [deno, ...first] = program as [string, ...string[]];
    const help = await run(deno, [...first, "--help"]);
    assertEquals([help.code, help.errors], [0, ""]);
    assertMatch(help.output, /^Usage: \S+ \[options\]\n[^]*inside this program[^]*--port/);
    const inside = toFileUrl(join(workshop.folder, "root/"));
    const here = (args: string[]) =>
      runInProcess(args, {}, (args, shell) => main(inside, args, shell));
    assertEquals((await here(["--version"])).output, `${VERSION}\n`);
    for (const args of [["--nope"], ["serve"], ["--port", "x"]]) {
      const { code, output } = await here(args);
      assertEquals([args, code, output], [args, 2, ""]);
    }
  });

  await t.step("users are those of the folder that it is started in", async () => {
    const [deno, ...first] = program as [string, ...string[]];
    const { code, errors } = await run(deno, [...first, "--port", "0"], { cwd: site.root });
    assertEquals(code, 1);
    assertStringIncludes(errors, join(site.root, "users.json"));
  });

  await t.step("it serves", async () => {
    await using server = await Server.start(site, { program, cwd: place.root });
    assertEquals(await server.text("/services/chat"), "SHAREDfunction");
    assertEquals(await server.text("/services/common"), "here");
    assertEquals(await server.text("/services/chat/assets/"), "<p>chat</p>");
    assertEquals(await server.text("/api/embedded:data"), "");
    assertEquals(await server.text("/services/mapped"), "2sharedtext");
  });
});

Deno.test("compile says what it cannot do, and what would help", async (t) => {
  using site = Site.make({
    "ok/services/a/a.js": CONTROLLER,
    "ok/lib/deep/x.ts": "",
    "empty/readme.md": "",
    "broken/services/b/b.js": CONTROLLER,
    "broken/services/b/service.json": { memory: 1 },
    "broken/services/c/readme.md": "",
    "settings/services/a/a.js": CONTROLLER,
    "settings/switchboard.json": { prot: 1 },
    "config/services/a/a.js": CONTROLLER,
    "config/deno.json": "{ nope",
    "shape/services/a/a.js": CONTROLLER,
    "shape/deno.json": { imports: { a: 5 } },
    "list/services/a/a.js": CONTROLLER,
    "list/deno.json": { unstable: 5 },
    "module/services/a/a.js": CONTROLLER,
    "module/switchboard.json": { auth: { module: "../auth.ts" } },
    "auth.ts": "",
    "nobody/services/a/a.js": CONTROLLER,
    "nobody/switchboard.json": { auth: { module: "auth.ts" } },
    "text": "not a binary",
    "folder/x": "",
  });
  const { root } = site;
  const ok = join(root, "ok");
  const cases: [string, string[], number, string][] = [
    ["no folder", [join(root, "none")], 1, `Cannot serve "${root}/none": there is no such folder`],
    ["a file", [join(root, "text")], 1, `Cannot serve "${root}/text": it is not a folder`],
    ["no services", [join(root, "empty")], 1, `There are no services in ${root}/empty/services`],
    [
      "broken services",
      [join(root, "broken")],
      1,
      '"memory" is not a key, did you mean "memoryMb"?',
    ],
    ["each of them", [join(root, "broken")], 1, 'error: Cannot start service "c"'],
    ["broken settings", [join(root, "settings")], 1, 'did you mean "port"?'],
    [
      "a broken deno.json",
      [join(root, "config"), "-o", join(root, "x")],
      1,
      'Cannot read "deno.json": not valid JSON',
    ],
    [
      "imports that are none",
      [join(root, "shape"), "-o", join(root, "x")],
      1,
      '"imports" must map',
    ],
    ["unstable that is none", [join(root, "list"), "-o", join(root, "x")], 1, '"unstable" must be'],
    ["an auth module outside", [join(root, "module")], 1, 'Cannot embed "../auth.ts"'],
    ["an auth module that is not there", [join(root, "nobody")], 1, 'There is no "auth.ts"'],
    ["a folder in its place", [ok, "-o", join(root, "folder")], 1, "it is a folder"],
    ["no folder for it", [ok, "-o", join(root, "no/app")], 1, `there is no folder "${root}/no"`],
    ["a file for a folder", [ok, "-o", join(root, "text/app")], 1, "there is no folder"],
    ["a name that cannot be", [ok, "-o", ""], 1, "-o needs the name of a file"],
    [
      "a place among the services",
      [ok, "-o", join(ok, "services/a/app")],
      1,
      `all of "${ok}/services" is put into the binary`,
    ],
    ["a place in lib/", [ok, "-o", join(ok, "lib/deep/app")], 1, `all of "${ok}/lib"`],
    [
      "a file that is no binary",
      [ok, "-o", join(root, "text")],
      1,
      "a file that is not a compiled binary",
    ],
    [
      "a target that is none",
      [ok, "--target", "x86_64-unkown-linux-gnu"],
      2,
      "Did you mean x86_64-unknown-linux-gnu?",
    ],
    [
      "a target that is nothing like one",
      [ok, "--target", "toaster"],
      2,
      "Expected one of x86_64-",
    ],
    ["an empty target", [ok, "--target", ""], 2, "Expected one of x86_64-"],
    ["a target without a name", [ok, "--target"], 2, "argument missing"],
    ["-o without a name", [ok, "-o"], 2, "argument missing"],
    ["a flag that is none", [ok, "--outptu", "x"], 2, "(Did you mean --output?)"],
    ["too many folders", [ok, ok], 2, "too many arguments for 'compile'"],
  ];
  for (const [name, args, expected, said] of cases) {
    await t.step(`${name}: exit ${expected}`, async () => {
      const { code, output, errors } = await compile(args);
      assertEquals([code, output], [expected, ""], errors);
      assertStringIncludes(errors, said);
      assertEquals(errors.includes("    at "), false, errors);
      if (/all that Deno says/.test(errors)) Deno.removeSync(logOf(errors));
    });
  }

  await t.step(
    "a runtime that is not there: the remedy, and what Deno says in a file",
    async () => {
      const { code, errors } = await compile([ok, "-o", join(root, "app")], NO_RUNTIME);
      assertEquals(code, 1);
      assertMatch(
        errors,
        /error: Cannot read the runtime that DENORT_BIN names, ".*none": name a denort of version \d/,
      );
      const log = logOf(errors);
      assertStringIncludes(Deno.readTextFileSync(log), "Could not find denort");
      Deno.removeSync(log);
    },
  );

  await t.step("a runtime that cannot be downloaded: the remedy", async () => {
    // A proxy that is not there stands for a network that is not.
    using cache = Site.make({});
    const { code, errors } = await compileProcess([
      ok,
      "-o",
      join(root, "app"),
      "--target",
      "aarch64-apple-darwin",
    ], {
      env: {
        HTTPS_PROXY: "http://127.0.0.1:1",
        DENO_DIR: await cacheWithoutRuntimes(cache.root),
      },
    });
    assertEquals(code, 1, errors);
    assertMatch(
      errors,
      /error: Cannot get the runtime of Deno \d+\.\d+\.\d+ for aarch64-apple-darwin: /,
    );
    assertStringIncludes(
      errors,
      "Run this where https://dl.deno.land can be reached, or set DENORT_BIN",
    );
    Deno.removeSync(logOf(errors));
  });

  await t.step("nothing was written", () => {
    assertEquals([...Deno.readDirSync(root)].filter(({ name }) => name.startsWith("app")), []);
  });

  await t.step("what is granted and would not be there is warned of", async () => {
    using writes = Site.make({
      "services/a/a.js": CONTROLLER,
      "services/a/service.json": {
        permissions: { write: ["data", "/var/data"], read: [".", "../../other", "/etc/hosts"] },
      },
    });
    // It warns before it compiles, and need not do that.
    const { errors } = await compile([writes.root, "-o", join(root, "writes")], NO_RUNTIME);
    Deno.removeSync(logOf(errors));
    assertEquals([...errors.matchAll(/^Warning: (.*)$/gm)].map(([, text]) => text), [
      'service "a" is granted to write "data", which cannot be written in a binary: ' +
      "grant an absolute path",
      'service "a" is granted to read "../../other", which is not put into the binary: ' +
      "grant an absolute path",
    ]);
  });
});

Deno.test("compile takes files only, and each where it lies, and names the binary app", async () => {
  using site = Site.make({ "services/a b ü/a b ü.js": CONTROLLER, "data/x.txt": "linked" });
  const at = (path: string) => join(site.root, "services/a b ü", path);
  Deno.symlinkSync(".", at("loop"));
  Deno.symlinkSync("/nowhere", at("dead"));
  Deno.symlinkSync("a b ü.js", at("link.js"));
  if (Deno.build.os === "linux") await run("mkfifo", [at("pipe")]);
  const { code, output, errors } = await compileProcess([], { cwd: site.root });
  assertEquals(code, 0, errors);
  // Without -o, the binary is called app.
  assertStringIncludes(output, `Wrote ${join(site.root, "app")} (`);
  const { files } = readBinary(join(site.root, "app"), STAND_IN);
  assertEquals(files.filter((path) => path.startsWith("root/")).sort(), [
    "root/services/a b ü/a b ü.js",
    "root/services/a b ü/link.js",
  ]);
});

Deno.test("compile without a permission names it", async (t) => {
  using site = Site.make({ "services/a/a.js": CONTROLLER });
  const all = ["read", "write", "env", "run", "sys"];
  for (const left of ["write", "run"]) {
    await t.step(left, async () => {
      const flags = all.filter((kind) => kind !== left).map((kind) => `--allow-${kind}`);
      const { code, errors } = await run(DENO, [
        "run",
        ...flags,
        "--no-prompt",
        CLI,
        "compile",
        site.root,
        "-o",
        join(site.root, "app"),
      ], { env: { DENORT_BIN: STAND_IN } });
      assertEquals(code, 1);
      assertMatch(errors, new RegExp(`^error: Cannot .*--allow-${left} flag\n$`, "m"));
    });
  }
});

Deno.test("compile that is interrupted clears up", async () => {
  using site = Site.make({ "services/a/a.js": CONTROLLER, "tmp/x": "" });
  const process = new Deno.Command(DENO, {
    args: ["run", "-A", "--no-prompt", CLI, "compile"],
    cwd: site.root,
    env: { DENORT_BIN: STAND_IN, TMPDIR: join(site.root, "tmp"), NO_COLOR: "1" },
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const [output, errors] = [Lines.of(process.stdout), Lines.of(process.stderr)];
  await errors.next((line) => line.startsWith("Compiling "));
  process.kill("SIGINT");
  const [{ code }] = await Promise.all([process.status, output.end(), errors.end()]);
  assertEquals([code, errors.all.at(-1)], [1, "error: Stopped; nothing was written"]);
  assertEquals([...Deno.readDirSync(join(site.root, "tmp"))].map(({ name }) => name), ["x"]);
});

Deno.test("compile names the binary app.exe for Windows", async (t) => {
  using site = Site.make({ "services/a/a.js": CONTROLLER, "app.exe/x": "", "b.exe/x": "" });
  for (const args of [[], ["-o", "b"], ["-o", "b.exe"]]) {
    await t.step(`for Windows, ${args.join(" ") || "without -o"}`, async () => {
      const target = ["--target", "x86_64-pc-windows-msvc"];
      const { errors } = args.length === 0
        ? await compileProcess(target, { cwd: site.root })
        : await compile([site.root, "-o", join(site.root, args[1]!), ...target]);
      const name = args.length > 0 ? "b.exe" : "app.exe";
      assertStringIncludes(errors, `Cannot write "${join(site.root, name)}": it is a folder`);
    });
  }
  await t.step("a runtime of another system", async () => {
    const { code, errors } = await compile([
      site.root,
      "-o",
      join(site.root, "c"),
      "--target",
      "x86_64-pc-windows-msvc",
    ]);
    assertEquals(code, 1);
    assertStringIncludes(errors, "DENORT_BIN names a runtime for another system");
    Deno.removeSync(logOf(errors));
  });
});

Deno.test("a compiled binary serves the chat with all that it says of itself", async (t) => {
  using place = Site.make({});
  const file = join(place.root, "app");
  const { code, errors } = await compile([ROOT, "-o", file], RUNTIME);
  if (code !== 0 && /Cannot get the runtime of Deno/.test(errors)) {
    console.log(`skipped: ${errors.split("\n").find((line) => line.startsWith("error: "))}`);
    Deno.removeSync(logOf(errors));
    return;
  }
  assertEquals(code, 0, errors);
  await using server = await Server.start(place, { program: [file] });
  await t.step("the chat's page", async () => {
    assertMatch(await server.text("/services/chat/assets/"), /<title>/);
  });
  await t.step("a websocket", async () => {
    await using client = await Client.open(server.ws("/services/echo"));
    client.send("hello");
    assertStringIncludes(String(await client.next()), "hello");
  });
  await t.step("a service reads nothing that it is not granted", async () => {
    using site = Site.make({
      "services/spy/spy.js": `exports.get = () => {
        try { return { body: Deno.readTextFileSync("/etc/hostname") }; }
        catch (error) { return { body: error.name }; }
      };`,
    });
    const spy = join(place.root, "spy");
    assertEquals((await compile([site.root, "-o", spy], RUNTIME)).code, 0);
    await using spied = await Server.start(site, { program: [spy] });
    assertEquals(await spied.text("/services/spy"), "NotCapable");
  });
});

/** The file that has all that Deno says. */
function logOf(errors: string): string {
  return /all that Deno says is in (\S+\.log)/.exec(errors)![1]!;
}

/** The part of a path that is left out. */
function topmost(path: string): string {
  return path.replace(/(\/(?:\.git|\.hidden|_draft|node_modules))\/.*/, "$1");
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** Modules of `lib/` that one imports for what they do. */
async function modulesOf(entry: string): Promise<string[]> {
  const { output } = await run(DENO, ["info", "--json", join(ROOT, entry)]);
  const { modules } = JSON.parse(output);
  const known = new Map(modules.map((module: { specifier: string }) => [module.specifier, module]));
  const found = new Set<string>();
  const visit = (url: string): void => {
    if (!url.startsWith(`file://${ROOT}lib/`) || found.has(url)) return;
    found.add(url);
    // deno-lint-ignore no-explicit-any
    const { dependencies = [] } = known.get(url) as any;
    for (const { code } of dependencies) if (code !== undefined) visit(code.specifier);
  };
  visit(`file://${ROOT}${entry}`);
  return [...found].map((url) => url.slice(`file://${ROOT}`.length));
}

/** The user's cache without runtimes for binaries. */
async function cacheWithoutRuntimes(folder: string): Promise<string> {
  const { npmCache, typescriptCache } = JSON.parse((await run(DENO, ["info", "--json"])).output);
  for (const cached of [npmCache, typescriptCache]) {
    Deno.symlinkSync(cached, join(folder, nameOf(cached)), { type: "dir" });
  }
  return folder;
}

function* filesIn(folder: string): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    const path = join(folder, name);
    if (isDirectory) yield* filesIn(path);
    else if (name.endsWith(".ts")) yield path;
  }
}
