import { join } from "@std/path";
import { openLog } from "../observe/mod.ts";
import { Switchboard } from "../switchboard.ts";
import { describeGrants } from "../service/mod.ts";
import { table } from "./table.ts";

/** Flags of `serve`. */
export interface ServeOptions {
  port?: number;
  hostname?: string;
  app?: string;
}

/** Serves a root until SIGTERM or SIGINT; a second signal ends at once. */
export async function serve(root: string, options: ServeOptions): Promise<void> {
  const toTerminal = Deno.stderr.isTerminal();
  const encoder = new TextEncoder();
  const log = openLog({
    format: toTerminal ? "text" : "json",
    color: toTerminal && !Deno.noColor,
    write: (line) => Deno.stderr.writeSync(encoder.encode(`${line}\n`)),
  });
  const board = await Switchboard.open({ root, log, ...options });
  const stopped = stopOnSignal(board);
  try {
    const { hostname, port } = board.listen();
    console.log(
      `Listening on http://${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`,
    );
  } catch (error) {
    await board.close();
    throw error;
  }
  await board.settled();
  printServices(board);
  await stopped;
}

/** Resolves when the server has stopped. */
function stopOnSignal(board: Switchboard): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let isStopping = false;
  const stop = () => {
    if (isStopping) Deno.exit(1);
    isStopping = true;
    board.close().then(resolve, reject).finally(() => {
      Deno.removeSignalListener("SIGINT", stop);
      Deno.removeSignalListener("SIGTERM", stop);
    });
  };
  Deno.addSignalListener("SIGINT", stop);
  Deno.addSignalListener("SIGTERM", stop);
  return promise;
}

function printServices(board: Switchboard): void {
  const { services, settings, root } = board;
  if (services.length === 0) {
    console.log(
      `No services in ${join(root, "services")}. Put a controller at services/hello/hello.ts`,
    );
    return;
  }
  const rows = services.map(({ key, systems, url, page, error, definition }) => [
    key,
    systems.join(" ") || "-",
    error === null ? page ?? url : "not running (503)",
    describeGrants(definition.grants, definition.dir, join(root, "lib")),
  ]);
  const isTerminal = Deno.stdout.isTerminal();
  const width = isTerminal ? Deno.consoleSize().columns : Infinity;
  console.log(table(["SERVICE", "SYSTEM", "URL", "GRANTS"], rows, width));
  const app = settings.app === "app" ? "" : ` as application "${settings.app}"`;
  if (services.some(({ error }) => error !== null)) {
    console.log(`See the log for what is not running${app}`);
  }
}
