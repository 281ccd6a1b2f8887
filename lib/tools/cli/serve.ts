import { join, resolve } from "@std/path";
import { messageOf, SwitchboardError } from "../../base/errors.ts";
import { type Log, openLog } from "../../host/observe/mod.ts";
import { describeGrants, type PartialSettings } from "../../host/service/mod.ts";
import { Switchboard, type SwitchboardOptions } from "../../host/switchboard.ts";
import { framedLog } from "./framed_log.ts";
import { LineWriter } from "./line_writer.ts";
import { openPage } from "./open_page.ts";
import { print } from "./output.ts";
import { escaped } from "./printable.ts";
import type { Shell } from "./shell.ts";
import { table } from "./table.ts";
import { Watcher } from "./watch.ts";

/** Flags of `serve` and `dev`. */
export interface ServeOptions {
  port?: number;
  hostname?: string;
  app?: string;
  transport?: "deno" | "ws";
  cert?: string;
  key?: string;
  /** Not a flag: the message of a compiled binary for files that are not inside it. */
  auth?: PartialSettings["auth"];
  tls?: { cert: string; key: string };
}

/** Flags of `dev` beside those. */
export interface DevOptions extends ServeOptions {
  /** The service whose events are printed, or `all`, or `off`. */
  events?: string;
  /** Whether with the beginnings of messages. */
  bodies?: boolean;
  /** Whether the page at `/` is opened in a browser. */
  open?: boolean;
}

/**
 * Serves a root until SIGTERM or SIGINT; a second signal ends at once. SIGHUP swaps in changed services. If the
 * server was started at a terminal, SIGHUP means that the terminal is closed, and ends it.
 */
export function serve(root: string, options: ServeOptions, shell: Shell = Deno): Promise<void> {
  return run(root, options, shell, shell.stderr.isTerminal() ? "text" : "json");
}

/** Like {@linkcode serve}, swaps in a service as soon as it is edited, and prints its events. */
export async function dev(root: string, given: DevOptions, shell: Shell = Deno): Promise<void> {
  const { events = "all", bodies = false, open = false, ...options } = given;
  const { EventStream } = await import("./event_stream.ts");
  const writer = new LineWriter(shell.stdout);
  {
    using stream = new EventStream({
      write: (line) => writer.write(line),
      color: shell.stdout.isTerminal() && !shell.noColor,
      get width() {
        return columns(shell);
      },
    });
    await run(root, options, shell, "text", {
      events,
      opens: open,
      trace: (service) =>
        events === "all" || events === service
          ? { bodies, handled: (event) => stream.handled(service, event) }
          : undefined,
    });
  }
  await writer.end(LAST_WORDS_MS);
}

/** How long the last events may take to be printed, ms. */
const LAST_WORDS_MS = 200;

/** The additional tasks of `dev`. */
interface Developing {
  events: string;
  opens: boolean;
  trace: NonNullable<SwitchboardOptions["trace"]>;
}

async function run(
  root: string,
  options: ServeOptions,
  shell: Shell,
  format: "text" | "json",
  developing: Developing | null = null,
): Promise<void> {
  const encoder = new TextEncoder();
  const plain = openLog({
    format,
    color: shell.stderr.isTerminal() && !shell.noColor,
    write: (line) => {
      try {
        shell.stderr.writeSync(encoder.encode(`${line}\n`));
      } catch {
        // The reader of the log has gone. That is no reason to stop serving.
      }
    },
  });
  const isWatching = developing !== null;
  const opened: { board?: Switchboard } = {};
  const log = isWatching ? framedLog(plain, () => opened.board) : plain;
  const say = sayer(log, shell);
  const { cert, key, ...settings } = options;
  const tls = tlsOf(cert, key);
  const board = await Switchboard.open({
    root,
    log,
    keepWarm: isWatching,
    devPage: isWatching,
    ...developing && { trace: developing.trace },
    ...settings,
    ...tls,
  });
  opened.board = board;
  const endsOnHangUp = isWatching || shell.stdin.isTerminal() || shell.stderr.isTerminal();
  const stopped = stopOnSignal(board, endsOnHangUp, shell);
  using _reloads = endsOnHangUp ? null : reloadOnSignal(board, log, shell);
  try {
    const { url } = await board.listen();
    say(`Listening on ${url}`);
    if (developing?.opens) openPage(`${reachable(url)}/`, say, shell.env);
  } catch (error) {
    // It was told to stop before it listened.
    if (error instanceof SwitchboardError && error.code === "SB_CLOSED") return await stopped;
    await board.close();
    throw error;
  }
  // From the start, so that an edit during the start of the services is noticed.
  using _watcher = isWatching
    ? new Watcher(board.root, () => board.services, {
      services: (keys) => reload(board, keys, log),
      settings: () => log("WARN", "switchboard.json has changed: restart the server to apply it"),
      failed: (error) => log("ERROR", `${messageOf(error)}. Edits are no longer swapped in`),
    })
    : null;
  await board.settled();
  printServices(board, say, columns(shell));
  if (developing !== null) {
    say(`Watching ${escaped(board.root)} for changes`);
    checkEvents(developing.events, board, log);
  }
  await stopped;
}

/** Prints lines; where that cannot be done it says so once, for serving matters more. */
function sayer(log: Log, shell: Shell): (text: string) => void {
  let isSilent = false;
  return (text) => {
    if (isSilent) return;
    try {
      print(text, shell);
    } catch (error) {
      isSilent = true;
      log("WARN", `${messageOf(error)}. The running services stay as they are`);
    }
  };
}

/** Files of the flags; those of `switchboard.json` are relative to the root, these to where the user is. */
function tlsOf(cert?: string, key?: string): { tls?: { cert: string; key: string } } {
  if (cert === undefined || key === undefined) return {};
  return { tls: { cert: resolve(cert), key: resolve(key) } };
}

/** Resolves when the server has stopped. */
function stopOnSignal(board: Switchboard, endsOnHangUp: boolean, shell: Shell): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let isStopping = false;
  const stop = () => {
    if (isStopping) Deno.exit(1);
    isStopping = true;
    board.close().then(resolve, reject).finally(() => {
      for (const [signal, listener] of listeners) shell.removeSignalListener(signal, listener);
    });
  };
  // The shell and the system may both send the signal, without a second request by the user.
  const hangUp = () => isStopping || stop();
  const listeners: [Deno.Signal, () => void][] = [["SIGINT", stop], ["SIGTERM", stop]];
  if (endsOnHangUp && HAS_HANG_UP) listeners.push(["SIGHUP", hangUp]);
  for (const [signal, listener] of listeners) shell.addSignalListener(signal, listener);
  return promise;
}

/** Windows has no such signal to send. */
const HAS_HANG_UP = Deno.build.os !== "windows";

/** Swaps in the files on disk, for operators who deploy by copying files. */
function reloadOnSignal(board: Switchboard, log: Log, shell: Shell): Disposable {
  if (!HAS_HANG_UP) return { [Symbol.dispose]() {} };
  const hangUp = () => {
    again(log, "The certificate was reloaded", () => board.reloadTls());
    again(log, "Keys and users were reloaded", () => board.reloadAuth());
    reload(board, board.keys, log);
  };
  shell.addSignalListener("SIGHUP", hangUp);
  return { [Symbol.dispose]: () => shell.removeSignalListener("SIGHUP", hangUp) };
}

/** Reloads something; if that fails, the previous one stays in use. */
async function again(log: Log, done: string, read: () => Promise<boolean>): Promise<void> {
  try {
    if (await read()) log("INFO", done);
  } catch (error) {
    log("ERROR", `${messageOf(error)}; the previous ones stay in use`);
  }
}

/** Swaps in services, and says of each how it went. */
async function reload(board: Switchboard, keys: string[], log: Log): Promise<void> {
  await Promise.all(keys.map(async (key) => {
    const start = performance.now();
    const isServed = () => board.services.some((service) => service.key === key);
    const wasServed = isServed();
    try {
      await board.reload(key);
      const took = Math.round(performance.now() - start);
      const what = !isServed() ? "Removed" : wasServed ? "Swapped in" : "Started";
      log("INFO", `${what} after ${took} ms`, key);
    } catch (error) {
      const state = board.services.find((service) => service.key === key)?.state;
      const code = error instanceof SwitchboardError ? error.code : "";
      // The file was saved twice: the newer version reports for itself.
      if (code === "SB_ISOLATE_GONE" || state === undefined) return;
      const outcome = state === "running"
        ? "The last good version stays up"
        : "The service is down";
      log("ERROR", `${messageOf(error)}\n${outcome}`, key);
    }
  }));
}

/** Where this machine reaches a server whose own URL may name all of its addresses. */
function reachable(url: string): string {
  return url.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:");
}

/** Warns that the service of `--events` does not exist yet; it may be created later. */
function checkEvents(wanted: string, { services }: Switchboard, log: Log): void {
  const keys = services.map(({ key }) => key);
  if (wanted === "all" || wanted === "off" || keys.includes(wanted)) return;
  const there = keys.length === 0 ? "" : `; there are ${keys.join(", ")}`;
  log("WARN", `--events: there is no service "${wanted}" yet${there}`);
}

function columns(shell: Shell): number {
  return shell.stdout.isTerminal() ? shell.consoleSize().columns : Infinity;
}

function printServices(board: Switchboard, say: (text: string) => void, width: number): void {
  const { services, settings, root } = board;
  if (services.length === 0) {
    say(
      `No services in ${
        escaped(join(root, "services"))
      }. Put a controller at services/hello/hello.ts`,
    );
    return;
  }
  const rows = services.map(({ key, systems, url, page, error, definition }) => [
    escaped(key),
    systems.join(" ") || "-",
    error === null ? page ?? url : "not running (503)",
    escaped(describeGrants(definition.grants, definition.dir, join(root, "lib"))),
  ]);
  say(table(["SERVICE", "SYSTEM", "URL", "GRANTS"], rows, width));
  const app = settings.app === "app" ? "" : ` as application "${settings.app}"`;
  if (services.some(({ error }) => error !== null)) {
    say(`See the log for services that are not running${app}`);
  }
}
