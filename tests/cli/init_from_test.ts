import { assertEquals, assertStringIncludes } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { wiringOf } from "../../lib/tools/starter/mod.ts";
import { VERSION } from "../../lib/base/version.ts";
import { deno, Serving } from "../helpers/project.ts";
import { Site } from "../helpers/site.ts";

const HERE = fromFileUrl(new URL("../..", import.meta.url));
const PACKAGE = "@switchboard/switchboard";

Deno.test("a project leads to the Switchboard that made it", async (t) => {
  const main = `jsr:${PACKAGE}@^${VERSION}`;
  const fromJsr = wiringOf(`https://jsr.io/${PACKAGE}/${VERSION}/`, false);

  await t.step("from JSR: to the same version there, and compatible ones", () => {
    assertEquals(fromJsr.imports[PACKAGE], main);
    assertEquals(fromJsr.imports["/lib/xp/websocket"], `${main}/xp/websocket`);
    assertEquals(fromJsr.imports["net/v4/websockets"], `${main}/net/websockets`);
    assertEquals([fromJsr.links, fromJsr.scopes, fromJsr.host], [[], {}, null]);
    assertEquals(fromJsr.command, `deno run -A --unstable-worker-options ${main}/cli`);
    assertEquals(fromJsr.ownCommand, `deno run -A --no-prompt ${PACKAGE}/cli`);
  });

  await t.step("a compiled binary: to itself, and for the types to JSR", () => {
    const { command, ownCommand, ...rest } = wiringOf("file:///tmp/deno-compile-x/", true);
    const { command: _, ownCommand: __, ...others } = fromJsr;
    assertEquals([command, ownCommand], ["switchboard", "switchboard"]);
    assertEquals(rest, others);
  });

  await t.step("from a folder: to that folder and its links, whatever it is called", () => {
    const { links, imports } = wiringOf("file:///a%20b/sw/", false);
    const { links: own = [] } = JSON.parse(Deno.readTextFileSync(join(HERE, "deno.json")));
    assertEquals(links, [
      "file:///a%20b/sw/",
      ...own.map((link: string) => `file:///a%20b/sw/${link.replace(/^\.\//, "")}/`),
    ]);
    assertEquals(imports, fromJsr.imports);
  });
});

Deno.test("init from a URL: the types and the commands come from there", async (t) => {
  await using origin = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const path = join(HERE, new URL(request.url).pathname);
    const isJson = path.endsWith(".json");
    try {
      return new Response(Deno.readTextFileSync(path), {
        headers: { "content-type": isJson ? "application/json" : "application/typescript" },
      });
    } catch {
      return new Response(null, { status: 404 });
    }
  });
  using site = Site.make({});
  const cwd = site.root;
  const root = `http://127.0.0.1:${origin.addr.port}/`;

  await t.step("init", async () => {
    const config = join(HERE, "deno.json");
    const { code, errors } = await deno(
      ["run", "-q", "-A", "--no-lock", "--no-prompt", "--config", config, `${root}cli.ts`, "init"],
      { cwd },
    );
    assertEquals(code, 0, errors);
    const file = JSON.parse(Deno.readTextFileSync(join(cwd, "deno.json")));
    assertEquals(file.imports[PACKAGE], `${root}mod.ts`);
    assertEquals(file.imports["lib/xp/websocket"], `${root}lib/systems/xp/inside/websocket.ts`);
    // Deno trusts JSR only as long as no host is named.
    assertStringIncludes(
      file.tasks.test.command,
      `deno check -q --allow-import=127.0.0.1:${origin.addr.port},jsr.io && `,
    );
    // Where JSR cannot be reached, the project needs the packages that stand in for those of JSR.
    const { links } = wiringOf(new URL("../..", import.meta.url).href, false);
    site.write({ "deno.json": { ...file, links: links.slice(1) } });
  });

  await t.step("the types are right", async () => {
    // Another registry may stand in for JSR.
    const { host } = new URL(Deno.env.get("JSR_URL") ?? "https://jsr.io/");
    const { code, errors } = await deno(
      ["check", `--allow-import=127.0.0.1:${origin.addr.port},${host}`],
      { cwd },
    );
    assertEquals(code, 0, errors);
  });

  await t.step("its tasks run what lies there", async () => {
    const { code, output, errors } = await deno(["task", "new", "a"], { cwd });
    assertEquals(code, 0, errors);
    assertStringIncludes(output, "services/a/a.ts");
  });
});

Deno.test("init from a folder with spaces in its name: the project runs", async () => {
  using place = Site.make({});
  const clone = join(place.root, "a clone of it");
  Deno.symlinkSync(HERE, clone);
  using site = Site.make({});
  const options = { cwd: site.root };
  const { code, errors } = await deno(
    ["run", "-A", "--no-prompt", join(clone, "cli.ts"), "init"],
    options,
  );
  assertEquals([code, errors], [0, ""]);
  assertStringIncludes(
    Deno.readTextFileSync(join(site.root, "deno.json")),
    "/a%20clone%20of%20it/",
  );
  await using server = await Serving.start(["task", "start"], options);
  const response = await fetch(`http://127.0.0.1:${server.port}/services/chat/assets/chat.css`);
  assertEquals(response.status, 200);
  await response.body?.cancel();
});
