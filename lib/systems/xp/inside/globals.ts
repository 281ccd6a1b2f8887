import { inspect } from "node:util";
import { link } from "../../../inside/link.ts";
import type { Loader } from "../../../inside/endpoint.ts";
import { currentContext } from "./context.ts";

const LEVELS = { debug: "DEBUG", info: "INFO", warning: "WARN", error: "ERROR" } as const;

/**
 * Puts XP's globals in place (docs/contracts/xp.md, section 2): `log`, `app`, and for ES modules `resolve` and
 * `require`, relative to the controller.
 */
export function installGlobals(controller: string, loader: Loader): void {
  const { boot } = link();
  const log = Object.fromEntries(
    Object.entries(LEVELS).map(([name, level]) => [
      name,
      (...args: unknown[]) => link().log(level, format(args), currentContext()?.about),
    ]),
  );
  Object.assign(globalThis, {
    log,
    app: { ...boot.app },
    resolve: (path: unknown) => loader.resolvePath(String(path), controller),
    require: (id: unknown) => loader.require(String(id), controller),
  });
}

/** `%s` takes the next argument, as text; remaining arguments follow. */
export function format(args: readonly unknown[]): string {
  if (args.length === 0) return "";
  let next = 1;
  const text = asText(args[0]).replace(/%[%sdifjo]/g, (placeholder) => {
    if (placeholder === "%%") return "%";
    return next < args.length ? asText(args[next++]) : placeholder;
  });
  return [text, ...args.slice(next).map(asText)].join(" ");
}

function asText(value: unknown): string {
  if (typeof value === "string") return value;
  if (value instanceof Error) return value.stack ?? String(value);
  if (typeof value !== "object" || value === null) return String(value);
  try {
    return JSON.stringify(value);
  } catch {
    return inspect(value);
  }
}
