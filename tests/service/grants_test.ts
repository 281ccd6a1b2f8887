import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { SwitchboardError } from "../../lib/base/errors.ts";
import {
  checkHostHas,
  defaultGrants,
  describeGrants,
  grantsOf,
} from "../../lib/host/service/grants.ts";
import { PERMISSION_KINDS } from "../../lib/host/service/manifest.ts";
import type { LogLine } from "../helpers/served.ts";
import { Board } from "../helpers/board.ts";
import { Server } from "../helpers/server.ts";
import { Site } from "../helpers/site.ts";

const DIR = "/root/services/chat";
const LIB = "/root/lib";
const NOTHING = { net: [], write: [], import: [], env: [], sys: [], run: [], ffi: [] };
const DEFAULT = { ...NOTHING, read: [DIR, LIB] };

Deno.test("A service without a manifest reads its own folder and ROOT/lib, and nothing else", () => {
  assertEquals(defaultGrants(DIR, LIB), DEFAULT);
  assertEquals(grantsOf({}, DIR, LIB, "service.json"), DEFAULT);
  assertEquals(grantsOf({ permissions: {} }, DIR, LIB, "service.json"), DEFAULT);
});

Deno.test("grantsOf() grants what is listed, with paths taken from the service's folder", async (t) => {
  const grants = (permissions: Record<string, string[] | boolean>) =>
    grantsOf({ permissions }, DIR, LIB, "service.json");
  await t.step("paths", () => {
    assertEquals(grants({ read: ["data", "../other", "/etc/hosts"] }).read, [
      DIR,
      LIB,
      `${DIR}/data`,
      "/root/services/other",
      "/etc/hosts",
    ]);
    assertEquals(grants({ write: [".", "./out/"] }).write, [DIR, `${DIR}/out`]);
    assertEquals(grants({ ffi: ["x.so"] }).ffi, [`${DIR}/x.so`]);
  });
  await t.step("its own folder once", () => {
    assertEquals(grants({ read: [".", "../chat", DIR] }).read, [DIR, LIB]);
  });
  await t.step("what is no path is left as it is", () => {
    const listed = { net: ["a.test:443"], env: ["TOKEN"], sys: ["hostname"], run: ["git"] };
    assertEquals(grants({ ...listed, import: ["jsr.io"] }), {
      ...DEFAULT,
      ...listed,
      import: ["jsr.io"],
    });
  });
  await t.step("false and an empty list grant nothing", () => {
    for (const kind of PERMISSION_KINDS) {
      assertEquals(grants({ [kind]: false }), DEFAULT);
      assertEquals(grants({ [kind]: [] }), DEFAULT);
    }
  });
});

Deno.test("grantsOf() grants all of a kind to a trusted service only", async (t) => {
  for (const kind of PERMISSION_KINDS) {
    await t.step(kind, () => {
      const manifest = { permissions: { [kind]: true } };
      for (const trusted of [undefined, false]) {
        const error = assertThrows(
          () => grantsOf({ ...manifest, trusted }, DIR, LIB, "services/chat/service.json"),
          SwitchboardError,
        );
        assertEquals(error.code, "SB_GRANT");
        assertStringIncludes(
          error.message,
          `Cannot grant "permissions.${kind}": true in "services/chat/service.json": `,
        );
      }
      assertEquals(grantsOf({ ...manifest, trusted: true }, DIR, LIB, "")[kind], true);
    });
  }
});

Deno.test("A trusted service gets no more than it asks for", () => {
  assertEquals(grantsOf({ trusted: true }, DIR, LIB, ""), DEFAULT);
});

Deno.test("describeGrants() names what goes beyond the default", async (t) => {
  const cases: [Partial<ReturnType<typeof defaultGrants>>, string][] = [
    [{}, "own folder"],
    [{ read: [DIR] }, "own folder"],
    [{ net: ["a.test:443", "b.test"] }, "net a.test:443 b.test"],
    [{ read: [DIR, LIB, "/etc"] }, "read /etc"],
    [{ write: [DIR] }, `write ${DIR}`],
    [{ net: true, env: ["TOKEN"] }, "net ALL (trusted), env TOKEN"],
    [{ read: true }, "read ALL (trusted)"],
  ];
  for (const [grants, said] of cases) {
    await t.step(said, () => {
      assertEquals(describeGrants({ ...defaultGrants(DIR, LIB), ...grants }, DIR, LIB), said);
    });
  }
});

Deno.test("checkHostHas() is content if this process has everything", () => {
  checkHostHas({ ...DEFAULT, net: ["a.test"], env: true, read: ["/"] }, "chat");
});

const CONTROLLER = 'exports.get = () => ({ body: "here" });';

Deno.test("A grant that the process itself lacks stops its service, and no other", async (t) => {
  const services: [string, Record<string, string[] | true>, string][] = [
    ["net", { net: ["api.example.com:443"] }, "--allow-net=api.example.com:443"],
    ["write", { write: ["data"] }, "--allow-write=ROOT/services/write/data"],
    ["import", { import: ["jsr.example.com"] }, "--allow-import=jsr.example.com"],
    ["sys", { sys: ["hostname"] }, "--allow-sys=hostname"],
    ["run", { run: ["git"] }, "--allow-run=git"],
    ["ffi", { ffi: ["x.so"] }, "--allow-ffi=ROOT/services/ffi/x.so"],
    ["second", { env: ["HOME"], net: ["127.0.0.1:1", "other.test:1"] }, "--allow-net=other.test:1"],
    ["all", { net: true }, "--allow-net"],
  ];
  using site = Site.make({
    "services/plain/plain.js": CONTROLLER,
    "services/env/env.js": CONTROLLER,
    "services/env/service.json": { permissions: { env: ["HOME"], net: ["127.0.0.1"] } },
  });
  for (const [name, permissions] of services) {
    site.write({
      [`services/${name}/${name}.js`]: CONTROLLER,
      [`services/${name}/service.json`]: { permissions, trusted: true },
    });
  }
  await using server = await Server.start(site, {
    permissions: ["--allow-read", "--allow-net=127.0.0.1", "--allow-env"],
  });
  const logged: LogLine[] = [];
  while (logged.length < services.length) {
    logged.push(await server.logged(({ level }) => level === "ERROR"));
  }
  for (const [name, , flag] of services) {
    await t.step(name, async () => {
      const lines = logged.filter(({ service }) => service === name);
      assertEquals(lines.map(({ level }) => level), ["ERROR"]);
      assertStringIncludes(lines[0]!.message, `to service "${name}": this process lacks it; `);
      assertEquals(lines[0]!.message.split("; ")[1], `add ${flag.replace("ROOT", site.root)}`);
      const response = await server.fetch(`/services/${name}`);
      assertEquals(response.status, 503);
      await response.body?.cancel();
    });
  }
  await t.step("services that ask for what it has", async () => {
    assertEquals(await server.text("/services/plain"), "here");
    assertEquals(await server.text("/services/env"), "here");
  });
});

Deno.test("A grant that cannot be understood stops its service, and names the key", async (t) => {
  const services: [string, Record<string, string[]>, string][] = [
    ["sys", { sys: ["nope"] }, "permissions.sys"],
    ["url", { net: ["http://example.com/"] }, "permissions.net"],
    ["port", { net: ["example.com:99999"] }, "permissions.net"],
    ["host", { net: ["a b"] }, "permissions.net"],
  ];
  using site = Site.make({ "services/plain/plain.js": CONTROLLER });
  for (const [name, permissions] of services) {
    site.write({
      [`services/${name}/${name}.js`]: CONTROLLER,
      [`services/${name}/service.json`]: { permissions },
    });
  }
  await using server = await Board.start(site);
  const logged: LogLine[] = [];
  while (logged.length < services.length) {
    logged.push(await server.logged(({ level }) => level === "ERROR"));
  }
  for (const [name, , key] of services) {
    await t.step(name, () => {
      const lines = logged.filter(({ service }) => service === name);
      assertEquals(lines.map(({ level }) => level), ["ERROR"]);
      assertStringIncludes(lines[0]!.message, key);
    });
  }
  await t.step("the others", async () => {
    assertEquals(await server.text("/services/plain"), "here");
  });
});

Deno.test("An isolate holds its grants and no more", async (t) => {
  using site = Site.make({
    "lib/shared.txt": "shared",
    "secret.txt": "secret",
    "services/other/other.js": CONTROLLER,
    "services/a/data/x.txt": "x",
  });
  const paths = {
    own: join(site.root, "services/a/data/x.txt"),
    lib: join(site.root, "lib/shared.txt"),
    root: join(site.root, "secret.txt"),
    other: join(site.root, "services/other/other.js"),
  };
  site.write({
    "services/a/a.js":
      `const can = (run) => { try { run(); return true; } catch { return false; } };
      const paths = ${JSON.stringify(paths)};
      exports.get = () => ({ body: {
        ...Object.fromEntries(
          Object.entries(paths).map(([name, path]) => [name, can(() => Deno.readTextFileSync(path))]),
        ),
        write: can(() => Deno.writeTextFileSync(paths.own, "y")),
        env: can(() => Deno.env.get("HOME")),
        token: can(() => Deno.env.get("TOKEN")),
      } });`,
    "services/a/service.json": { permissions: { env: ["TOKEN"] } },
  });
  await using server = await Board.start(site);
  const can = await (await server.fetch("/services/a")).json();
  const expected = {
    own: true,
    lib: true,
    root: false,
    other: false,
    write: false,
    env: false,
    token: true,
  };
  for (const [what, allowed] of Object.entries(expected)) {
    await t.step(`${what}: ${allowed}`, () => assertEquals(can[what], allowed));
  }
});
