import { join, relative } from "@std/path";
import { messageOf, SwitchboardError } from "../errors.ts";
import type { EndpointSource } from "../wire/mod.ts";
import { readArtefacts, strayArtefacts } from "./artefact.ts";
import type { ServiceDefinition, ServiceKind } from "./definition.ts";
import { readDescriptor } from "./descriptor.ts";
import { entriesOf, isFile, isFolder, isPlainPath } from "./files.ts";
import { readFlows, strayFlows } from "./flows.ts";
import { checkHostHas, defaultGrants, grantsOf } from "./grants.ts";
import { type ImportMap, readImportMap } from "./import_map.ts";
import { checkLinks } from "./links.ts";
import { manifestFile } from "./manifest.ts";

/** Extensions of controllers; where several files would do, the first counts. */
const EXTENSIONS = [".ts", ".js", ".mjs", ".cjs"];

/**
 * Finds the services of a root: the first-level folders of `services/` and `apis/`, and `webapp/`. A broken
 * one is returned with its error, so that the others can run.
 *
 * @param only Key of the one that is looked for; default: all.
 * @throws {SwitchboardError} `SB_ROOT`, if the root is no folder that can be read.
 */
export function discover(root: string, only?: string): ServiceDefinition[] {
  try {
    if (!Deno.statSync(root).isDirectory) throw new Error("it is not a folder");
  } catch (error) {
    const reason = error instanceof Deno.errors.NotFound
      ? "there is no such folder"
      : messageOf(error);
    throw new SwitchboardError("SB_ROOT", `Cannot serve "${root}": ${reason}`, { cause: error });
  }
  const found: [ServiceKind, string][] = [
    ...folders(join(root, "services")).map((name): [ServiceKind, string] => ["service", name]),
    ...folders(join(root, "apis")).map((name): [ServiceKind, string] => ["api", name]),
    ...(isFolder(join(root, "webapp"))
      ? [["webapp", "webapp"] satisfies [ServiceKind, string]]
      : []),
  ];
  let imports: ImportMap | undefined;
  const project: Project = {
    root,
    artefacts: readArtefacts(root),
    flows: readFlows(root),
    imports: () => imports ??= readImportMap(root),
  };
  return found.filter(([kind, name]) => only === undefined || keyOf(kind, name) === only)
    .map(([kind, name]) => define(project, kind, name));
}

/** What lies in `services/` and belongs to none of these services. */
export function strays(root: string, services: ReadonlySet<string>): SwitchboardError[] {
  return [...strayArtefacts(root, services), ...strayFlows(root)];
}

/** What all services of a root are defined with. */
interface Project {
  root: string;
  artefacts: ReturnType<typeof readArtefacts>;
  flows: ReturnType<typeof readFlows>;
  /** Read once, and only if a service comes to it; throws for each of them. */
  imports(): ImportMap;
}

function define(project: Project, kind: ServiceKind, name: string): ServiceDefinition {
  const { root, artefacts, flows } = project;
  const dir = kind === "webapp"
    ? join(root, "webapp")
    : join(root, kind === "service" ? "services" : "apis", name);
  const lib = join(root, "lib");
  const assets = join(dir, "assets");
  const service: ServiceDefinition = {
    kind,
    name,
    key: keyOf(kind, name),
    dir,
    systems: [],
    endpoints: [],
    imports: [],
    manifest: {},
    grants: defaultGrants(dir, lib),
    allow: null,
    assets: isFolder(assets) ? assets : null,
    error: null,
    problems: [],
    warnings: [],
  };
  try {
    if (kind === "service" && service.key !== name) {
      throw new SwitchboardError(
        "SB_SERVICE",
        `Cannot start service "${name}": its URLs would be those of another kind; ` +
          `call it something else than "webapp", without ":"`,
      );
    }
    const shown = relative(root, join(dir, "service.json"));
    service.manifest = manifestFile.read(join(dir, "service.json"), shown) ?? {};
    service.grants = grantsOf(service.manifest, dir, lib, shown);
    checkHostHas(service.grants, service.key, shown);
    checkLinks(root, dir, service.grants.read);
    service.imports = project.imports();
    service.allow = service.manifest.allow ?? readDescriptor(dir, name);
    const modules = service.manifest.messageModules ?? [];
    const own = <T extends { service: string }>(all: T[]) =>
      kind === "service" ? all.filter((one) => one.service === name) : [];
    const sources = [...own(artefacts.found), ...own(flows.found)].map(({ source }) => source);
    // A module that messages run or events pass through is no controller, whatever it is called.
    const taken = [
      ...modules.map((module) => join(dir, module)),
      ...sources.flatMap(({ flow }) => flow?.nodes.map(({ file }) => file) ?? []),
    ];
    const file = EXTENSIONS.map((extension) => join(dir, name + extension))
      .find((controller) => !taken.includes(controller) && isFile(controller));
    if (file !== undefined) service.endpoints.push({ id: "xp", system: "xp", file, paths: [] });
    service.endpoints.push(...sources);
    service.problems = [...own(artefacts.broken), ...own(flows.broken)].map(({ error }) => error);
    if (kind === "service") service.endpoints.push(...messageModules(modules, dir, shown));
    service.systems = [...new Set(service.endpoints.map(({ system }) => system))];
    if (service.endpoints.length === 0) {
      throw service.problems[0] ?? new SwitchboardError(
        "SB_SERVICE",
        `Cannot start service "${service.key}": ` +
          `no controller ${name}{${EXTENSIONS.join(",")}} in ${relative(root, dir)}/`,
      );
    }
  } catch (error) {
    service.error = error instanceof SwitchboardError ? error : new SwitchboardError(
      "SB_SERVICE",
      `Cannot read service "${service.key}": ${messageOf(error)}`,
      {
        cause: error,
      },
    );
  }
  return service;
}

/** The controller that runs the modules that clients name (contract Dirigible, section 3). */
function messageModules(modules: string[], dir: string, shown: string): EndpointSource[] {
  for (const module of modules) {
    if (isPlainPath(module) && isFile(join(dir, module))) continue;
    throw new SwitchboardError(
      "SB_MANIFEST",
      `Cannot read manifest "${shown}": "messageModules" must list files of the service, ` +
        `got "${module}"`,
    );
  }
  return modules.length === 0
    ? []
    : [{ id: "messages", system: "dirigible-v2", file: dir, paths: [], modules, isShared: true }];
}

/** No two services have one key, whatever their folders are called. */
function keyOf(kind: ServiceKind, name: string): string {
  if (kind === "webapp") return "webapp";
  if (kind === "api") return `api:${name}`;
  return name === "webapp" || name.includes(":") ? `services/${name}` : name;
}

/** Names of the folders in a folder, sorted; hidden ones and those that start with `_` are nobody's service. */
function folders(path: string): string[] {
  return rootEntriesOf(path)
    // Of one that must not be read nothing else can be known.
    .filter(({ name, isDirectory }) =>
      !/^[._]/.test(name) && (isDirectory || isFolder(join(path, name)))
    )
    .map(({ name }) => name);
}

/** @throws {SwitchboardError} `SB_ROOT`, if the folder is there and cannot be read. */
function rootEntriesOf(folder: string): Deno.DirEntry[] {
  try {
    return entriesOf(folder);
  } catch (error) {
    throw new SwitchboardError("SB_ROOT", `Cannot read "${folder}": ${messageOf(error)}`, {
      cause: error,
    });
  }
}
