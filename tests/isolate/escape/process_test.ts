import { assert, assertEquals } from "@std/assert";
import { Server } from "../../helpers/server.ts";
import { ANYTHING, attempt, granted, refused } from "./attempt.ts";

Deno.test("a service cannot end the process, move it, or get below its surface", async (t) => {
  await using server = await Server.start({
    "services/closed/closed.js": ANYTHING,
    "services/locks/locks.js": ANYTHING,
    "services/locks/service.json": { eventTimeoutMs: 1000 },
    "services/trusted/trusted.js": ANYTHING,
    "services/trusted/service.json": {
      trusted: true,
      permissions: { run: true, env: true, read: true },
    },
  });
  const cwd = () => Deno.readLinkSync(`/proc/${server.process.pid}/cwd`);
  const before = cwd();
  const { pid } = Deno.statSync("/proc/self") && Deno;
  const refusals: [string, RegExp][] = [
    ["Deno.exit(3)", /Cannot use Deno\.exit/],
    ["process.exit(3)", /Cannot use process\.exit/],
    ["process.reallyExit(3)", /Cannot use process\.reallyExit/],
    ["process.abort()", /Cannot use process\.abort/],
    ["globalThis.close()", /Cannot use close/],
    [`(await import("node:process")).exit(3)`, /Cannot use process\.(reallyE|e)xit/],
    [`(await import("node:process")).abort()`, /Cannot use process\.abort/],
    [`(await import("process")).default.abort()`, /Cannot use process\.abort/],
    [`(await import("data:text/javascript,export * from 'node:process'")).abort()`, /Cannot use/],
    [`require("node:process").abort()`, /Cannot use process\.abort/],
    ["process.kill(process.pid)", /Cannot use process\.kill/],
    [`process.kill(process.pid, "SIGKILL")`, /Cannot use process\.kill/],
    ["process.kill(process.pid + 2 ** 32, 9)", /Cannot use process\.kill/],
    ["process.kill({ valueOf: () => process.pid }, 9)", /Cannot use process\.kill/],
    [`(await import("node:process")).kill(process.pid, 9)`, /Cannot use process\.kill/],
    ["process._kill(process.pid, 9)", /Cannot use process\._kill/],
    [`Deno.kill(Deno.pid, "SIGKILL")`, /Cannot use Deno\.kill/],
    [`Deno.chdir("/")`, /Cannot use Deno\.chdir/],
    [`process.chdir("/")`, /Cannot use process\.chdir/],
    [`(await import("node:process")).chdir("/")`, /Cannot use process\.chdir/],
    [`require("node:v8").setFlagsFromString("--stack-size=9")`, /Cannot use setFlagsFromString/],
    [`(await import("node:v8")).setFlagsFromString("--jitless")`, /Cannot use setFlagsFromString/],
    [`process.binding("tcp_wrap")`, /Cannot use process\.binding/],
    ["process.umask(0)", /not supported in workers|NotCapable/],
  ];
  for (const service of ["closed", "trusted"]) {
    for (const [code, error] of refusals) {
      await t.step(
        `refused to the ${service} one: ${code}`,
        () => refused(server, service, code, error),
      );
    }
  }
  await t.step("refused: other processes", async () => {
    for (const target of [pid, 1, 0, -1, `-process.pid`]) {
      await refused(server, "closed", `process.kill(${target}, 0)`, /NotCapable/);
    }
  });
  await t.step("granted to a trusted one: other processes", async () => {
    await granted(server, "trusted", `return process.kill(${pid}, 0)`, true);
    await granted(
      server,
      "trusted",
      `const child = new Deno.Command("sleep", { args: ["60"] }).spawn();
       Deno.kill(child.pid, "SIGTERM");
       return (await child.status).signal`,
      "SIGTERM",
    );
  });
  await t.step("refused: put back by a new definition", async () => {
    for (const [object, name] of [["Deno", "exit"], ["process", "kill"], ["Deno", "kill"]]) {
      await refused(
        server,
        "closed",
        `Object.defineProperty(${object}, "${name}", { value: () => {} })`,
        /TypeError: Cannot redefine/,
      );
    }
  });
  await t.step("the process's folder has not changed", () => assertEquals(cwd(), before));
  await t.step("the engine's own workings are gone", async () => {
    await granted(
      server,
      "closed",
      `return [
        typeof Deno.internal,
        ...Object.getOwnPropertySymbols(Deno).map(String),
        ...Reflect.ownKeys(globalThis).filter((key) => /core|primordials|bootstrap$/i.test(String(key))
          && key !== "nodeBootstrap"),
        typeof Deno.core,
        typeof __bootstrap,
      ]`,
      ["undefined", "undefined", "undefined"],
    );
  });
  await t.step("a bootstrap of the engine gives nothing away", async () => {
    await attempt(server, "closed", `return nodeBootstrap({})`);
    await granted(server, "closed", `return Object.getOwnPropertySymbols(Deno).length`, 0);
  });

  await t.step("what a service cannot be stopped or told apart with is taken away", async (t) => {
    await keepsLocksAndChannels(t, server);
  });
  await t.step("what a service prints goes to the log under its name", async () => {
    await logsUnderItsName(server);
  });
  await t.step("the server goes on, and so do the services", async () => {
    await granted(server, "closed", "return 1", 1);
    await granted(server, "trusted", "return 1", 1);
  });
  await t.step("a service sets no exit code of the server", async () => {
    await attempt(server, "closed", "process.exitCode = 7; Deno.exitCode = 7;");
    assertEquals((await server.stop()).code, 0);
  });
});

async function keepsLocksAndChannels(t: Deno.TestContext, server: Server): Promise<void> {
  const SHARED = /all services of the server would share it/;
  for (const locks of ["navigator.locks", `require("node:worker_threads").locks`]) {
    for (const service of ["locks", "trusted"]) {
      await t.step(`refused to the ${service} one: ${locks}`, async () => {
        await refused(server, service, `await ${locks}.request("x", () => {})`, SHARED);
        await refused(
          server,
          service,
          `await ${locks}.request("x", { steal: true }, () => {})`,
          SHARED,
        );
        await refused(server, service, `return await ${locks}.query()`, SHARED);
        await refused(
          server,
          service,
          `return await ${locks}.constructor.prototype.query.call(${locks})`,
          SHARED,
        );
      });
    }
  }
  const channels: string[] = [
    `new BroadcastChannel("x")`,
    `new (require("node:worker_threads").BroadcastChannel)("x")`,
    `new (class extends BroadcastChannel {})("x")`,
    `Reflect.construct(BroadcastChannel, ["x"], Object)`,
    `await caches.open("x")`,
    `await caches.has("x")`,
    `await caches.delete("x")`,
  ];
  for (const code of channels) {
    await t.step(`refused: ${code}`, () => refused(server, "locks", code, SHARED));
  }
  await t.step(
    "granted to a trusted one: a channel",
    () => granted(server, "trusted", `new BroadcastChannel("x").close()`),
  );
  await t.step("granted: a channel of its own", () =>
    granted(
      server,
      "locks",
      `const { port1, port2 } = new MessageChannel();
       const { promise, resolve } = Promise.withResolvers();
       port2.onmessage = ({ data }) => resolve(data);
       port1.postMessage("own");
       try { return await promise; } finally { port1.close(); port2.close(); }`,
      "own",
    ));
  await t.step("messages to the cell are refused", async () => {
    for (const port of ["globalThis", `require("node:worker_threads").parentPort`]) {
      await refused(server, "locks", `${port}.postMessage("x")`, /Cannot use postMessage/);
    }
  });
  await t.step("a spin after all that is still stopped", async () => {
    const { error } = await attempt(server, "locks", "while (true);");
    assert(error?.startsWith("no answer"), error);
    await server.logged(({ message }) => /"locks" has not answered for 1000 ms/.test(message));
    await server.logged(({ message }) => /"locks" runs again/.test(message));
    await granted(server, "locks", "return 1", 1);
  });
}

async function logsUnderItsName(server: Server): Promise<void> {
  const ways: [string, string, string][] = [
    [`console.log("log", { a: 1 })`, "INFO", "log { a: 1 }"],
    [`console.error("error")`, "ERROR", "error"],
    [`console.warn("warn")`, "WARN", "warn"],
    [`process.stdout.write("out\\n")`, "INFO", "out"],
    [`process.stderr.write("err\\n")`, "ERROR", "err"],
  ];
  for (const [code, level, message] of ways) {
    await attempt(server, "closed", code);
    const line = await server.logged((line) => line.message === message);
    assertEquals([line.service, line.level], ["closed", level]);
  }
  assertEquals(server.output.all.filter((line) => /out|log/.test(line)), []);
}
