/**
 * The entry of an isolate: boots, loads the service's controllers and passes them the events of the wire.
 * It runs with the service's permissions, side by side with the service's code.
 *
 * @module
 */
import process from "node:process";
import { getHeapStatistics } from "node:v8";
import { workerData } from "node:worker_threads";
import { connect, Link } from "./link.ts";
import type { Endpoint } from "./endpoint.ts";
import { explain, userStack } from "./explain.ts";
import type { Boot, Report } from "../wire/mod.ts";
import { loadAuthModule } from "./auth_module.ts";
import { auditDenials } from "./denials.ts";
import { ModuleLoader } from "./loader.ts";
import { lockDown } from "./lockdown.ts";
import { Sessions } from "./sessions.ts";
import type { LoadController } from "./system.ts";
import { SYSTEMS } from "./systems.ts";

/** How controllers are loaded, by the `system` of their source. */
const CONTROLLERS: Readonly<Record<string, LoadController>> = Object.assign(
  { auth: loadAuthModule },
  ...SYSTEMS.map(({ controllers }) => controllers),
);

/** How often the memory is looked at, ms. */
const LOOK_EVERY_MS = 250;

// Held on to before a controller can put something else in its place.
const now = performance.now.bind(performance);

interface BootMessage {
  boot: Boot;
  port: MessagePort;
  answers: MessagePort;
}

/** To the cell, as long as the service's code is not loaded: it could find it. */
const cell = workerData as MessagePort;

/** Web Locks, which the types of this place lack. */
const { locks } = navigator as unknown as {
  locks: { request(name: string, hold: () => Promise<never>): Promise<never> };
};

cell.onmessage = ({ data: { boot, port, answers } }: MessageEvent<BootMessage>) => {
  // While a worker holds a lock, terminating it also stops its running code; without a lock, a loop would run on.
  locks.request(crypto.randomUUID(), () => new Promise(() => {}));
  cell.onmessage = () => {
    cell.close();
    run(boot, port, answers);
  };
  // By now the runtime has been read: the cell may take back the permission to.
  cell.postMessage(null);
};

async function run(boot: Boot, port: MessagePort, answers: MessagePort): Promise<void> {
  const postMessage = port.postMessage.bind(port);
  const report = (what: Report) => postMessage(what);
  const link = new Link(boot, port, answers);
  const endpoints = new Map<string, Endpoint>();
  const sessions = new Sessions(link, endpoints, boot.answer);
  const look = memoryWatch(boot.memoryMb, sessions, report);
  const told = Promise.withResolvers<void>();
  port.onmessage = ({ data }) => {
    // Here too: a service can stop all timers, but not the messages of the host.
    look();
    if (data === null) told.resolve();
    else if (data === "end") link.end().then(() => report({ is: "done" }));
    else sessions.take(data);
  };
  connect(link);
  keepAlive(link);
  const loader = new ModuleLoader(boot, link);
  for (const { start } of SYSTEMS) start?.(loader);
  auditDenials(link);
  lockDown(boot.trusted, link);
  setInterval(look, LOOK_EVERY_MS);
  report({ is: "up" });
  await told.promise;
  try {
    for (const source of boot.endpoints) {
      endpoints.set(source.id, await CONTROLLERS[source.system]!(source, loader));
    }
    report({ is: "ready", files: loader.files });
  } catch (error) {
    report({ is: "unloadable", failure: { message: explain(error), stack: userStack(error) } });
  }
}

/** Logs errors in timers and unhandled rejections; they end nothing. */
function keepAlive(link: Link): void {
  addEventListener("error", (event) => {
    event.preventDefault();
    link.logError("Uncaught ", event.error);
  });
  addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    link.logError("Unhandled rejection: ", event.reason);
  });
  process.on("uncaughtException", () => {});
}

/**
 * Reports that the isolate exceeds its memory. The engine interrupts code that fills its heap, mostly without
 * a word: its limit has then been raised, or a batch has not ended. What lies outside of the heap, as byte
 * arrays do, it does not limit at all.
 */
function memoryWatch(
  megabytes: number,
  sessions: Sessions,
  report: (what: Report) => void,
): () => void {
  const limit = getHeapStatistics().heap_size_limit;
  let last = 0;
  return () => {
    const time = now();
    if (time - last < LOOK_EVERY_MS / 2) return;
    last = time;
    const { heap_size_limit, used_heap_size, external_memory } = getHeapStatistics();
    const used = used_heap_size + external_memory;
    if (sessions.isTaking || heap_size_limit > limit || used > megabytes * 2 ** 20) {
      report({ is: "full", megabytes: Math.round(used / 2 ** 20) });
    }
  };
}
