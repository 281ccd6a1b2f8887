import { join } from "@std/path";
import { errorPlace } from "../../base/error_place.ts";
import type { Log } from "../../host/observe/mod.ts";
import type { Switchboard } from "../../host/switchboard.ts";

/** Frames in a second: each means to read a file, and a service may fail as often as it likes. */
const FRAMES_PER_SEC = 8;
/** That of an error of loading, which has one already. */
const FRAME = /^ *> +\d+ \| /m;

/**
 * A log that shows, below an error of a service, the code that it came from.
 *
 * @param board The server; undefined, as long as it is being opened.
 */
export function framedLog(log: Log, board: () => Switchboard | undefined): Log {
  let since = -Infinity;
  let frames = 0;
  return (level, text, service, about) => {
    const frame = level === "ERROR" && !FRAME.test(text) ? frameOf(text, service) : null;
    log(level, frame === null ? text : `${text}\n${frame}`, service, about);
  };

  function frameOf(text: string, key: string | undefined): string | null {
    const server = board();
    const dir = server?.services.find((service) => service.key === key)?.definition.dir;
    if (server === undefined || dir === undefined) return null;
    const now = performance.now();
    if (now - since >= 1000) [since, frames] = [now, 0];
    if (frames++ >= FRAMES_PER_SEC) return null;
    return errorPlace(text, [dir, join(server.root, "lib")], server.root);
  }
}
