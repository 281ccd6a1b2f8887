import { link } from "../../../inside/link.ts";
import type { Loader } from "../../../inside/endpoint.ts";
import { type DirigibleEvent, runFor } from "./event.ts";

type Exports = Record<string, unknown>;

const METHODS = {
  onopen: "onOpen",
  onmessage: "onMessage",
  onerror: "onError",
  onclose: "onClose",
} as const;

/** A module that handles the events of a websocket; each of its four functions may be missing. */
export class Handler {
  /**
   * @param id As its user calls it, for the log.
   * @param exports The module's exports; read at each event, because the module may still be loading.
   */
  constructor(readonly id: string, private readonly exports: () => Exports) {}

  /** Loads the module of an artefact. */
  static async load(file: string, loader: Loader): Promise<Handler> {
    const exports = await loader.load(file);
    const id = file.split(/[\\/]/).slice(-2).join("/");
    return new Handler(id, () => exports);
  }

  /**
   * Calls the function for an event. What it throws is logged and changes nothing: it is not an error of the
   * transport (docs/contracts/dirigible.md, section 1).
   *
   * @param about The session or request of a log line, as in `Op.LOG` of the wire.
   * @returns Its return value, or undefined if it failed.
   */
  async call(event: DirigibleEvent, about: string, ...args: unknown[]): Promise<unknown> {
    const name = METHODS[event.method];
    try {
      const exports = this.exports();
      const own = exports[name] ?? (exports.default as Exports | undefined)?.[name];
      if (typeof own !== "function") return undefined;
      return await runFor(event, () => own(...args));
    } catch (error) {
      link().logError(`${name}() of ${this.id}: `, error, about);
      return undefined;
    }
  }
}
