import { dirname, join } from "@std/path";
import { isWithin } from "../../base/files.ts";
import type { ServiceDefinition } from "../../host/service/mod.ts";
import { RUNTIME } from "./library.ts";
import {
  byName,
  filesBelow,
  isAside,
  isScript,
  type Mentions,
  mentionsOf,
  textOf,
} from "./scripts.ts";

/** How far the controllers of a service reach. */
export interface Reach {
  /** Scripts that they consist of, and those that these may load, by path. */
  modules: Map<string, string>;
  /** Scripts in the service's folder that nothing leads to; none, if that cannot be told. */
  unreachable: string[];
}

/**
 * Follows the controllers of a service to the scripts that they may load, now or later.
 *
 * @param loaded Files that it was really loaded from.
 */
export function reachOf(
  root: string,
  definition: ServiceDefinition,
  loaded: readonly string[],
): Reach {
  const { dir, endpoints, manifest } = definition;
  const own = filesBelow(dir).filter(isScript);
  const shared = filesBelow(join(root, "lib")).filter((file) =>
    // The root may be the runtime's own: none of that is the service's.
    isScript(file) && (RUNTIME === null || !isWithin(file, RUNTIME))
  );
  const entries = [
    ...endpoints.map(({ file }) => file),
    ...endpoints.flatMap(({ flow }) => flow?.nodes.flatMap(({ file }) => file ?? []) ?? []),
    ...(manifest.messageModules ?? []).map((module) => join(dir, module)),
    ...loaded,
  ].filter(isScript);
  const walk = new Walk(root, dir, [...own, ...shared]);
  walk.from(entries);
  const modules = new Map(walk.texts);
  walk.from(own.filter(isAside));
  const unreachable = walk.isOpen || modules.size === 0
    ? []
    : own.filter((file) => !walk.texts.has(file) && !isAside(file));
  return { modules, unreachable };
}

/** A walk along all that scripts mention. */
class Walk {
  /** Those that were visited, by path. */
  readonly texts = new Map<string, string>();
  /** Whether one of them loads modules by computed names. */
  isOpen = false;
  readonly #byName: Map<string, string[]>;

  constructor(
    private readonly root: string,
    private readonly dir: string,
    private readonly files: readonly string[],
  ) {
    this.#byName = byName(files);
  }

  from(entries: readonly string[]): void {
    const waiting = [...entries];
    for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
      if (this.texts.has(file)) continue;
      const text = textOf(file);
      this.texts.set(file, text);
      const mentions = mentionsOf(text);
      this.isOpen ||= mentions.isOpen;
      waiting.push(...this.#mentioned(file, mentions));
    }
  }

  #mentioned(file: string, { names, folders }: Mentions): string[] {
    const within = folders.flatMap((folder) =>
      [dirname(file), this.dir, dirname(this.dir), this.root].map((base) => join(base, folder))
        // A mention of the folder of all services does not mean this one.
        .filter((path) => isWithin(path, this.dir) || isWithin(path, join(this.root, "lib")))
    );
    return [
      ...[...names].flatMap((name) => this.#byName.get(name) ?? []),
      ...this.files.filter((path) => within.some((folder) => isWithin(path, folder))),
    ];
  }
}
