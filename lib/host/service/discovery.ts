import { join, relative } from "@std/path";
import { messageOf, SwitchboardError } from "../../base/errors.ts";
import type { EndpointSource, ServiceKind } from "../../model/mod.ts";
import type { ServiceFolder, SystemRoot } from "../../systems/system.ts";
import { SYSTEMS } from "./systems.ts";
import type { ServiceDefinition } from "./definition.ts";
import { entriesOf, isFolder } from "../../base/files.ts";
import { checkHostHas, defaultGrants, grantsOf } from "./grants.ts";
import { type ImportMap, readImportMap } from "./import_map.ts";
import { checkLinks } from "./links.ts";
import { manifestFile } from "./manifest.ts";

/**
 * Finds the services of a root: the first-level folders of `services/` and `apis/`, and `webapp/`. A broken
 * one is returned with its error, so that the others can run.
 *
 * @param only Key of the one that is looked for; default: all.
 * @throws {SwitchboardError} `SB_ROOT`, if the root is not a folder that can be read.
 */
export function discover(root: string, only?: string): ServiceDefinition[] {
  return definitions(projectOf(root), only);
}

/**
 * Finds all services of a root, and the files in `services/` that belong to none of them.
 *
 * @throws {SwitchboardError} `SB_ROOT`, if the root is not a folder that can be read.
 */
export function discoverAll(
  root: string,
): { services: ServiceDefinition[]; strays: SwitchboardError[] } {
  const project = projectOf(root);
  const services = definitions(project);
  const keys = new Set(services.map(({ key }) => key));
  return { services, strays: project.systems.flatMap((system) => system.strays?.(keys) ?? []) };
}

/** The data that all services of a root share. */
interface Project {
  root: string;
  systems: readonly SystemRoot[];
  /** Read once, and only if a service comes to it; throws for each of them. */
  imports(): ImportMap;
}

function projectOf(root: string): Project {
  try {
    if (!Deno.statSync(root).isDirectory) throw new Error("it is not a folder");
  } catch (error) {
    const reason = error instanceof Deno.errors.NotFound
      ? "there is no such folder"
      : messageOf(error);
    throw new SwitchboardError("SB_ROOT", `Cannot serve "${root}": ${reason}`, { cause: error });
  }
  let imports: ImportMap | undefined;
  return {
    root,
    systems: SYSTEMS.map((system) => system.read(root)),
    imports: () => imports ??= readImportMap(root),
  };
}

function definitions(project: Project, only?: string): ServiceDefinition[] {
  const { root } = project;
  const found: [ServiceKind, string][] = [
    ...folders(join(root, "services")).map((name): [ServiceKind, string] => ["service", name]),
    ...folders(join(root, "apis")).map((name): [ServiceKind, string] => ["api", name]),
    ...(isFolder(join(root, "webapp"))
      ? [["webapp", "webapp"] satisfies [ServiceKind, string]]
      : []),
  ];
  return found.filter(([kind, name]) => only === undefined || keyOf(kind, name) === only)
    .map(([kind, name]) => define(project, kind, name));
}

function define(project: Project, kind: ServiceKind, name: string): ServiceDefinition {
  const { root, systems } = project;
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
        `Cannot start service "${name}": its URLs would be those of an API or a web app; ` +
          `choose another name than "webapp", without ":"`,
      );
    }
    const shown = relative(root, join(dir, "service.json"));
    service.manifest = manifestFile.read(join(dir, "service.json"), shown) ?? {};
    service.grants = grantsOf(service.manifest, dir, lib, shown);
    checkHostHas(service.grants, service.key, shown);
    checkLinks(root, dir, service.grants.read);
    service.imports = project.imports();
    service.allow = service.manifest.allow ??
      SYSTEMS.values().map((system) => system.allow?.(dir, name) ?? null)
        .find((allow) => allow !== null) ??
      null;
    const messageModules = service.manifest.messageModules ?? [];
    const folder: ServiceFolder = { kind, name, dir, manifest: shown, messageModules };
    const parts = systems.flatMap((system) => system.parts?.(folder) ?? []);
    service.problems = systems.flatMap((system) => system.problems?.(folder) ?? []);
    service.endpoints = systems.flatMap((system) => system.endpoints(folder, parts))
      .sort((a, b) => distanceOf(a) - distanceOf(b));
    service.systems = [...new Set(service.endpoints.map(({ system }) => system))];
    if (service.endpoints.length === 0) {
      const expected = SYSTEMS.flatMap((system) => system.expected?.(name) ?? []).join(", ");
      throw service.problems[0] ?? new SwitchboardError(
        "SB_SERVICE",
        `Cannot start service "${service.key}": ` +
          `no controller ${expected} in ${relative(root, dir)}/`,
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

/** The order of a service's controllers: at its own URL, at paths, on a path that services share. */
function distanceOf({ paths, isShared }: EndpointSource): number {
  return isShared === true ? 2 : paths.length > 0 ? 1 : 0;
}

/** Keys of services are unique, whatever the names of their folders. */
function keyOf(kind: ServiceKind, name: string): string {
  if (kind === "webapp") return "webapp";
  if (kind === "api") return `api:${name}`;
  return name === "webapp" || name.includes(":") ? `services/${name}` : name;
}

/** Names of the folders in a folder, sorted; hidden ones and those that start with `_` are not services. */
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
