import { basename, dirname, extname, join, relative, SEPARATOR } from "@std/path";
import { messageOf, SwitchboardError } from "../errors.ts";
import { entriesOf, isFolder } from "../service/mod.ts";

/** Quiet time after which a burst of changes is over, ms. */
const QUIET_MS = 40;

/** What the watcher must know of a service. */
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

/**
 * Watches a root for changes that concern services: code, manifests, and what the code loaded. Static files
 * are served as they are, and what a service writes into its own folder is its own business.
 */
export class Watcher implements Disposable {
  #watcher: Deno.FsWatcher;
  #isClosed = false;
  readonly #paths = new Set<string>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param services The services as they are now.
   * @param onChange Called with the keys of those concerned; a new folder's key may be among them.
   * @param onError Called when it cannot watch any more.
   */
  constructor(
    private readonly root: string,
    private readonly services: () => readonly Watched[],
    private readonly onChange: (keys: string[]) => void,
    onError: (error: unknown) => void,
  ) {
    this.#watcher = this.#open();
    this.#run().catch(onError);
  }

  [Symbol.dispose](): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#watcher.close();
  }

  #open(): Deno.FsWatcher {
    // Not all of the root: it may hold a repository, or modules by the thousand.
    const folders = FOLDERS.map((name) => join(this.root, name)).filter(isFolder);
    try {
      return Deno.watchFs(folders.length === 0 ? [this.root] : folders, {
        recursive: folders.length > 0,
      });
    } catch (error) {
      throw new SwitchboardError(
        "SB_ROOT",
        `Cannot watch "${this.root}": ${messageOf(error)}; make all of it readable, or use serve`,
        { cause: error },
      );
    }
  }

  async #run(): Promise<void> {
    while (!this.#isClosed) {
      let isReopened = false;
      for await (const { kind, paths } of this.#watcher) {
        if (kind === "access") continue;
        this.#changed(paths);
        // The first of the folders has come: from now on they are watched, not the root.
        if (paths.some((path) => dirname(path) === this.root && FOLDERS.includes(basename(path)))) {
          isReopened = true;
          break;
        }
      }
      if (!isReopened || this.#isClosed) break;
      this.#watcher = this.#open();
      // What has come before they were watched.
      for (const folder of FOLDERS.map((name) => join(this.root, name))) {
        this.#changed(entriesOf(folder).map(({ name }) => join(folder, name)));
      }
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
    const services = this.services();
    const keys = new Set(paths.flatMap((path) => concerned(path, this.root, services)));
    if (keys.size > 0) this.onChange([...keys]);
  }
}

/** Keys of the services that a change of this path concerns. */
export function concerned(path: string, root: string, services: readonly Watched[]): string[] {
  const [top, name, ...rest] = relative(root, path).split(SEPARATOR);
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
