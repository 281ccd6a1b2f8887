import { assertEquals, assertMatch } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import type { LogLine } from "../helpers/served.ts";
import { Board } from "../helpers/board.ts";
import { Server } from "../helpers/server.ts";
import { type Files, fileText, Site } from "../helpers/site.ts";
import { ANYTHING, granted, refused } from "./escape/attempt.ts";

const HERE = fromFileUrl(new URL("../..", import.meta.url));
const REGISTRY = { permissions: { import: ["registry.npmjs.org"] } };

/** A controller that answers with what an expression gives. */
const answers = (imports: string, value: string) =>
  `${imports}\nexport const get = () => ({ body: String(${value}), contentType: "text/plain" });`;

/** What makes Deno itself read the project's `deno.json`, as `deno task` does. */
function ownDeno(): Files {
  const { links = [] } = JSON.parse(Deno.readTextFileSync(join(HERE, "deno.json")));
  return {
    unstable: ["worker-options"],
    links: links.map((link: string) => join(HERE, link)),
  };
}

/** As `deno run CLI` starts it, and as a task of the project does: Deno reads another `deno.json` then. */
const WAYS: [string, (site: Site) => string[]][] = [
  ["deno run", () => ["-A", "--no-lock"]],
  ["a task of the project", ({ root }) => ["-A", "--no-lock", "--config", join(root, "deno.json")]],
];

/** Imports of the runtime itself, which a project's file must have if Deno reads that in place of ours. */
function runtimeImports(): Record<string, string> {
  const { imports } = JSON.parse(Deno.readTextFileSync(join(HERE, "deno.json")));
  return Object.fromEntries(
    Object.entries(imports as Record<string, string>).map(([id, target]) => [
      id,
      target.startsWith("./") ? join(HERE, target) : target,
    ]),
  );
}

Deno.test("imports of the project's deno.json hold in its services, and widen no grant", async (t) => {
  for (const [name, permissions] of WAYS) {
    await t.step(name, async (t) => {
      using elsewhere = Site.make({ "secret.js": `export const secret = "told";` });
      using site = Site.make({
        "deno.json": {
          ...ownDeno(),
          imports: {
            ...runtimeImports(),
            "distance": "npm:leven@^4.1.0",
            // Not one that the runtime uses, nor one that lets its package.json be read.
            "ms": "npm:ms@^2",
            "limit": "npm:p-limit@^6.1.0",
            "#shared/": "./lib/",
            "#greeting": "./lib/greeting.ts",
            "#own/": "./services/es/inner/",
            "lib/xp/websocket": "./lib/greeting.ts",
            "#secret": join(elsewhere.root, "secret.js"),
            "#elsewhere/": `${elsewhere.root}/`,
            "#neighbour/": "./services/other/",
            "#project": "./deno.json",
            "#up/": "./lib/",
            "#link": join(HERE, "lib/inside/link.ts"),
            "#node": "node:process",
            "#data": "data:text/javascript,export * from 'npm:leven'",
          },
        },
        "lib/greeting.ts": `export const greeting: string = "good morning";`,
        "services/es/es.ts": answers(
          `import distance from "distance";
           import ms from "ms";
           import limit from "limit";
           import { greeting } from "#greeting";
           import { greeting as same } from "#shared/greeting.ts";
           import { inner } from "#own/inner.ts";`,
          `[distance("cat", "cow"), ms("2h"), typeof limit, greeting, greeting === same, inner]`,
        ),
        "services/es/inner/inner.ts": `export const inner = "inner";`,
        "services/es/service.json": REGISTRY,
        "services/cjs/cjs.js": `
          const { greeting } = require("#greeting");
          exports.get = async () => {
            const { default: distance } = await import("distance");
            return { body: greeting + distance("cat", "cow") };
          };`,
        "services/cjs/service.json": REGISTRY,
        "services/xp/xp.js": answers(
          `import { send } from "/lib/xp/websocket";`,
          "typeof send",
        ),
        "lib/shared.js": "",
        "services/closed/closed.js": ANYTHING,
        "services/open/open.js": ANYTHING,
        "services/open/service.json": REGISTRY,
        "services/other/other.js": `exports.get = () => ({ body: "other" });`,
      });
      await using server = await Server.start(site, { permissions: permissions(site) });
      await t.step("in ES modules: a package, a file, a folder", async () => {
        assertEquals(
          await server.text("/services/es"),
          "2,7200000,function,good morning,true,inner",
        );
      });
      await t.step("in CommonJS modules", async () => {
        assertEquals(await server.text("/services/cjs"), "good morning2");
      });
      await t.step("what the runtime provides cannot be replaced", async () => {
        assertEquals(await server.text("/services/xp"), "function");
      });
      await t.step("a mapping widens no grant", (t) => widensNothing(t, server));
    });
  }
});

async function widensNothing(t: Deno.TestContext, server: Server): Promise<void> {
  const OUTSIDE = /lies outside of services\/\w+\/ and lib\//;
  const NPM = /comes from registry\.npmjs\.org:443, which "permissions\.import"/;
  const attacks: [string, string, RegExp][] = [
    ["a file elsewhere", "#secret", OUTSIDE],
    ["a folder elsewhere", "#elsewhere/secret.js", OUTSIDE],
    ["another service", "#neighbour/other.js", OUTSIDE],
    ["a file of the project", "#project", OUTSIDE],
    ["up from a folder", "#up/../services/other/other.js", OUTSIDE],
    ["up from a folder, encoded", "#up/%2e%2e/services/other/other.js", OUTSIDE],
    ["the runtime", "#link", OUTSIDE],
  ];
  for (const service of ["closed", "open"]) {
    for (const [what, id, error] of attacks) {
      await t.step(
        `${service}: import of ${what}`,
        () => refused(server, service, `return await import("${id}")`, error),
      );
      await t.step(
        `${service}: require of ${what}`,
        () => refused(server, service, `return require("${id}")`, error),
      );
    }
  }
  await t.step("a package without its grant", async () => {
    await refused(server, "closed", `return await import("distance")`, NPM);
    await refused(server, "closed", `return require("distance")`, NPM);
    await refused(server, "closed", `return await import("#data")`, NPM);
  });
  await t.step(
    "a package with its grant",
    () => granted(server, "open", `return (await import("distance")).default("cat", "cow")`, 2),
  );
  await t.step(
    "what is taken from node:process stays taken",
    () => refused(server, "open", `(await import("#node")).exit()`, /Cannot use process\.exit/),
  );
  await t.step("what was denied is logged with the line that would allow it", async () => {
    const denied = ({ service, message }: LogLine) =>
      service === "closed" && message.includes("registry.npmjs.org");
    assertMatch((await server.logged(denied)).message, /permissions/);
  });
}

Deno.test("a package that cannot be installed stops only the services that import it", async (t) => {
  await using server = await Server.start({
    "deno.json": { imports: { "gone": "npm:@switchboard/there-is-no-such-package@1" } },
    "services/a/a.mjs": `import "gone"; export const get = () => ({});`,
    "services/a/service.json": REGISTRY,
    "services/b/b.mjs": `export const get = () => ({ body: "b" });`,
    "services/b/service.json": REGISTRY,
  }, { permissions: ["-A", "--no-lock"] });
  await t.step("it is said which", async () => {
    const { service, message } = await server.logged(({ level }) => level === "ERROR");
    assertEquals(service, "a");
    assertMatch(message, /there-is-no-such-package/);
  });
  await t.step("the other is served", async () => {
    assertEquals(await server.text("/services/b"), "b");
  });
});

Deno.test("a deno.json that cannot be read keeps services from starting, and says why", async (t) => {
  const cases: [string, unknown, string][] = [
    ["no JSON", "{ imports", "not valid JSON: InvalidSymbol at line 1, column 3"],
    ["imports are a list", { imports: ["a"] }, '"imports" must be an object, got ["a"]'],
    [
      "a target is no text",
      { imports: { a: 1 } },
      '"imports" must map "a" to a package, a URL or a path, got 1',
    ],
    [
      "a target is empty",
      { imports: { a: "" } },
      '"imports" must map "a" to a package, a URL or a path, got ""',
    ],
    [
      "a folder leads to a file",
      { imports: { "a/": "./b" } },
      '"imports" must map "a/" to what ends with "/", as it does, got "./b"',
    ],
  ];
  await using boards = new AsyncDisposableStack();
  const servers = await Promise.all(cases.map(([, file]) =>
    Board.start({
      "deno.json": fileText(file),
      "services/a/a.js": `exports.get = () => ({ body: "a" });`,
    })
  ));
  for (const server of servers) boards.use(server);
  for (const [index, [name, , problem]] of cases.entries()) {
    await t.step(name, async () => {
      const server = servers[index]!;
      const line = await server.logged(({ level }) => level === "ERROR");
      assertEquals([line.service, line.message], ["a", `Cannot read "deno.json": ${problem}`]);
      assertEquals(await server.status("/services/a"), 503);
    });
  }
  await t.step("the root may be called anything", async () => {
    using site = Site.make({
      "100% #?ü/deno.json": { imports: { "#a": "./lib/a.js", "#own/": "./services/a/" } },
      "100% #?ü/lib/a.js": `exports.a = "a";`,
      "100% #?ü/services/a/b c.mjs": `export const b = "b";`,
      "100% #?ü/services/a/a.mjs": `
        import { a } from "#a";
        import { b } from "#own/b%20c.mjs";
        export const get = () => ({ body: a + b });`,
    });
    await using server = await Board.start(new Site(join(site.root, "100% #?ü")));
    assertEquals(await server.text("/services/a"), "ab");
  });

  await t.step("the whole root may be mapped, too", async () => {
    await using server = await Board.start({
      "deno.json": { imports: { "/": "./" } },
      "lib/a.js": `exports.a = "a";`,
      "services/a/b.mjs": `export const b = "b";`,
      "services/a/a.js": `
        const all = require("/lib/a").a + require("/services/a/b.mjs").b;
        exports.get = () => ({ body: all });`,
    });
    assertEquals(await server.text("/services/a"), "ab");
  });

  await t.step("comments, a trailing comma and a byte order mark are none of that", async () => {
    await using server = await Board.start({
      "deno.jsonc": `\uFEFF{ /* ours */ "imports": { "#a": "./lib/a.js", }, }`,
      "lib/a.js": `exports.a = "a";`,
      "services/a/a.js": `exports.get = () => ({ body: require("#a").a });`,
    });
    assertEquals(await server.text("/services/a"), "a");
  });
});
