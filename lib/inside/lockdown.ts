import module from "node:module";
import process from "node:process";
import threads from "node:worker_threads";
import * as workers from "node:worker_threads";
import { format } from "node:util";
import v8 from "node:v8";
import type { Link } from "./link.ts";

/**
 * Removes functions that reach beyond an isolate and need no permission: ending the process or its worker, workers
 * that could not be stopped, state that all isolates of a process share, and the engine's internals.
 *
 * A class is closed through its base class: every way to make an instance passes there, wherever the
 * class was found.
 *
 * @param trusted Whether the service may start workers and share with others.
 */
export function lockDown(trusted: boolean, link: Link): void {
  // As in every worker of the web's kind.
  Object.defineProperty(globalThis, "self", {
    value: globalThis,
    writable: true,
    configurable: true,
  });
  closeInternals();
  replace(Deno, "exit", "Deno.exit()", ENDS);
  replace(process, "exit", "process.exit()", ENDS);
  replace(process, "reallyExit", "process.reallyExit()", ENDS);
  replace(process, "abort", "process.abort()", ENDS);
  replace(globalThis, "close", "close()", ENDS);
  for (const [target, name, call] of KILLS) guardKill(target, name, call);
  replace(Deno, "chdir", "Deno.chdir()", FOLDER);
  replace(process, "chdir", "process.chdir()", FOLDER);
  logConsole(link);
  logStream(link, process.stdout, "INFO");
  logStream(link, process.stderr, "ERROR");
  replace(process, "binding", "process.binding()", INTERNAL);
  replace(v8, "setFlagsFromString", "setFlagsFromString()", INTERNAL);
  // To the cell, which reads such messages and ignores them.
  for (const target of [globalThis, workers.parentPort!]) {
    replace(target, "postMessage", "postMessage()", "there is no receiver");
  }
  // A loader of the service's own would come before ours.
  replace(module, "registerHooks", "registerHooks()", LOADER);
  replace(module, "register", "register()", LOADER);
  // A service that held the runner's lock could not be stopped.
  for (const method of ["request", "query"]) {
    replace(Object.getPrototypeOf(locks), method, "navigator.locks", SHARED);
  }
  // The runner has used its start data, and a service must not see it.
  Object.defineProperty(threads, "workerData", { value: null });
  // Deno would ask the operator, at the terminal.
  Object.assign(Deno.permissions, {
    request: Deno.permissions.query,
    requestSync: Deno.permissions.querySync,
  });
  if (trusted) return;
  closeDescriptors();
  for (const kind of [Worker, workers.Worker]) closeClass(kind, "Worker", WORKERS);
  closeClass(BroadcastChannel, "BroadcastChannel", SHARED);
  for (const method of ["open", "has", "delete"]) {
    replace(CacheStorage.prototype, method, "caches", SHARED);
  }
}

/** Held on to before it is taken away. */
const { binding } = process as unknown as {
  binding(name: string): Record<string, { prototype: object }>;
};

/** The same as `navigator.locks`, which the types lack too. */
const { locks } = workers as unknown as { locks: object };

/** Functions that send a signal, and may send one to their own process without any permission. */
const KILLS: [object, string, string][] = [
  [Deno, "kill", "Deno.kill()"],
  [process, "kill", "process.kill()"],
  [process, "_kill", "process._kill()"],
];

const ENDS = "it ends with its server";
const FOLDER = "all services share the current folder";
const INTERNAL = "it reaches into the engine that all services share";
const LOADER = "modules are loaded by Switchboard";
const SHARED = "all services of the server would share it";
const WORKERS =
  'a worker could not be stopped; split the work into services, or say "trusted": true in service.json';

function refusal(call: string, why: string): () => never {
  return () => {
    throw new Error(`Cannot use ${call} in a service: ${why}`);
  };
}

function replace(target: object, name: string, call: string, why: string): void {
  Object.defineProperty(target, name, {
    value: refusal(call, why),
    writable: false,
    configurable: false,
  });
}

/** Leaves signals to other processes, which Deno asks a permission for. */
function guardKill(target: object, name: string, call: string): void {
  const kill = Reflect.get(target, name).bind(target);
  const own = Deno.pid;
  const refuse = refusal(call, ENDS);
  Object.defineProperty(target, name, {
    value: (pid: number, ...rest: unknown[]) => {
      // The same number that the engine makes of it.
      const number = pid | 0;
      return number === own ? refuse() : kill(number, ...rest);
    },
    writable: false,
    configurable: false,
  });
}

/** Keeps sockets from being made of open files of the process, which are those of all services. */
function closeDescriptors(): void {
  for (const [name, kind] of [["tcp_wrap", "TCP"], ["pipe_wrap", "Pipe"], ["udp_wrap", "UDP"]]) {
    replace(binding(name!)[kind!]!.prototype, "open", "an open file", SHARED);
  }
}

// deno-lint-ignore no-explicit-any
function closeClass(kind: abstract new (...args: any[]) => unknown, name: string, why: string) {
  const refuse = refusal(name, why);
  // Called as the parent's constructor; an arrow function could not be.
  Object.setPrototypeOf(kind, function () {
    refuse();
  });
  Object.freeze(kind);
}

/** Deno's own operations, which hardly check their caller. */
function closeInternals(): void {
  const deno = Deno as unknown as Record<string | symbol, unknown>;
  for (const symbol of Object.getOwnPropertySymbols(deno)) delete deno[symbol];
  delete deno.internal;
}

const LEVELS: Record<string, string> = {
  debug: "DEBUG",
  error: "ERROR",
  info: "INFO",
  log: "INFO",
  trace: "DEBUG",
  warn: "WARN",
};

/** Console output of a controller goes to the log, under its service's name. */
function logConsole(link: Link): void {
  for (const [method, level] of Object.entries(LEVELS)) {
    Reflect.set(console, method, (...values: unknown[]) => link.log(level, textOf(values)));
  }
}

/** The same for its writes; the stream's own `write` would pass them to the cell. */
function logStream(link: Link, stream: { write?: unknown }, level: string): void {
  delete stream.write;
  Object.assign(stream, {
    _write: (chunk: unknown, _encoding: string, done: () => void) => {
      link.log(level, String(chunk).trimEnd());
      done();
    },
    _writev: null,
  });
}

function textOf(values: unknown[]): string {
  try {
    return format(...values);
  } catch {
    return "a value that cannot be printed";
  }
}
