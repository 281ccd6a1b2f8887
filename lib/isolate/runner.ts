/**
 * The entry of an isolate: boots, loads the service's controllers and hands them what comes through the wire.
 * It runs with the service's permissions, side by side with the service's code.
 *
 * @module
 */
import process from "node:process";
import { connect, type Dialect, type Endpoint, explain, Link, userStack } from "../wire/mod.ts";
import type { Boot, LoadFailure } from "../wire/mod.ts";
import { xp } from "../xp/dialect.ts";
import { ModuleLoader } from "./loader.ts";
import { Sessions } from "./sessions.ts";

/** Systems that a controller can be written for. */
const DIALECTS: Record<string, Dialect> = { xp };

interface BootMessage {
  boot: Boot;
  port: MessagePort;
  answers: MessagePort;
}

const scope = globalThis as unknown as DedicatedWorkerGlobalScope;

scope.onmessage = async ({ data }: MessageEvent<BootMessage>) => {
  scope.onmessage = null;
  const { boot, port, answers } = data;
  const link = new Link(boot, port, answers);
  connect(link);
  keepAlive(link);
  noWayOut();
  try {
    const loader = new ModuleLoader(boot.root, boot.dir);
    const endpoints: Endpoint[] = [];
    for (const { system, file } of boot.endpoints) {
      endpoints.push(await DIALECTS[system]!.open(file, loader));
    }
    const sessions = new Sessions(link, endpoints);
    port.onmessage = ({ data }) => sessions.take(data);
    port.postMessage(null);
  } catch (error) {
    const failure: LoadFailure = { message: explain(error), stack: userStack(error) };
    port.postMessage(failure);
  }
};

/** What a controller throws in a timer or leaves rejected is logged and ends nothing. */
function keepAlive(link: Link): void {
  scope.addEventListener("error", (event) => {
    event.preventDefault();
    link.log("ERROR", `Uncaught ${explain(event.error)}\n${userStack(event.error)}`.trimEnd());
  });
  scope.addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    link.log(
      "ERROR",
      `Unhandled rejection: ${explain(event.reason)}\n${userStack(event.reason)}`.trimEnd(),
    );
  });
}

/** The host ends an isolate, nobody else: one that ended by itself would leave its sockets unanswered. */
function noWayOut(): void {
  const refuse = (call: string) => () => {
    throw new Error(`Cannot call ${call} in a service: it ends with its server`);
  };
  Object.defineProperty(Deno, "exit", { value: refuse("Deno.exit()") });
  Object.defineProperty(process, "exit", { value: refuse("process.exit()") });
  Object.defineProperty(process, "reallyExit", { value: refuse("process.reallyExit()") });
  Object.defineProperty(globalThis, "close", { value: refuse("close()") });
}
