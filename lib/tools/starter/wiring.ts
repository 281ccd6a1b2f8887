import config from "../../../deno.json" with { type: "json" };

/** How a project's `deno.json` leads to Switchboard. */
export interface Wiring {
  /** Packages on this machine that stand in for those of the registry. */
  links: string[];
  /** The package, and every id that controllers import. */
  imports: Record<string, string>;
  /** The import map of modules from other places; empty if they need none. */
  scopes: Record<string, Record<string, string>>;
  /** Host that modules come from, if Deno does not trust it by itself. */
  host: string | null;
  /** The command line that works in any folder. */
  command: string;
  /** The command line that works in the project. */
  ownCommand: string;
}

const PACKAGE = config.name;

/**
 * How a project finds the Switchboard that made it: the same registry, URL, folder or program.
 *
 * @param root The package's own folder, as a URL that ends with `/`.
 * @param isBinary Whether it runs as a compiled binary.
 */
export function wiringOf(
  root: string = new URL("../../../", import.meta.url).href,
  isBinary: boolean = Deno.build.standalone,
): Wiring {
  const { protocol, host } = new URL(root);
  if (isBinary) return { ...ofRegistry(), command: "switchboard", ownCommand: "switchboard" };
  if (host === "jsr.io") return ofRegistry();
  return protocol === "file:" ? ofFolder(root) : ofUrl(root, host);
}

function ofRegistry(): Wiring {
  const main = `jsr:${PACKAGE}@^${config.version}`;
  return {
    links: [],
    imports: { [PACKAGE]: main, ...libraryIds((subpath) => main + subpath) },
    scopes: {},
    host: null,
    command: `deno run -A --unstable-worker-options ${main}/cli`,
    ownCommand: `deno run -A --no-prompt ${PACKAGE}/cli`,
  };
}

function ofFolder(root: string): Wiring {
  // The published package has none.
  const { links = [] }: { name: string; links?: string[] } = config;
  return {
    ...ofRegistry(),
    // The package's own links hold only where it is the root.
    links: [root, ...links.map((link) => new URL(`${link}/`, root).href)],
    command: `deno run -A ${root}cli.ts`,
    // Deno warns of just that, each time.
    ownCommand: `deno run -q -A --no-prompt ${PACKAGE}/cli`,
  };
}

function ofUrl(root: string, host: string): Wiring {
  const urlOf = (file: string) => new URL(file, root).href;
  const exported = Object.entries(config.exports)
    .map(([subpath, file]) => [PACKAGE + subpath.slice(1), urlOf(file)]);
  const foreign = Object.entries(config.imports).filter(([, target]) => !target.startsWith("./"));
  return {
    ...ofRegistry(),
    imports: { ...Object.fromEntries(exported), ...libraryIds((_, file) => urlOf(file)) },
    scopes: { [root]: Object.fromEntries(foreign) },
    host,
    command: `deno run -A --unstable-worker-options ${urlOf("cli.ts")}`,
  };
}

/** Ids that controllers import, each with what it leads to. */
function libraryIds(target: (subpath: string, file: string) => string): Record<string, string> {
  const subpaths = new Map(
    Object.entries(config.exports).map(([subpath, file]) => [file, subpath]),
  );
  return Object.fromEntries(
    Object.entries(config.imports).flatMap(([id, file]) => {
      const subpath = subpaths.get(file);
      return subpath === undefined ? [] : [[id, target(subpath.slice(1), file)]];
    }),
  );
}
