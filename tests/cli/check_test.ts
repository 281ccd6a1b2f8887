import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { dirname, fromFileUrl, join } from "@std/path";
import {
  check as checkRoot,
  type CheckOptions,
  type Findings,
  jsonReport,
  textReport,
} from "../../lib/tools/check/mod.ts";
import { unusedGrants } from "../../lib/tools/check/grants.ts";
import { Problems } from "../../lib/tools/check/problem.ts";
import { reachOf } from "../../lib/tools/check/reach.ts";
import { typeProblems } from "../../lib/tools/check/types.ts";
import { discover, type ServiceDefinition } from "../../lib/host/service/mod.ts";
import { WAITS } from "../../lib/base/waits.ts";
import { flow } from "../helpers/flow.ts";
import { runInProcess } from "../helpers/in_process.ts";
import { Certificate } from "../helpers/peer.ts";
import { Program } from "../helpers/program.ts";
import { type Files, Site } from "../helpers/site.ts";

const CLI = fromFileUrl(import.meta.resolve("../../cli.ts"));
const REPOSITORY = dirname(CLI);
const GOOD = `exports.get = (req) => req.webSocket ? { webSocket: {} } : { body: "here" };`;

interface Options {
  /** Default: the root. */
  cwd?: string;
  env?: Record<string, string>;
  /** Deno's own flags, in place of `-A`. */
  permissions?: string[];
}

interface Result {
  code: number;
  /** Lines of standard output. */
  output: string[];
  errors: string;
}

function command(args: string[], { permissions = ["-A"], ...options }: Options = {}) {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", ...permissions, "--no-prompt", CLI, "check", ...args],
    stdout: "piped",
    stderr: "piped",
    ...options,
    // Whoever has colors sees them, unless it is no terminal.
    env: { NO_COLOR: "", ...options.env },
  });
}

/** Runs the command in a root that has these files. */
async function check(
  files: Files | Site,
  args: string[] = [],
  options: Options = {},
): Promise<Result> {
  const site = files instanceof Site ? files : Site.make(files);
  try {
    const { code, stdout, stderr } = await command([".", ...args], { cwd: site.root, ...options })
      .output();
    const text = (bytes: Uint8Array) =>
      new TextDecoder().decode(bytes).replaceAll(site.root, "ROOT");
    return { code, output: text(stdout).trimEnd().split("\n"), errors: text(stderr) };
  } finally {
    if (!(files instanceof Site)) site[Symbol.dispose]();
  }
}

/** Runs the command in the process of the test. */
async function checkHere(root: string, args: string[] = []): Promise<Result> {
  const { code, output, errors } = await runInProcess(["check", root, ...args]);
  return { code, output: output.replaceAll(root, "ROOT").trimEnd().split("\n"), errors };
}

/** Calls the function behind the command; the rest of the command only prints what it returns. */
async function findingsOf(
  files: Files | Site,
  { types = true, waits = {} }: Partial<CheckOptions> = {},
): Promise<Findings> {
  const site = files instanceof Site ? files : Site.make(files);
  try {
    const { signal } = new AbortController();
    const { services, problems } = await checkRoot(site.root, {
      types,
      waits,
      signal,
      progress() {},
    });
    return {
      services,
      problems: problems.map((problem) => ({
        ...problem,
        message: problem.message.replaceAll(site.root, "ROOT"),
      })),
    };
  } finally {
    if (!(files instanceof Site)) site[Symbol.dispose]();
  }
}

/** Like {@linkcode findingsOf}, of types alone: services are not started, so that only what they name is checked. */
async function typeErrors(files: Files | Site): Promise<string[]> {
  using own = files instanceof Site ? null : Site.make(files);
  const { root } = own ?? files as Site;
  const services = discover(root);
  const typed = services.map((service) => ({
    ...service,
    modules: reachOf(root, service, []).modules,
    hosts: service.grants.import,
  }));
  const problems = await typeProblems(root, typed, new AbortController().signal);
  const lines = linesOf({ services: services.length, problems });
  return lines.slice(0, -1).map((line) => line.replaceAll(root, "ROOT"));
}

const asIs = (text: string) => text;

/** The lines that the command prints in the root, without colors. */
function linesOf(findings: Findings): string[] {
  const paint = { red: asIs, yellow: asIs, bold: asIs, dim: asIs };
  return textReport(findings, { paint, shown: asIs }).split("\n");
}

/** Compiler options with which `deno check` takes a quarter of the time: it reads no types of Deno's own. */
const FEW_TYPES = { compilerOptions: { lib: ["es5"] } };

Deno.test("check finds nothing in services that are as they should be", async (t) => {
  using site = Site.make({
    "services/xp/xp.ts": `import { send } from "/lib/xp/websocket";
import type { Request, WebSocketEvent } from "lib/xp/websocket";
import { words } from "./words";
import { shout } from "/lib/shout";
export const get = (req: Request) => req.webSocket ? { webSocket: {} } : { body: app.name };
export function webSocketEvent(event: WebSocketEvent): void {
  log.info("%s", event.type);
  send(event.session.id, shout(words));
}
setInterval(() => {}, 10);
`,
    "services/xp/words.ts": `export const words: string = "words";`,
    "services/common/common.js": `const { send } = require("/lib/xp/websocket");\n${GOOD}`,
    "services/flow/flow.flow.json": flow("/flow", { n: "./n.ts" }, [["socket.req", "n.in"]]),
    "services/flow/n.ts": `import type { Context, TriggerEvent } from "/lib/lolo/types";
export const handler = (event: TriggerEvent, context: Context) => context.route(event);`,
    "services/dirigible/a.websocket": { handler: "dirigible/a", endpoint: "a" },
    "services/dirigible/a.js": `exports.onMessage = (message) => message;`,
    "lib/shout.ts": `export const shout = (text: string): string => text.toUpperCase();`,
    "services/names/names.ts":
      "exports.get = () => ({ x: __filename, y: resolve('./x'), z: require });",
  });
  await t.step("exit 0, and a line that says so", async () => {
    assertEquals(await checkHere(site.root), {
      code: 0,
      output: ["Checked 5 services: all is well"],
      errors: "",
    });
  });
  await t.step("--json: an object, and nothing else", async () => {
    using site = Site.make({ "services/a/a.js": GOOD });
    const { code, output, errors } = await checkHere(site.root, ["--json"]);
    assertEquals([code, errors], [0, ""]);
    assertEquals(JSON.parse(output.join("\n")), { version: 1, ok: true, problems: [] });
  });
});

Deno.test("check reports what is wrong with each service, a line an error", async (t) => {
  using site = Site.make({
    "services/artefact/a.websocket": { handler: "artefact/none", endpoint: "a" },
    "services/empty/readme.md": "",
    "services/flow/flow.flow.json": `{ "nodes": {
  "socket": { "use": "lolo/Websocket Trigger", "params": { "path": "/x" } },
  "n": { "file": "./none.js" } },
  "edges": [["socket.req", "n.in"],
    ["socket.nope", "n.in"]] }`,
    "services/good/good.js": GOOD,
    "services/grant/grant.js": `${GOOD} // a.test`,
    "services/grant/service.json": `{\n  "permissions": { "net": ["b.test", "a b"] }\n}`,
    "services/json/json.js": GOOD,
    "services/json/service.json": `{\n  "memoryMb": 64,\n}`,
    "services/late/late.js": `${GOOD}\nPromise.reject(new Error("later"));\n` +
      `fetch("http://a.test/").catch(() => {});`,
    // Names are shown as they are, without control characters.
    "services/100%/100%.ts": "export const get: string = 1;",
    "services/con/con.js": `throw new Error("\\u001b[2J\\u0007\\n\\u009b31m\\u2028red");`,
    "services/mit leer/mit leer.ts": "export const get: string = 1;",
    "services/ünï 日本/ünï 日本.ts": "export const get: string = 1;",
    "services/manifest/manifest.js": GOOD,
    "services/manifest/service.json": `{ "memory": 1,\n  "maxSessions": "x" }`,
    "services/module/module.mjs": `export const get = () => ({});\nimport "./none.js";`,
    "services/syntax/syntax.js": "\n exports.get = (;",
    "services/throws/throws.js": "function f() {\n  throw new Error('not\\ntoday');\n}\nf();",
    "services/twice/service.json": `{ "allow": [],\n "allow": [] }`,
    "services/twice/twice.js": GOOD,
    "services/types/types.ts":
      `import { send } from "/lib/xp/websocket";\nsend(1, "");\nexport const x: string = 1;`,
    "services/stray.flow.json": {},
    "switchboard.json": `{\n  "prot": 1\n}`,
  });
  const expected = [
    "services/100%/100%.ts:1:14: error: Type 'number' is not assignable to type 'string'. (TS2322) [SB_TYPE]",
    "services/artefact/a.websocket:1:1: error: there is no handler services/artefact/none{.js,.ts,.mjs,.cjs} [SB_ARTEFACT]",
    'services/con/con.js:1:7: error: Cannot load service "con": Error: [2J 31m red [SB_LOAD]',
    'services/empty:1:1: error: Cannot start service "empty": no controller empty{.ts,.js,.mjs,.cjs} in services/empty/ [SB_SERVICE]',
    'services/flow/flow.flow.json:3:8: error: node "n": there is no file services/flow/none.js [SB_FLOW]',
    'services/flow/flow.flow.json:5:5: error: edge ["socket.nope", "n.in"]: node "socket" has no out-port "nope", expected one of req, message, close [SB_FLOW]',
    'services/grant/service.json:2:38: error: Cannot grant "permissions.net" of "a b" in "services/grant/service.json": expected a host or an address, with or without a port [SB_GRANT]',
    "services/json/service.json:3:1: error: not valid JSON: Expected double-quoted property name at line 3, column 1 [SB_MANIFEST]",
    'services/late/late.js:1:1: warning: Denied net "a.test:80"; to allow it, service.json needs "permissions": { "net": ["a.test:80"] } [SB_GRANT]',
    "services/late/late.js:2:16: error: Unhandled rejection: Error: later [SB_LOAD]",
    'services/manifest/service.json:1:3: error: "memory" is not a key, did you mean "memoryMb"? [SB_MANIFEST]',
    'services/manifest/service.json:2:18: error: "maxSessions" must be an integer, got "x" [SB_MANIFEST]',
    "services/mit leer/mit leer.ts:1:14: error: Type 'number' is not assignable to type 'string'. (TS2322) [SB_TYPE]",
    'services/module/module.mjs:2:8: error: Cannot load service "module": Error: Cannot find module "./none.js", imported by services/module/module.mjs: no services/module/none.js{,.ts,.js,.mjs,.cjs,.json} [SB_LOAD]',
    "services/stray.flow.json:1:1: error: move it into a service folder, services/NAME/ [SB_FLOW]",
    `services/syntax/syntax.js:2:17: error: Cannot load service "syntax": SyntaxError: Unexpected token ';' [SB_LOAD]`,
    'services/throws/throws.js:2:9: error: Cannot load service "throws": Error: not today [SB_LOAD]',
    'services/twice/service.json:2:2: error: "allow" occurs twice [SB_MANIFEST]',
    "services/types/types.ts:2:6: error: Argument of type 'number' is not assignable to parameter of type 'string'. (TS2345) [SB_TYPE]",
    "services/types/types.ts:3:14: error: Type 'number' is not assignable to type 'string'. (TS2322) [SB_TYPE]",
    "services/ünï 日本/ünï 日本.ts:1:14: error: Type 'number' is not assignable to type 'string'. (TS2322) [SB_TYPE]",
    'switchboard.json:2:3: error: "prot" is not a key, did you mean "port"? [SB_SETTINGS]',
    "Checked 17 services: 21 errors, 1 warning",
  ];
  const artefact = expected.find((line) => line.startsWith("services/artefact/"))!;
  const findings = await findingsOf(site);
  await t.step("as text", () => assertEquals(linesOf(findings), expected));
  await t.step("as text, with paths from where the user is", async () => {
    using site = Site.make({
      "services/artefact/a.websocket": { handler: "artefact/none", endpoint: "a" },
    });
    const { code, stdout, stderr } = await command([site.root], { cwd: REPOSITORY }).output();
    const lines = [`${site.root}/${artefact}`, "Checked 1 service: 1 error", ""];
    assertEquals([code, new TextDecoder().decode(stdout)], [1, lines.join("\n")]);
    assertEquals(new TextDecoder().decode(stderr), "");
  });
  await t.step("as JSON", () => {
    const { version, ok, problems, ...others } = JSON.parse(jsonReport(findings.problems, false));
    assertEquals([version, ok, others], [1, false, {}]);
    assertEquals(problems.length, 22);
    assertEquals(problems[6], {
      file: "services/grant/service.json",
      line: 2,
      column: 38,
      service: "grant",
      severity: "error",
      code: "SB_GRANT",
      message: 'Cannot grant "permissions.net" of "a b" in "services/grant/service.json": ' +
        "expected a host or an address, with or without a port",
    });
  });
  await t.step("as JSON, with paths from the root", async () => {
    using site = Site.make({
      "services/grant/grant.js": GOOD,
      "services/grant/service.json": `{\n  "permissions": { "net": ["b.test", "a b"] }\n}`,
    });
    const { code, stdout, stderr } = await command(["--json", site.root], { cwd: "/" }).output();
    assertEquals([code, new TextDecoder().decode(stderr)], [1, ""]);
    const { ok, problems } = JSON.parse(new TextDecoder().decode(stdout));
    assertEquals([ok, problems.length, problems[0]], [false, 1, findings.problems[6]]);
  });
});

Deno.test("check knows what the ids of a project's own deno.json lead to", async (t) => {
  const files = {
    "services/a/a.ts": `import type { Context } from "lib/lolo/types";
import { twice } from "tools/twice.ts";
export const get = ({ emit }: Context) => emit(twice("x"));`,
    "tools/twice.ts": "export const twice = (text: string): number => text.length * 2;",
  };
  const wrong =
    "services/a/a.ts:3:48: error: Argument of type 'number' is not assignable to parameter of type 'string'. (TS2345) [SB_TYPE]";
  const library = (url: string) =>
    Object.fromEntries(
      Object.entries(
        JSON.parse(Deno.readTextFileSync(join(REPOSITORY, "deno.json"))).imports as Record<
          string,
          string
        >,
      ).filter(([, target]) => target.startsWith("./lib/"))
        .map(([id, target]) => [id, new URL(target, url).href]),
    );
  const cases: [string, Files][] = [
    ["one without Switchboard's ids", {
      "deno.json": { ...FEW_TYPES, imports: { "tools/": "./tools/" } },
    }],
    ["with comments", {
      "deno.jsonc": `{ // here
        "compilerOptions": ${JSON.stringify(FEW_TYPES.compilerOptions)},
        "imports": { "tools/": "./tools/", } }`,
    }],
    ["with an import map beside it", {
      "deno.json": { ...FEW_TYPES, importMap: "maps/map.json" },
      "maps/map.json": { imports: { "tools/": "../tools/" } },
    }],
    ["one with all ids", {
      "deno.json": {
        ...FEW_TYPES,
        imports: { "tools/": "./tools/", ...library(import.meta.resolve("../../deno.json")) },
      },
    }],
  ];
  for (const [name, config] of cases) {
    await t.step(name, async () => {
      assertEquals(await typeErrors({ ...files, ...config }), [wrong]);
    });
  }
  await t.step("the project's ids count over Switchboard's", async () => {
    const found = await typeErrors({
      "deno.json": { ...FEW_TYPES, imports: { "lib/xp/websocket": "./mine.ts" } },
      "mine.ts": "export const mine = 1;",
      "services/a/a.ts": 'import { send } from "lib/xp/websocket"; export const get = () => send;',
    });
    assertEquals(found, [
      `services/a/a.ts:1:10: error: Module '"file://ROOT/mine.ts"' has no exported member 'send'. (TS2305) [SB_TYPE]`,
    ]);
  });
  await t.step("one that is broken", async () => {
    const findings = await findingsOf({
      "deno.json": "{",
      "services/a/a.ts": "export const get = () => ({});",
      "services/b/b.ts": "export const get = () => ({});",
    });
    assertEquals(linesOf(findings), [
      "deno.json:1:2: error: not valid JSON: CloseBraceExpected at line 1, column 2 [SB_IMPORTS]",
      "Checked 2 services: 1 error",
    ]);
  });
  await t.step("its lock file stays as it was", async () => {
    using site = Site.make({
      "deno.json": { ...FEW_TYPES, imports: { leven: "npm:leven@4" } },
      "deno.lock": { version: "5" },
    });
    const service = (type: string) => ({
      "services/a/a.ts":
        `import leven from "leven"; export const get = (): ${type} => leven("a", "b");`,
    });
    site.write(service("string"));
    assertEquals(await typeErrors(site), [
      "services/a/a.ts:1:61: error: Type 'number' is not assignable to type 'string'. (TS2322) [SB_TYPE]",
    ]);
    // Deno writes what it has found when there is no error.
    site.write(service("number"));
    assertEquals(await typeErrors(site), []);
    assertEquals(Deno.readTextFileSync(join(site.root, "deno.lock")), '{"version":"5"}');
  });
});

Deno.test("check reads the types of all services, although one cannot be parsed", async () => {
  const findings = await findingsOf({
    "deno.json": FEW_TYPES,
    "services/a/a.ts": "export const get = (;",
    "services/b/b.ts": "export const get: string = 1;",
    "services/c/c.js": "// @ts-check\n/** @type {string} */\nexport const get = 1;",
    "services/d/d.js": "/** @type {string} */\nexport const get = 1;",
    "services/e/e.ts": `import "./broken.ts"; export const get: string = 1;`,
    "services/e/broken.ts": "export const = 1;",
  });
  assertEquals(linesOf(findings).map((line) => line.replace(/: error:.* \[/, " [")), [
    "services/a/a.ts:1:21 [SB_LOAD]",
    "services/b/b.ts:1:14 [SB_TYPE]",
    "services/c/c.js:3:14 [SB_TYPE]",
    "services/e/broken.ts:1:14 [SB_LOAD]",
    "Checked 5 services: 4 errors",
  ]);
});

Deno.test("check says that types were not checked, where they were not", async (t) => {
  const files = { "services/a/a.ts": "export const get: string = 1;" };
  await t.step("Deno may not be run: a warning", async () => {
    const { code, output } = await check(files, [], {
      permissions: ["--allow-read", "--allow-env", "--allow-write", "--allow-sys"],
    });
    assertEquals(code, 0);
    assertMatch(output[0]!, /^warning: Types were not checked: .*run.* \[SB_TYPES_UNCHECKED\]$/);
    assertEquals(output.slice(1), ["Checked 1 service: 1 warning"]);
  });
  await t.step("--no-types: as was asked for", async () => {
    using site = Site.make(files);
    const { output } = await checkHere(site.root, ["--no-types"]);
    assertEquals(output, ["Checked 1 service: all is well"]);
  });
});

/** A root with a service for each case; `NAME` in a file stands for what the service is called. */
function siteOf(cases: [string, Files, string[]][]): Site {
  const files = cases.flatMap(([, files], at) =>
    Object.entries(files).map(([path, content]): [string, string] => {
      const text = typeof content === "string" ? content : JSON.stringify(content);
      const name = `s${at}`;
      return [`services/${name}/${path.replace("NAME", name)}`, text.replaceAll("NAME", name)];
    })
  );
  return Site.make(Object.fromEntries(files));
}

/** The service of a case, in which discovery finds nothing wrong. */
function serviceOf(root: string, at: number): ServiceDefinition {
  const service = discover(root).find(({ key }) => key === `s${at}`);
  assert(service);
  assertEquals([service.error, service.problems], [null, []]);
  return service;
}

Deno.test("check warns of grants that nothing uses, and says how sure it is", async (t) => {
  const cases: [string, Files, string[]][] = [
    ["nothing of the kind is used", {
      "NAME.js": GOOD,
      "service.json":
        `{ "permissions": {\n"net": ["a.test:443"],\n"read": ["data"],\n"write": ["out"],\n"env": ["TOKEN"],\n"sys": ["hostname"],\n"run": ["git"],\n"import": ["esm.sh:443"] } }`,
    }, [
      '2:9: warning: Grant permissions.net: "a.test:443" is unused: nothing in the text of its module uses the network; remove it',
      '3:10: warning: Grant permissions.read: "data" is unused: nothing in the text of its module reads files; remove it',
      '4:11: warning: Grant permissions.write: "out" is unused: nothing in the text of its module writes files; remove it',
      '5:9: warning: Grant permissions.env: "TOKEN" is unused: nothing in the text of its module reads the environment; remove it',
      '6:9: warning: Grant permissions.sys: "hostname" is unused: nothing in the text of its module asks about the system; remove it',
      '7:9: warning: Grant permissions.run: "git" is unused: nothing in the text of its module runs programs; remove it',
      '8:12: warning: Grant permissions.import: "esm.sh:443" is unused: nothing in the text of its module loads modules from elsewhere; remove it',
    ]],
    ["the kind is used, the grant named nowhere", {
      "NAME.js": `${GOOD} require("./b"); exports.x = () => Deno.env.get("OTHER");`,
      "b.js": "exports.f = (url) => fetch(url);",
      "service.json": { permissions: { net: ["a.test:443"], env: ["OTHER", "TOKEN"] } },
    }, [
      '1:24: warning: Grant permissions.net: "a.test:443" seems unused: something in its 2 modules uses the network, but nothing names "a.test:443"; remove it, or name it in a comment if it is put together at run time',
      '1:53: warning: Grant permissions.env: "TOKEN" seems unused: something in its 2 modules reads the environment, but nothing names "TOKEN"; remove it, or name it in a comment if it is put together at run time',
    ]],
    ["all of a kind is granted", {
      "NAME.js": GOOD,
      "service.json": { trusted: true, permissions: { net: true } },
    }, [
      "1:38: warning: Grant permissions.net is unused: nothing in the text of its module uses the network; remove it",
    ]],
    ["groups", {
      "NAME.js": `const ws = require("/lib/xp/websocket"); ${GOOD}
        exports.f = (id, room) => ws.addToGroup("room:" + room, id);`,
      "service.json": { groups: { join: ["room:*", "chat"], send: ["*"] } },
    }, [
      '1:29: warning: Grant groups.join: "chat" seems unused: nothing in its module names "chat"; remove it, or name it in a comment if it is put together at run time',
    ]],
    ["a test uses it, which is not served", {
      "NAME.js": GOOD,
      "NAME_test.js": `fetch("http://a.test");`,
      "service.json": { permissions: { net: ["a.test"] } },
    }, [
      '1:24: warning: Grant permissions.net: "a.test" is unused: nothing in the text of its module uses the network; remove it',
    ]],
    ["named in the code, in a comment, in data, escaped, with another port", {
      "NAME.js": `${GOOD} // CUSTOM_TOKEN
        exports.x = () => [fetch("https://a.test:443/x"), Deno.env.toObject(), /b\\.test/];`,
      "hosts.json": `["c.test"]`,
      "service.json": {
        permissions: { net: ["a.test", "b.test:80", "c.test"], env: ["CUSTOM_TOKEN"] },
      },
    }, []],
    ["a package from elsewhere might use it", {
      "NAME.mjs": `import "npm:leven@^4.1.0"; export const get = () => ({});`,
      "service.json": {
        permissions: { import: ["registry.npmjs.org:443"], net: ["a.test"], env: ["X"] },
      },
    }, []],
    ["code that is put together might use it", {
      "NAME.js": `${GOOD} exports.x = (name) => Deno[name]();`,
      "service.json": { permissions: { net: ["a.test"], env: ["X"] } },
    }, []],
    ["its own folder", {
      "NAME.js": `${GOOD} exports.x = (path) => Deno.readTextFileSync(path);`,
      "service.json": { permissions: { read: ["."] } },
    }, []],
  ];
  using site = siteOf(cases);
  const { root } = site;
  for (const [at, [name, , expected]] of cases.entries()) {
    await t.step(name, () => {
      const service = serviceOf(root, at);
      const problems = new Problems();
      problems.add(...unusedGrants(root, service, reachOf(root, service, []).modules, {}));
      assertEquals(
        linesOf({ services: 1, problems: problems.sorted }).slice(0, -1),
        expected.map((line) => `services/s${at}/service.json:${line} [SB_UNUSED_GRANT]`),
      );
    });
  }
  await t.step("a service that does not start", async () => {
    const { problems } = await findingsOf({
      "services/a/a.js": "throw 1;",
      "services/a/service.json": { permissions: { net: ["a.test"] } },
    });
    assertEquals(problems.map(({ code }) => code), ["SB_LOAD"]);
  });
});

Deno.test("check warns of files that nothing leads to", async (t) => {
  const cases: [string, Files, string[]][] = [
    ["neither loaded, nor named, nor a test", {
      "NAME.js": `${GOOD} // the "old" one`,
      "old.js": "require('./older.js');",
      "older.js": "",
      "deep/er/lost.ts": "",
    }, ["deep/er/lost.ts", "old.js", "older.js"]],
    ["imported for its types, required later, loaded by another", {
      "NAME.ts": `import type { X } from "./types"; import { b } from "./b.ts";
        export const get = (x: X) => import("./later.ts").then(() => b(x));`,
      "types.ts": "export type X = string;",
      "later.ts": `import "../NAME/deep/index.ts";`,
      "b.ts":
        `import { createRequire } from "node:module"; export const b = (x: string) => x + "./c";`,
      "c.js": "",
      "deep/index.ts": "export {};",
    }, []],
    ["a folder of which any may be loaded", {
      "NAME.js": `${GOOD} exports.f = (name) => require("./plugins/" + name);`,
      "b.js": "",
      "plugins/one.js": "",
      "plugins/two/three.js": "",
    }, ["b.js"]],
    ["the same, in a template", {
      "NAME.mjs": "export const get = (name) => import(`./plugins/p-${name}.js`);",
      "plugins/p-one.js": "",
    }, []],
    ["what is loaded cannot be told", {
      "NAME.js": `${GOOD} exports.f = (name) => require(name);`,
      "b.js": "",
    }, []],
    ["tests, what they use, declarations, static files, data, and what is kept", {
      "NAME.js": GOOD,
      "NAME_test.js": `import "./fixture.js";`,
      "NAME.test.js": "",
      "fixture.js": "",
      "global.d.ts": "",
      "assets/page.js": "",
      "data.json": "{}",
      "notes.txt": "",
      "_old.js": "",
      "node_modules/x/x.js": "",
    }, []],
    ["modules that clients run, nodes of flows, handlers", {
      "service.json": { messageModules: ["message.js"] },
      "message.js": "",
      "NAME.flow.json": flow("/NAME", { n: "./node.js" }, [["socket.req", "n.in"]]),
      "node.js": "exports.handler = () => {};",
      "h.websocket": { handler: "NAME/handler", endpoint: "h" },
      "handler.js": "exports.onMessage = () => {};",
    }, []],
  ];
  using site = siteOf(cases);
  const { root } = site;
  for (const [at, [name, , expected]] of cases.entries()) {
    await t.step(name, () => {
      const { unreachable } = reachOf(root, serviceOf(root, at), []);
      assertEquals(
        unreachable.sort(),
        expected.map((path) => join(root, `services/s${at}`, path)),
      );
    });
  }
});

Deno.test("check --strict takes warnings for errors", async () => {
  using site = Site.make({ "services/a/a.js": GOOD, "services/a/old.js": "" });
  assertEquals((await checkHere(site.root, ["--no-types"])).code, 0);
  const { code, output } = await checkHere(site.root, ["--no-types", "--strict"]);
  assertEquals([code, output.at(-1)], [1, "Checked 1 service: 1 warning"]);
  const { output: json } = await checkHere(site.root, ["--no-types", "--strict", "--json"]);
  assertEquals(JSON.parse(json.join("\n")).ok, false);
});

Deno.test("check ends, whatever services do", async () => {
  const quick = { eventTimeoutMs: 500, memoryMb: 32 };
  const hostile: Record<string, [code: string, outcome: RegExp | null]> = {
    loop: ["while (true);", /has not answered for 500 ms \[SB_TIMEOUT\]/],
    heap: [
      "const a = []; while (true) a.push(new Array(1e4).fill(a));",
      /has exceeded its memory of 32 MiB/,
    ],
    bytes: [
      "const a = []; setInterval(() => a.push(new Uint8Array(1e7).fill(1))); while (a) a.push(new Uint8Array(1e7).fill(1));",
      /SB_TIMEOUT|SB_MEMORY/,
    ],
    timers: [`setInterval(() => {}, 1); setInterval(() => {}, 1e6); ${GOOD}`, null],
    spins: [`setTimeout(() => { while (true); }); ${GOOD}`, null],
    talks: [`setInterval(() => console.log("x".repeat(1e5))); ${GOOD}`, null],
    floods: [`for (;;) console.error("Uncaught x");`, /SB_TIMEOUT|SB_MEMORY/],
    exits: ["Deno.exit(0);", /Cannot use Deno\.exit\(\) in a service/],
    regex: [`/^(a+)+$/.test("a".repeat(40) + "b");`, /SB_TIMEOUT/],
    source: [`${GOOD} //${'"/'.repeat(200_000)}`, null],
  };
  const outputOf = async (names: string[]) => {
    const files = names.flatMap((name) => [
      [`services/${name}/${name}.js`, hostile[name]![0]],
      // What takes its time to fill the memory.
      [`services/${name}/service.json`, name === "heap" ? { memoryMb: 32 } : quick],
    ]);
    const { output } = await check(Object.fromEntries(files));
    assertMatch(
      output.at(-1)!,
      names.length === 1 ? /^Checked 1 service: / : /^Checked 9 services: /,
    );
    return output;
  };
  // The others would take the processor time that this one needs to get there before it has to be loaded.
  const heap = await outputOf(["heap"]);
  const others = await outputOf(Object.keys(hostile).filter((name) => name !== "heap"));
  for (const [name, [, outcome]] of Object.entries(hostile)) {
    const said = [...heap, ...others]
      .filter((line) => line.startsWith(`services/${name}/`)).join("\n");
    if (outcome === null) assertEquals(said, "");
    else assertMatch(said, outcome);
  }
});

Deno.test("check does not wait for a service that never finishes loading", async () => {
  const [line] = linesOf(
    await findingsOf({ "services/a/a.mjs": "await new Promise(() => {}); export {};" }, {
      waits: { startMs: 1000 },
    }),
  );
  assertMatch(line!, /did not load within 1000 ms \[SB_TIMEOUT\]/);
  // As docs/check.md says.
  assertEquals(WAITS.startMs, 10_000);
});

Deno.test({
  name: "check that is told to end while types are checked ends the type checker, and clears up",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    const asked = Promise.withResolvers<void>();
    const gone = Promise.withResolvers<void>();
    // Keeps the type checker waiting until it ends.
    await using types = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
      asked.resolve();
      request.signal.addEventListener("abort", () => gone.resolve());
      return gone.promise.then(() => new Response());
    });
    const host = `127.0.0.1:${types.addr.port}`;
    using site = Site.make({
      "services/a/a.ts": `import type { A } from "http://${host}/a.ts";
        export const get = (): A => ({});`,
      "services/a/service.json": { permissions: { import: [host] } },
      "tmp/x": "",
    });
    await using checking = Program.start(
      [Deno.execPath(), "run", "-A", "--no-prompt", CLI, "check", site.root],
      { env: { TMPDIR: join(site.root, "tmp") } },
    );
    await asked.promise;
    checking.process.kill("SIGTERM");
    const { code } = await checking.process.status;
    await gone.promise;
    assertEquals([code, checking.output.all], [143, []]);
    assertEquals([...Deno.readDirSync(join(site.root, "tmp"))].map(({ name }) => name), ["x"]);
  },
});

Deno.test("check serves nothing: a port that is taken is none of its business", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  using site = Site.make({
    "switchboard.json": { port },
    "services/a/a.js": `const note = (what) => Deno.writeTextFileSync(__dirname + "/" + what, "");
      note("loaded");
      exports.get = () => note("requested");
      exports.webSocketEvent = () => note("event");`,
    "services/a/service.json": { permissions: { write: ["."] } },
  });
  assertEquals(linesOf(await findingsOf(site)), ["Checked 1 service: all is well"]);
  // Without the right to open one, a certificate and its key are checked all the same.
  using certificate = await Certificate.make();
  site.write({
    "switchboard.json": { port, tls: { cert: certificate.cert, key: certificate.key } },
  });
  const withoutNet = { permissions: ["-A", "--deny-net"] };
  assertEquals((await check(site, ["--no-types"], withoutNet)).output, [
    "Checked 1 service: all is well",
  ]);
  const names = [...Deno.readDirSync(join(site.root, "services/a"))].map(({ name }) => name);
  assertEquals(names.sort(), ["a.js", "loaded", "service.json"]);
});

const NO_SERVICES =
  "warning: No services in ROOT/services. Put a controller at services/hello/hello.ts [SB_SERVICE]";

Deno.test("check looks at certificate, key and authentication", async (t) => {
  using one = await Certificate.make();
  using other = await Certificate.make();
  const settings = (value: object) => ({ "switchboard.json": value });
  const cases: [string, Files, string[]][] = [
    ["all is there", {
      ...settings({
        tls: { cert: one.cert, key: one.key },
        auth: { jwt: { algorithms: ["HS256"], secretFile: "secret" }, module: "auth.js" },
      }),
      "secret": "0123456789abcdef0123456789abcdef",
      "auth.js": "export const authenticate = () => null;",
    }, []],
    ["the key of another certificate", settings({ tls: { cert: one.cert, key: other.key } }), [
      "switchboard.json:1:8: error: Cannot use the certificate and the key: the key is not that of the certificate [SB_TLS]",
    ]],
    ["no certificate", settings({ tls: { cert: "none.pem", key: "none.pem" } }), [
      `switchboard.json:1:8: error: Cannot read a certificate from "none.pem": No such file or directory (os error 2): readfile 'ROOT/none.pem' [SB_TLS]`,
    ]],
    [
      "all that is wrong at once",
      settings({
        auth: {
          jwt: { algorithms: ["HS256"], secretEnv: "SWITCHBOARD_TEST_NOWHERE" },
          basic: { file: "users.json" },
          module: "auth.js",
        },
      }),
      [
        'switchboard.json:1:16: error: "auth.jwt" in switchboard.json needs the environment variable SWITCHBOARD_TEST_NOWHERE, which is not set [SB_AUTH]',
        'switchboard.json:1:88: error: There are no users: "users.json" is missing; make it with "switchboard user add NAME" [SB_AUTH]',
        'switchboard.json:1:119: error: There is no "auth.js", named by "auth.module" in switchboard.json [SB_AUTH]',
      ],
    ],
    ["users that are none", {
      ...settings({ auth: { basic: { file: "users.json" } } }),
      "users.json": `{ "users": {\n "ada": { "pasword": "x" } } }`,
    }, [
      'users.json:2:9: error: "users.ada.password" is missing [SB_AUTH]',
      'users.json:2:11: error: "users.ada.pasword" is not a key, did you mean "password"? [SB_AUTH]',
    ]],
    ["a module that throws", {
      ...settings({ auth: { module: "door/auth.js" } }),
      "door/auth.js": "\nthrow new Error('no');",
    }, [
      'door/auth.js:2:7: error: Cannot load service "auth module door/auth.js": Error: no [SB_LOAD]',
    ]],
  ];
  for (const [name, files, expected] of cases) {
    await t.step(name, async () => {
      const [none, ...found] = linesOf(await findingsOf(files));
      assertEquals(none, NO_SERVICES);
      assertEquals(found.slice(0, -1), expected);
    });
  }
});

Deno.test("check with a root that is none, or has nothing in it", async (t) => {
  await t.step("no folder: exit 1", async () => {
    using site = Site.make({ file: "" });
    for (
      const [root, why] of [["none", "there is no such folder"], ["file", "it is not a folder"]]
    ) {
      const { code, output } = await runInProcess(["check", join(site.root, root!)]);
      assertEquals([code, output], [
        1,
        `error: Cannot check "${site.root}/${root}": ${why} [SB_ROOT]\nChecked 0 services: 1 error\n`,
      ]);
    }
  });
  await t.step("no folder, --json: still an object", async () => {
    const { code, output } = await runInProcess(["check", "/none/\u0007 ü", "--json"]);
    const { ok, problems } = JSON.parse(output);
    assertEquals([code, ok, problems], [1, false, [{
      file: null,
      line: null,
      column: null,
      service: null,
      severity: "error",
      code: "SB_ROOT",
      message: 'Cannot check "/none/ ü": there is no such folder',
    }]]);
  });
  await t.step("an empty one: what to do", async () => {
    using site = Site.make({});
    assertEquals(await checkHere(site.root), {
      code: 0,
      output: [NO_SERVICES, "Checked 0 services: 1 warning"],
      errors: "",
    });
  });
  await t.step("folders that must not be read", async () => {
    using site = Site.make({ "services/a/a.js": GOOD });
    const withoutReading = async (folder: string) => {
      const { code, output, errors } = await check(site, ["--no-types"], {
        permissions: ["-A", `--deny-read=${join(site.root, folder)}`],
      });
      assertEquals([code, errors], [1, ""]);
      assertMatch(output[0]!, /error: .*read.* \[SB_/);
      assertMatch(output.at(-1)!, /^Checked \d services?: \d error/);
    };
    await Promise.all([withoutReading(""), withoutReading("services")]);
    await Promise.all([withoutReading("services/a"), withoutReading("lib")]);
  });
  await t.step("a wrong command line: exit 2", async () => {
    for (const args of [["--nope"], ["a", "b"], ["--json=1"]]) {
      const { code, output } = await runInProcess(["check", ...args]);
      assertEquals([code, output], [2, ""]);
    }
  });
});

Deno.test({
  name: "check at a terminal of 40 columns: colors, and a line that says what takes so long",
  ignore: Deno.build.os !== "linux" || !hasScript(),
  fn: async (t) => {
    using site = Site.make({
      "services/a/a.js": "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);",
      "services/a/service.json": { eventTimeoutMs: 1500 },
    });
    const atTerminal = async (env: Record<string, string>) => {
      const words = [
        Deno.execPath(),
        "run",
        "-A",
        "--no-prompt",
        CLI,
        "check",
        site.root,
        "--no-types",
      ]
        .map((word) => `'${word}'`).join(" ");
      const { stdout, code } = await new Deno.Command("script", {
        args: ["-qec", `stty cols 40; ${words}`, "/dev/null"],
        env,
        stdin: "null",
      }).output();
      return { code, text: new TextDecoder().decode(stdout) };
    };
    const [colored, plain] = await Promise.all(
      ["", "1"].map((NO_COLOR) => atTerminal({ NO_COLOR })),
    );
    await t.step("with colors", () => {
      const { code, text } = colored!;
      assertEquals(code, 1);
      assertStringIncludes(text, "\r\x1b[KStarting services, 0 of 1 done …");
      assertStringIncludes(text, "\x1b[31merror\x1b[39m: ");
      // The line is gone before anything else is printed.
      const rest = text.split("…\r\x1b[K").at(-1)!;
      assertStringIncludes(rest, "a.js:1:1");
      assert(rest.endsWith("Checked 1 service: 1 error\r\n"), rest);
    });
    await t.step("NO_COLOR", () => {
      assertStringIncludes(plain!.text, "a.js:1:1: error: Service");
    });
  },
});

Deno.test({
  name: "check ends quietly when the reader has gone",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    using site = Site.make(Object.fromEntries(
      Array.from({ length: 300 }, (_, at) => [`services/s${at}/readme.md`, ""]),
    ));
    const { stdout, stderr } = await new Deno.Command("sh", {
      args: [
        "-c",
        `"$0" run -A --no-prompt "$1" check "$2" | head -1`,
        Deno.execPath(),
        CLI,
        site.root,
      ],
    }).output();
    assertEquals(new TextDecoder().decode(stderr), "");
    assertMatch(new TextDecoder().decode(stdout), /^[^\n]*services\/s0:1:1: error: [^\n]+\n$/);
  },
});

Deno.test("check finds nothing in this repository", async () => {
  const { code, stdout, stderr } = await command([".", "--strict"], { cwd: REPOSITORY }).output();
  const text = new TextDecoder().decode(stdout);
  assertMatch(text, /^Checked \d+ services: all is well\n$/);
  assertEquals([code, new TextDecoder().decode(stderr)], [0, ""]);
});

Deno.test("check knows every id that controllers import", async () => {
  const { LIBRARY_IDS } = await import("../../lib/tools/check/library.ts");
  const { imports } = JSON.parse(Deno.readTextFileSync(join(REPOSITORY, "deno.json")));
  const ids = Object.keys(imports).filter((id) => imports[id].startsWith("./lib/"));
  assertEquals([...LIBRARY_IDS.keys()].sort(), ids.sort());
  for (const id of ids) {
    assertEquals(LIBRARY_IDS.get(id), new URL(imports[id], `file://${REPOSITORY}/`).href);
  }
  assert(ids.length > 0);
});

Deno.test("docs/check.md shows what check prints", async () => {
  using site = Site.make({
    "services/chat/chat.ts": `export const get = () => ({});
export const title = (id: number): string => {
  // As long as it has none.
  return id;
};
`,
    "services/chat/old.ts": "",
    "services/chat/service.json": `{ "permissions": { "env": ["CHAT_TOKEN"] } }`,
    "services/news/news.ts": "export const get = () => ({});",
    "services/news/service.json": `{ "memory": 64 }`,
    "deno.json": FEW_TYPES,
  });
  const page = Deno.readTextFileSync(join(REPOSITORY, "docs/check.md"));
  const [, text, json] = /^```\n([^]*?)^```[^]*^```json\n([^]*?)^```/m.exec(page)!;
  const output = text!.trimEnd().split("\n");
  assertEquals(await check(site), { code: 1, output, errors: "" });
  const { problems, ...rest } = JSON.parse((await check(site, ["--json"])).output.join("\n"));
  assertEquals({ ...rest, problems: problems.slice(0, 1) }, JSON.parse(json!));
  assert(page.split("\n").length <= 61);
});

function hasScript(): boolean {
  try {
    return new Deno.Command("script", { args: ["--version"], stdout: "null" }).outputSync().success;
  } catch {
    console.log("There is no script(1) here: the test of check at a terminal is skipped");
    return false;
  }
}
