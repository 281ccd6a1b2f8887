import { join, relative } from "@std/path";
import { messageOf, SwitchboardError } from "../errors.ts";
import type { ServiceDefinition, ServiceKind } from "./definition.ts";
import { readDescriptor } from "./descriptor.ts";
import { checkHostHas, defaultGrants, grantsOf } from "./grants.ts";
import { checkLinks } from "./links.ts";
import { manifestFile, unenforced } from "./manifest.ts";

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
  return found.filter(([kind, name]) => only === undefined || keyOf(kind, name) === only)
    .map(([kind, name]) => define(root, kind, name));
}

function define(root: string, kind: ServiceKind, name: string): ServiceDefinition {
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
    manifest: {},
    grants: defaultGrants(dir, lib),
    allow: null,
    assets: isFolder(assets) ? assets : null,
    error: null,
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
    service.warnings = unenforced(service.manifest).map((text) => `${shown}: ${text}`);
    service.grants = grantsOf(service.manifest, dir, lib, shown);
    checkHostHas(service.grants, service.key, shown);
    checkLinks(root, dir, service.grants.read);
    service.allow = service.manifest.allow ?? readDescriptor(dir, name);
    const file = EXTENSIONS.map((extension) => join(dir, name + extension)).find(isFile);
    if (file === undefined) {
      throw new SwitchboardError(
        "SB_SERVICE",
        `Cannot start service "${service.key}": ` +
          `no controller ${name}{${EXTENSIONS.join(",")}} in ${relative(root, dir)}/`,
      );
    }
    service.systems = ["xp"];
    service.endpoints = [{ system: "xp", file }];
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

/** No two services have one key, whatever their folders are called. */
function keyOf(kind: ServiceKind, name: string): string {
  if (kind === "webapp") return "webapp";
  if (kind === "api") return `api:${name}`;
  return name === "webapp" || name.includes(":") ? `services/${name}` : name;
}

/** Names of the folders in a folder, sorted; hidden ones and those that start with `_` are nobody's service. */
function folders(path: string): string[] {
  try {
    return [...Deno.readDirSync(path)].map((entry) => entry.name)
      .filter((name) => !/^[._]/.test(name) && isFolder(join(path, name))).sort();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      return [];
    }
    throw error;
  }
}

function isFolder(path: string): boolean {
  return stat(path)?.isDirectory ?? false;
}

function isFile(path: string): boolean {
  return stat(path)?.isFile ?? false;
}

function stat(path: string): Deno.FileInfo | null {
  try {
    return Deno.statSync(path);
  } catch {
    return null;
  }
}
