import { dirname, fromFileUrl } from "@std/path";
import config from "../../../deno.json" with { type: "json" };

/** The runtime's own folder; null: it is not on this machine. */
export const RUNTIME: string | null = import.meta.url.startsWith("file:")
  ? dirname(dirname(dirname(fromFileUrl(import.meta.url))))
  : null;

const PACKAGE = new URL("../../../", import.meta.url);

/** Ids that controllers import, each with the URL of the runtime's module that it leads to. */
export const LIBRARY_IDS: ReadonlyMap<string, string> = new Map(
  Object.entries(config.imports).filter(([, target]) => target.startsWith("./"))
    .map(([id, target]) => [id, new URL(target, PACKAGE).href]),
);
