import { dirname, fromFileUrl } from "@std/path";

/** The runtime's own folder; null: it is not on this machine. */
export const RUNTIME: string | null = import.meta.url.startsWith("file:")
  ? dirname(dirname(fromFileUrl(import.meta.url)))
  : null;

/** Modules of the runtime that controllers import, by id: each may be written with `/` in front, too. */
export const LIBRARY: Readonly<Record<string, string>> = {
  "core/context": import.meta.resolve("../dirigible/context.ts"),
  "core/globals": import.meta.resolve("../dirigible/globals.ts"),
  "lib/lolo/types": import.meta.resolve("../lolo/types.ts"),
  "lib/websocket": import.meta.resolve("../websocket.ts"),
  "lib/xp/auth": import.meta.resolve("../xp/auth.ts"),
  "lib/xp/event": import.meta.resolve("../xp/event.ts"),
  "lib/xp/portal": import.meta.resolve("../xp/portal.ts"),
  "lib/xp/websocket": import.meta.resolve("../xp/websocket.ts"),
  "net/v4/websockets": import.meta.resolve("../dirigible/websockets.ts"),
  "net/websocket": import.meta.resolve("../dirigible/websocket.ts"),
  "net/websockets": import.meta.resolve("../dirigible/websockets.ts"),
  "service/websocket": import.meta.resolve("../dirigible/websocket.ts"),
};

/** All ids, in both ways of writing. */
export const LIBRARY_IDS: ReadonlyMap<string, string> = new Map(
  Object.entries(LIBRARY).flatMap(([id, url]) => [[id, url], [`/${id}`, url]]),
);
