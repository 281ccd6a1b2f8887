import { assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { Server } from "../helpers/server.ts";
import { Site } from "../helpers/site.ts";

/** Runs the code of a request's body, and answers with what it returns or throws. */
const ANYTHING = `
  const AsyncFunction = (async () => {}).constructor;
  exports.post = async (req) => {
    try {
      return { body: { value: await new AsyncFunction("require", req.body)(require) ?? "done" } };
    } catch (error) {
      return { body: { error: error.name + ": " + error.message } };
    }
  };
`;

async function attempt(server: Server, service: string, code: string) {
  return JSON.parse(await server.text(`/services/${service}`, { method: "POST", body: code }));
}

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
    "outside.txt": "outside",
  });
  Deno.symlinkSync(join(site.root, "outside.txt"), join(site.root, "services/linked/link.txt"));
  const probe = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = probe.addr as Deno.NetAddr;
  const answering = (async () => {
    for await (const connection of probe) connection.close();
  })();
  site.write({
    "services/open/service.json": {
      permissions: {
        net: [`127.0.0.1:${port}`],
        read: ["../..", "/etc/hostname"],
        write: ["."],
        env: ["HOME"],
        run: ["true"],
        sys: ["hostname"],
      },
    },
  });
  {
    await using server = await Server.start(site);
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
      ["another service", `return Deno.readTextFileSync("${root}/services/other/secret.txt")`],
      ["the settings", `return Deno.readTextFileSync("${root}/switchboard.json")`],
      ["up and out", `return Deno.readTextFileSync("${root}/services/closed/../../outside.txt")`],
      ["making a link", `Deno.symlinkSync("/etc/hostname", "${root}/services/closed/made.txt")`],
      ["node:fs", `return require("node:fs").readFileSync("/etc/hostname", "utf8")`],
      ["a connection", `(await Deno.connect({ hostname: "127.0.0.1", port: ${port} })).close()`],
      ["fetch", `await fetch("http://127.0.0.1:${server.port}/healthz")`],
      ["a websocket", `new WebSocket("ws://127.0.0.1:${port}")`],
      ["listening", `Deno.listen({ port: 0 }).close()`],
      ["the environment", `return Deno.env.get("HOME")`],
      ["the whole environment", `return Deno.env.toObject()`],
      ["node:process", `return String(process.env.HOME)`],
      ["writing its own folder", `Deno.writeTextFileSync("${root}/services/closed/new.txt", "x")`],
      ["a program", `new Deno.Command("true").outputSync()`],
      ["node:child_process", `require("node:child_process").execSync("true")`],
      ["the machine's name", `return Deno.hostname()`],
      ["a native library", `Deno.dlopen("libc.so.6", {})`],
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
          /NotCapable|EACCES|lies outside of|Requires .* access|does not list|Cannot use Worker/,
        );
      });
    }

    const twins: [string, string][] = [
      ["a file of the system", `return Deno.readTextFileSync("/etc/hostname")`],
      ["another service", `return Deno.readTextFileSync("${root}/services/other/secret.txt")`],
      ["node:fs", `return require("node:fs").readFileSync("/etc/hostname", "utf8")`],
      ["a connection", `(await Deno.connect({ hostname: "127.0.0.1", port: ${port} })).close()`],
      ["the environment", `return Deno.env.get("HOME")`],
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
      assertMatch((await attempt(server, "open", link)).error, /NotCapable/);
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
        new RegExp(`net 127\\.0\\.0\\.1:${port}, read .*, write .*, env HOME`),
      );
    });
  }
  probe.close();
  await answering;
});

Deno.test("a service that grants itself everything is marked in the table", async () => {
  await using server = await Server.start({
    "services/all/all.js": ANYTHING,
    "services/all/service.json": { trusted: true, permissions: { env: true } },
    "services/sly/sly.js": ANYTHING,
    "services/sly/service.json": { permissions: { env: true } },
  });
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
