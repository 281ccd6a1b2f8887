import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { SwitchboardError } from "../../lib/base/errors.ts";
import { discover, discoverAll } from "../../lib/host/service/discovery.ts";
import type { ServiceDefinition } from "../../lib/host/service/definition.ts";
import { type Files, Site } from "../helpers/site.ts";

const CONTROLLER = "exports.get = () => ({});";

/** What is found in a root with these files, by key. */
function found(files: Files): Record<string, ServiceDefinition> {
  using site = Site.make(files);
  return Object.fromEntries(discover(site.root).map((service) => [service.key, service]));
}

Deno.test("discover() finds services, APIs and the web app", () => {
  using site = Site.make({
    "services/chat/chat.ts": CONTROLLER,
    "services/echo/echo.js": CONTROLLER,
    "apis/chat/chat.mjs": CONTROLLER,
    "webapp/webapp.cjs": CONTROLLER,
    "lib/util.js": "",
  });
  const services = discover(site.root);
  assertEquals(services.map(({ key, kind, name, error }) => ({ key, kind, name, error })), [
    { key: "chat", kind: "service", name: "chat", error: null },
    { key: "echo", kind: "service", name: "echo", error: null },
    { key: "api:chat", kind: "api", name: "chat", error: null },
    { key: "webapp", kind: "webapp", name: "webapp", error: null },
  ]);
  assertEquals(services.map(({ dir, endpoints }) => [dir, ...endpoints]), [
    [
      join(site.root, "services/chat"),
      { id: "xp", system: "xp", file: join(site.root, "services/chat/chat.ts"), paths: [] },
    ],
    [
      join(site.root, "services/echo"),
      { id: "xp", system: "xp", file: join(site.root, "services/echo/echo.js"), paths: [] },
    ],
    [join(site.root, "apis/chat"), {
      id: "xp",
      system: "xp",
      file: join(site.root, "apis/chat/chat.mjs"),
      paths: [],
    }],
    [join(site.root, "webapp"), {
      id: "xp",
      system: "xp",
      file: join(site.root, "webapp/webapp.cjs"),
      paths: [],
    }],
  ]);
});

Deno.test("discover() lists controllers at the service's own URL first, then those at paths, then shared ones", () => {
  const flow = {
    nodes: { in: { use: "lolo/Websocket Trigger", params: { path: "/a" } } },
    edges: [],
  };
  const { a } = found({
    "services/a/a.js": CONTROLLER,
    "services/a/a.flow.json": flow,
    "services/a/message.js": "",
    "services/a/handler.js": "",
    "services/a/a.websocket": { handler: "a/handler", endpoint: "tell" },
    "services/a/service.json": { messageModules: ["message.js"] },
  });
  assertEquals(a!.error ?? a!.problems, []);
  assertEquals(a!.endpoints.map(({ id }) => id), ["xp", "websocket:tell", "flow:a", "messages"]);
  assertEquals(a!.systems, ["xp", "dirigible", "lolo", "dirigible-v2"]);
});

Deno.test("discoverAll() finds the services, and the files that belong to none of them", () => {
  using site = Site.make({
    "services/a/a.js": CONTROLLER,
    "services/stray.flow.json": {},
    "services/stray.websocket": { handler: "none/handler", endpoint: "tell" },
  });
  const { services, strays } = discoverAll(site.root);
  assertEquals(services.map(({ key, error }) => [key, error]), [["a", null]]);
  assertEquals(strays.map(({ code }) => code), ["SB_ARTEFACT", "SB_FLOW"]);
});

Deno.test("discover() gives every service a key of its own, whatever the folders are called", async (t) => {
  const cases: Files[] = [
    { "services/webapp/webapp.js": CONTROLLER, "webapp/webapp.js": CONTROLLER },
    { "services/api:chat/api:chat.js": CONTROLLER, "apis/chat/chat.js": CONTROLLER },
  ];
  for (const files of cases) {
    await t.step(Object.keys(files).join(" and "), () => {
      using site = Site.make(files);
      const keys = discover(site.root).map(({ key }) => key);
      assertEquals(keys.length, 2);
      assertEquals(new Set(keys).size, 2);
    });
  }
});

Deno.test("discover() passes over folders that are hidden or begin with _, and over files", () => {
  const services = found({
    "services/.git/.git.js": CONTROLLER,
    "services/_shared/_shared.js": CONTROLLER,
    "services/readme.js": CONTROLLER,
    "services/a/a.js": CONTROLLER,
    "services/a/nested/nested.js": CONTROLLER,
    "apis/_x/_x.js": CONTROLLER,
    "webapp": "a file, no folder",
  });
  assertEquals(Object.keys(services), ["a"]);
});

Deno.test("discover() finds nothing in a root without services", async (t) => {
  const roots: [string, Files][] = [
    ["empty", {}],
    ["empty folders", { "services/.keep": "", "apis/.keep": "" }],
    ["files in place of the folders", { "services": "x", "apis": "x", "webapp": "x" }],
  ];
  for (const [name, files] of roots) {
    await t.step(name, () => assertEquals(found(files), {}));
  }
});

Deno.test("discover() reports a service without a controller and names the files that would do", async (t) => {
  const cases: Files[] = [
    { "services/chat/other.js": CONTROLLER },
    { "services/chat/chat.json": "{}" },
    { "services/chat/Chat.js": CONTROLLER },
    { "services/chat/chat.ts/file": "" },
  ];
  for (const files of cases) {
    await t.step(Object.keys(files)[0]!, () => {
      const { error, endpoints } = found(files).chat!;
      assertEquals(error?.code, "SB_SERVICE");
      assertEquals(
        error?.message,
        'Cannot start service "chat": no controller chat{.ts,.js,.mjs,.cjs} in services/chat/',
      );
      assertEquals(endpoints, []);
    });
  }
});

Deno.test("discover() takes the first of several controllers: ts, js, mjs, cjs", () => {
  const extensions = [".ts", ".js", ".mjs", ".cjs"];
  for (const [index, extension] of extensions.entries()) {
    const files = extensions.slice(index).map((other) => [`services/a/a${other}`, CONTROLLER]);
    const [endpoint, ...others] = found(Object.fromEntries(files)).a!.endpoints;
    assert(endpoint!.file.endsWith(`a${extension}`), endpoint!.file);
    assertEquals(others, []);
  }
});

Deno.test("discover() returns a broken service with its error, and the others as if it was not there", async (t) => {
  const broken: [string, Files, string, string][] = [
    ["a manifest that is no JSON", { "services/b/service.json": "{" }, "SB_MANIFEST", "not valid"],
    ["an empty manifest", { "services/b/service.json": "" }, "SB_MANIFEST", "the file is empty"],
    [
      "a manifest with a key that is not known",
      { "services/b/service.json": { memory: 1 } },
      "SB_MANIFEST",
      'Cannot read manifest "services/b/service.json": "memory" is not a key',
    ],
    [
      "a manifest that is a folder",
      { "services/b/service.json/x": "" },
      "SB_MANIFEST",
      'Cannot read manifest "services/b/service.json"',
    ],
    [
      "a grant of everything",
      { "services/b/service.json": { permissions: { run: true } } },
      "SB_GRANT",
      '"permissions.run"',
    ],
    ["a broken descriptor", { "services/b/b.xml": "<service>" }, "SB_MANIFEST", "b.xml"],
    ["a descriptor that is a folder", { "services/b/b.yml/x": "" }, "SB_MANIFEST", "b.yml"],
  ];
  for (const [name, files, code, said] of broken) {
    await t.step(name, () => {
      const { a, b, c } = found({
        "services/a/a.js": CONTROLLER,
        "services/b/b.js": CONTROLLER,
        "services/c/c.js": CONTROLLER,
        ...files,
      });
      assertEquals([a!.error, c!.error], [null, null]);
      assertStringIncludes(b!.error!.message, said);
      assertEquals(b!.error!.code, code);
    });
  }
});

Deno.test("discover() reads the manifest, and names its files as seen from the root", () => {
  using site = Site.make({
    "apis/a/a.js": CONTROLLER,
    "apis/a/service.json": { allow: ["role:a"], messagesPerSec: 64, maxSessions: 5 },
  });
  const [service] = discover(site.root);
  assertEquals(service!.manifest, { allow: ["role:a"], messagesPerSec: 64, maxSessions: 5 });
  assertEquals(service!.allow, ["role:a"]);
  assertEquals(service!.warnings, []);
});

Deno.test("discover() lets the manifest's `allow` go over the descriptor's", () => {
  const { a, b, c } = found({
    "services/a/a.js": CONTROLLER,
    "services/a/service.json": { allow: ["role:manifest"] },
    "services/a/a.yml": "allow: [role:descriptor]",
    "services/b/b.js": CONTROLLER,
    "services/b/service.json": {},
    "services/b/b.yml": "allow: [role:descriptor]",
    "services/c/c.js": CONTROLLER,
  });
  assertEquals([a!.allow, b!.allow, c!.allow], [["role:manifest"], ["role:descriptor"], null]);
});

Deno.test("discover() finds a service's assets/, if it is a folder", () => {
  using site = Site.make({
    "services/a/a.js": CONTROLLER,
    "services/a/assets/index.html": "",
    "services/b/b.js": CONTROLLER,
    "services/b/assets": "a file",
    "services/c/c.js": CONTROLLER,
    "webapp/webapp.js": CONTROLLER,
    "webapp/assets/app.css": "",
  });
  assertEquals(discover(site.root).map(({ assets }) => assets), [
    join(site.root, "services/a/assets"),
    null,
    null,
    join(site.root, "webapp/assets"),
  ]);
});

Deno.test("discover() follows a link to a service's folder", () => {
  using site = Site.make({ "shared/a/a.js": CONTROLLER, "services/.keep": "" });
  Deno.symlinkSync(join(site.root, "shared/a"), join(site.root, "services/a"));
  Deno.symlinkSync(join(site.root, "nowhere"), join(site.root, "services/b"));
  assertEquals(discover(site.root).map(({ key, error }) => [key, error]), [["a", null]]);
});

Deno.test("discover() refuses a service with a link out of what it may read, and names the link", async (t) => {
  const cases: [string, string, boolean][] = [
    ["a file of its own", "services/a/a.js", true],
    ["its own folder", "services/a", true],
    ["shared code", "lib/x.js", true],
    ["what its manifest lists", "data/x.txt", true],
    ["nothing", "nowhere", true],
    ["itself", "services/a/deep/link", true],
    ["another service", "services/b/b.js", false],
    ["the root", ".", false],
    ["a folder whose name only begins like its own", "services/a-not/x.txt", false],
  ];
  for (const [name, target, fine] of cases) {
    await t.step(name, () => {
      using site = Site.make({
        "services/a/a.js": CONTROLLER,
        "services/a/deep/x": "",
        "services/a/service.json": { permissions: { read: ["../../data"] } },
        "services/a-not/x.txt": "",
        "services/b/b.js": CONTROLLER,
        "lib/x.js": "",
        "data/x.txt": "",
      });
      Deno.symlinkSync(join(site.root, target), join(site.root, "services/a/deep/link"));
      const service = discover(site.root).find(({ key }) => key === "a")!;
      assertEquals(service.error?.code ?? null, fine ? null : "SB_GRANT");
      if (!fine) assertStringIncludes(service.error!.message, '"services/a/deep/link"');
    });
  }
});

Deno.test("discover() refuses a root that is no folder", async (t) => {
  using site = Site.make({ "file": "" });
  const cases: [string, string][] = [
    ["none", "there is no such folder"],
    ["none/deeper", "there is no such folder"],
    ["file", "it is not a folder"],
  ];
  for (const [name, said] of cases) {
    await t.step(name, () => {
      const root = join(site.root, name);
      const error = assertThrows(() => discover(root), SwitchboardError);
      assertEquals(error.code, "SB_ROOT");
      assertEquals(error.message, `Cannot serve "${root}": ${said}`);
    });
  }
});
