import { dirname, extname, join, relative, SEPARATOR } from "@std/path";
import { messageOf, SwitchboardError } from "../../base/errors.ts";
import { entriesOf, isFolder } from "../../base/files.ts";

/** Quiet time after which a burst of changes is over, ms. */
const QUIET_MS = 40;

/** The part of a service that the watcher needs. */
export interface Watched {
  key: string;
  /** Files that it was loaded from. */
  files: readonly string[];
  /** Whether its newest version did not start. */
  error: unknown;
  definition: { name: string; dir: string };
}

const FOLDERS = ["services", "apis", "webapp", "lib"];
const CODE = new Set([".ts", ".js", ".mjs", ".cjs", ".xml", ".yml", ".yaml"]);
/** Files that map the imports of all services. */
const CONFIGS = ["deno.json", "deno.jsonc"];
/** Files that are read only at the start. */
const SETTINGS = "switchboard.json";

/** The events of the watcher. */
export interface Noticed {
  /** The keys of the services that have changed; a new folder's key may be among them. */
  services(keys: string[]): void;
  /** The server's own settings have changed. */
  settings(): void;
  /** It cannot watch any more. */
  failed(error: unknown): void;
}

/**
 * Watches a root for changes that concern services: code, manifests, loaded files, and the map of their
 * imports. Static files are served from disk, and a file that a service writes into its own folder is its own
 * business.
 */
export class Watcher implements Disposable {
  /** The root's own entries: its files, and the folders as they come and go. */
  readonly #top: Deno.FsWatcher;
  /** All below the folders that count. Not all of the root: it may hold a repository, or modules by the thousand. */
  #below: Deno.FsWatcher | null = null;
  readonly #paths = new Set<string>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param services The services as they are now. */
  constructor(
    private readonly root: string,
    private readonly services: () => readonly Watched[],
    private readonly noticed: Noticed,
  ) {
    this.#top = this.#open([root], false);
    this.#openBelow();
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#top.close();
    this.#below?.close();
  }

  #openBelow(): void {
    const folders = this.#folders().filter(isFolder);
    this.#below = folders.length === 0 ? null : this.#open(folders, true);
  }

  #folders(): string[] {
    return FOLDERS.map((name) => join(this.root, name));
  }

  #open(paths: string[], recursive: boolean): Deno.FsWatcher {
    try {
      const watcher = Deno.watchFs(paths, { recursive });
      this.#follow(watcher).catch(this.noticed.failed);
      return watcher;
    } catch (error) {
      throw new SwitchboardError(
        "SB_ROOT",
        `Cannot watch "${this.root}": ${messageOf(error)}; make all of it readable, or use serve`,
        { cause: error },
      );
    }
  }

  async #follow(watcher: Deno.FsWatcher): Promise<void> {
    for await (const { kind, paths } of watcher) {
      if (kind !== "access") this.#changed(paths);
    }
  }

  #changed(paths: readonly string[]): void {
    for (const path of paths) this.#paths.add(path);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#settled(), QUIET_MS);
  }

  #settled(): void {
    const paths = [...this.#paths];
    this.#paths.clear();
    const come = this.#folders().filter((folder) => paths.includes(folder));
    if (come.length > 0) {
      this.#below?.close();
      this.#openBelow();
      // Changes that came before the watch began.
      for (const folder of come) {
        paths.push(...entriesOf(folder).map(({ name }) => join(folder, name)));
      }
    }
    const services = this.services();
    const keys = new Set(paths.flatMap((path) => concerned(path, this.root, services)));
    if (keys.size > 0) this.noticed.services([...keys]);
    if (paths.includes(join(this.root, SETTINGS))) this.noticed.settings();
  }
}

/** Keys of the services that a change of this path concerns. */
export function concerned(path: string, root: string, services: readonly Watched[]): string[] {
  const [top, name, ...rest] = relative(root, path).split(SEPARATOR);
  if (name === undefined && CONFIGS.includes(top!)) return services.map(({ key }) => key);
  // An artefact may name a handler of any service.
  if (top === "services" && extname(path) === ".websocket") {
    const all = services.filter(({ definition }) => dirname(definition.dir) === join(root, top));
    const isNew = !all.some(({ definition }) => definition.name === name);
    return [...all.map(({ key }) => key), ...isNew && rest.length > 0 ? newKey(top, name) : []];
  }
  if (top === "lib") {
    return services.filter(({ files, error }) => files.includes(path) || error !== null)
      .map(({ key }) => key);
  }
  const dir = top === "webapp" ? join(root, "webapp") : join(root, top ?? "", name ?? "");
  const known = services.find(({ definition }) => definition.dir === dir);
  if (known === undefined) return newKey(top, name);
  const inside = top === "webapp" ? [name, ...rest] : rest;
  if (inside[0] === "assets" && inside.length > 1) return [];
  const matters = path === dir || known.error !== null || known.files.includes(path) ||
    inside[0] === "assets" || inside[0] === "service.json" || CODE.has(extname(path));
  return matters ? [known.key] : [];
}

/** The key that a new folder's service would have. */
function newKey(top: string | undefined, name: string | undefined): string[] {
  if (top === "webapp") return ["webapp"];
  if (name === undefined || name === "" || /^[._]/.test(name)) return [];
  if (top === "services") return [name];
  return top === "apis" ? [`api:${name}`] : [];
}
