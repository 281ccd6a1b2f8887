import { join } from "@std/path";
import { Server } from "../../helpers/server.ts";
import { Site } from "../../helpers/site.ts";
import { ANYTHING, attempt, granted, refused } from "./attempt.ts";
import { assertEquals, assertMatch } from "@std/assert";

const RUNTIME = (file: string) => import.meta.resolve(`../../../lib/${file}`);

/** What would make checks in the same isolate say yes, if they relied on it. */
const TAMPERING = [
  `RegExp.prototype.test = () => true; RegExp.prototype.exec = () => ["npm:"];`,
  `String.prototype.startsWith = () => true;`,
  `Map.prototype.get = () => ({ url: "npm:leven" });`,
  `globalThis.URL = class { href = "data:,"; protocol = "data:"; host = port = ""; };`,
  `Object.defineProperty(URL.prototype, "protocol", { get: () => "data:" });`,
  `Deno.permissions.querySync = () => ({ state: "granted" });`,
  `Object.defineProperty(
    Object.getPrototypeOf(Deno.permissions.querySync({ name: "net" })),
    "state",
    { get: () => "granted" },
  );`,
  `Object.prototype.leven = Object.prototype["npm:leven"] = "npm:leven";`,
  `Array.prototype[Symbol.iterator] = function* () {};`,
  `Reflect.apply = () => "granted"; Function.prototype.call = () => "granted";`,
];

Deno.test("a service loads its own code and what it is granted, by whatever way it asks", async (t) => {
  using site = Site.make({
    "services/other/other.js": "exports.get = () => ({ body: 'other' });",
    "services/closed/closed.js": ANYTHING,
    "services/closed/own.mjs": "export const own = 'own';",
    "services/open/open.js": ANYTHING,
    "services/trusted/trusted.js": ANYTHING,
    "services/trusted/service.json": { trusted: true },
    "lib/shared.mjs": "export const shared = 'shared';",
    ...Object.fromEntries(TAMPERING.map((_, index) => {
      return [`services/tampered${index}/tampered${index}.js`, ANYTHING];
    })),
  });
  const remote = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    () =>
      new Response("export const remote = 'remote';", {
        headers: { "content-type": "text/javascript" },
      }),
  );
  const source = `127.0.0.1:${remote.addr.port}`;
  site.write({
    "services/open/service.json": { permissions: { import: ["registry.npmjs.org", source] } },
  });
  const other = `file://${site.root}/services/other/other.js`;
  const vm = (code: string) => `
    const vm = require("node:vm");
    return await vm.runInThisContext(${JSON.stringify(code)}, {
      filename: ${JSON.stringify(RUNTIME("inside/loader.ts"))},
      importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    });`;
  const NPM = /comes from registry\.npmjs\.org:443, which "permissions\.import"/;
  const OUTSIDE = /lies outside of services\/\w+\/ and lib\//;
  const leven = (id: string) => `return (await import("${id}")).default("cat", "cow")`;
  // The engine notes in the lock file what it loads.
  const lock = join(site.root, "deno.lock");
  Deno.copyFileSync(new URL("../../../deno.lock", import.meta.url), lock);
  {
    await using server = await Server.start(site, { permissions: ["-A", `--lock=${lock}`] });

    const attacks: [string, string, RegExp][] = [
      ["npm:", leven("npm:leven"), NPM],
      ["npm: of a package that is not at hand", leven("npm:left-alone"), NPM],
      ["a package by its bare name", leven("leven"), NPM],
      ["a package by require", `return require("leven")`, NPM],
      ["a package through data:", leven("data:text/javascript,export * from 'npm:leven'"), NPM],
      ["a package in the runtime's name", vm(`import("npm:leven")`), NPM],
      [
        "a package required in the runtime's name",
        `return process.getBuiltinModule("module").createRequire("${
          RUNTIME("inside/loader.ts")
        }")("leven")`,
        NPM,
      ],
      ["jsr:", `return await import("jsr:@std/path")`, /comes from jsr\.io:443/],
      ["http:", `return await import("http://${source}/x.js")`, new RegExp(`comes from ${source}`)],
      ["file: of another service", `return await import("${other}")`, OUTSIDE],
      ["a path of another service", `return await import("../other/other.js")`, OUTSIDE],
      ["require of another service", `return require("../other/other.js")`, OUTSIDE],
      ["file: of the link", `return await import("${RUNTIME("inside/link.ts")}")`, OUTSIDE],
      ["file: of the loader", `return await import("${RUNTIME("inside/loader.ts")}")`, OUTSIDE],
      ["the link from within the runtime", vm(`import("./link.ts")`), OUTSIDE],
      ["ext:", `return await import("ext:core/ops")`, /ext: modules is only allowed|comes from/],
      [
        "a file as text",
        `return await import("file:///etc/passwd", { with: { type: "text" } })`,
        OUTSIDE,
      ],
    ];
    for (const [name, code, error] of attacks) {
      await t.step(`refused: ${name}`, () => refused(server, "closed", code, error));
    }

    await t.step("refused, also with the grant: the runtime through data:", () =>
      refused(
        server,
        "open",
        `return await import("data:text/javascript,export * from '${RUNTIME("inside/link.ts")}'")`,
        OUTSIDE,
      ));

    await t.step("granted: npm:", () => granted(server, "open", leven("npm:leven"), 2));
    await t.step(
      "granted: a package by require",
      () => granted(server, "open", `return require("leven").default("cat", "cow")`, 2),
    );
    await t.step("granted: http:", () =>
      granted(
        server,
        "open",
        `return (await import("http://${source}/x.js")).remote`,
        "remote",
      ));
    await t.step("granted: its own folder and lib/", async () => {
      const own = `return (await import("./own.mjs")).own`;
      await granted(server, "closed", own, "own");
      await granted(server, "closed", `return (await import("/lib/shared.mjs")).shared`, "shared");
      await granted(
        server,
        "closed",
        `return typeof (await import("/lib/websocket")).send`,
        "function",
      );
    });

    for (const index of TAMPERING.keys()) {
      await t.step(`refused: npm: after tampering no. ${index}`, async () => {
        const service = `tampered${index}`;
        assertEquals((await attempt(server, service, "return 1")).value, 1);
        await attempt(server, service, TAMPERING[index]!);
        assertEquals((await attempt(server, service, leven("npm:leven"))).value, undefined);
      });
    }

    await t.step("what was denied is logged once for each source", () => {
      const lines = server.log.all.filter((line) =>
        line.includes('"service":"closed"') && line.includes("Denied import")
      );
      assertEquals(lines.length, 3, lines.join("\n"));
      assertMatch(lines[0]!, /service\.json needs .*permissions.*import.*registry\.npmjs\.org:443/);
    });
    await t.step(
      "a service cannot put hooks before those of the loader",
      (t) => refusesHooks(t, server),
    );
    await t.step("node:vm gives no more than the service has", (t) => refusesVm(t, server));
    await t.step(
      "only a trusted service starts workers, and they get no more than it has",
      (t) => refusesWorkers(t, server),
    );
  }
  await remote.shutdown();
});

async function refusesHooks(t: Deno.TestContext, server: Server): Promise<void> {
  const ways = [
    `(await import("node:module"))`,
    `(await import("module")).default`,
    `(await import("data:text/javascript,export * from 'node:module'"))`,
    `require("node:module")`,
    `process.getBuiltinModule("node:module")`,
    `process.getBuiltinModule("module").createRequire("/x.js")("module")`,
    `process.getBuiltinModule("module").Module`,
  ];
  for (const way of ways) {
    for (const hook of ["registerHooks", "register"]) {
      await t.step(`refused: ${way}.${hook}`, async () => {
        const code =
          `const hook = ${way}.${hook}; hook?.({}); throw new Error("Cannot use " + hook)`;
        await refused(server, "closed", code, /Cannot use (register(Hooks)?\(\)|undefined)/);
      });
    }
  }
  await t.step("granted: the rest of node:module", () =>
    granted(
      server,
      "closed",
      `return (await import("node:module")).isBuiltin("node:fs")`,
      true,
    ));
}

async function refusesVm(t: Deno.TestContext, server: Server): Promise<void> {
  const read = JSON.stringify(`
    (typeof Deno === "object" ? Deno : host.constructor.constructor("return Deno")())
      .readTextFileSync("/etc/passwd")`);
  for (
    const code of [
      `return require("node:vm").runInThisContext(${read})`,
      `return require("node:vm").runInNewContext(${read}, { host: {} })`,
      `return new (require("node:vm").Script)(${read}).runInThisContext()`,
    ]
  ) {
    await t.step(
      `refused: ${code.slice(0, 60)}`,
      () => refused(server, "closed", code, /NotCapable/),
    );
  }
  await t.step(
    "granted: arithmetic",
    () =>
      granted(server, "closed", `return require("node:vm").runInNewContext("a * 7", { a: 6 })`, 42),
  );
}

async function refusesWorkers(t: Deno.TestContext, server: Server): Promise<void> {
  const CLOSED = /Cannot use Worker in a service/;
  const start = `{ eval: true }`;
  const attacks: [string, string][] = [
    ["a web worker", `new Worker("data:text/javascript,", { type: "module" })`],
    [
      "a web worker that asks for more",
      `new Worker("data:text/javascript,", { type: "module", deno: { permissions: { read: true } } })`,
    ],
    ["node:worker_threads", `new (require("node:worker_threads").Worker)("1", ${start})`],
    ["import", `new (await import("node:worker_threads")).Worker("1", ${start})`],
    [
      "import through data:",
      `new (await import("data:text/javascript,export * from 'node:worker_threads'")).Worker("1", ${start})`,
    ],
    ["builtin", `new (process.getBuiltinModule("worker_threads").Worker)("1", ${start})`],
    [
      "createRequire",
      `const { createRequire } = process.getBuiltinModule("module");
       new (createRequire("/x.js")("node:worker_threads").Worker)("1", ${start})`,
    ],
    [
      "Reflect.construct",
      `Reflect.construct(require("node:worker_threads").Worker, ["1", ${start}], Object)`,
    ],
    ["a subclass", `new (class extends Worker {})("data:text/javascript,", { type: "module" })`],
    [
      "a subclass of node's",
      `new (class extends require("node:worker_threads").Worker {})("1", ${start})`,
    ],
    ["its prototype's constructor", `new Worker.prototype.constructor("data:text/javascript,")`],
  ];
  for (const [name, code] of attacks) {
    await t.step(`refused: ${name}`, () => refused(server, "closed", code, CLOSED));
  }
  for (const kind of ["Worker", `require("node:worker_threads").Worker`]) {
    await t.step(`refused: the parent of ${kind} put back`, () =>
      refused(
        server,
        "closed",
        `const kind = ${kind};
         Object.setPrototypeOf(kind, EventTarget);
         new kind("data:text/javascript,", { type: "module" });`,
        /TypeError: .*not extensible/,
      ));
  }
  await t.step("refused, also when trusted: a worker that asks for more", () =>
    refused(
      server,
      "trusted",
      `new Worker("data:text/javascript,", { type: "module", deno: { permissions: { read: true } } })`,
      /NotCapable: Can't escalate/,
    ));
  const read = (worker: string, says: string) => `
    const worker = ${worker};
    const { promise, resolve } = Promise.withResolvers();
    worker.${says} = (event) => resolve(event.data);
    worker.on?.("message", resolve);
    try { return await promise; } finally { worker.terminate(); }`;
  const says = (post: string) => `
    let answer = "read";
    try { Deno.readTextFileSync("/etc/passwd"); } catch (error) { answer = error.name; }
    ${post}(answer);`;
  await t.step("granted to a trusted one: a web worker, with its own permissions", () =>
    granted(
      server,
      "trusted",
      read(
        `new Worker("data:text/javascript," + encodeURIComponent(${
          JSON.stringify(says("postMessage"))
        }), { type: "module" })`,
        "onmessage",
      ),
      "NotCapable",
    ));
  await t.step("granted to a trusted one: node's worker, with its own permissions", () =>
    granted(
      server,
      "trusted",
      read(
        `new (require("node:worker_threads").Worker)(${
          JSON.stringify(says(`require("node:worker_threads").parentPort.postMessage`))
        }, { eval: true })`,
        "onmessage",
      ),
      "NotCapable",
    ));
}
