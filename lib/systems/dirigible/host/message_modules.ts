import { join } from "@std/path";
import { SwitchboardError } from "../../../base/errors.ts";
import { isFile, isPlainPath } from "../../../base/files.ts";
import type { EndpointSource } from "../../../model/mod.ts";
import type { ServiceFolder } from "../../system.ts";

/** The files that messages may name. */
export function messageModuleFiles({ dir, messageModules }: ServiceFolder): string[] {
  return messageModules.map((module) => join(dir, module));
}

/**
 * The controller that runs the modules that messages name (docs/contracts/dirigible.md, section 3).
 *
 * @throws {SwitchboardError} `SB_MANIFEST`, if one of them is not a file of the service.
 */
export function messageEndpoint(
  { kind, dir, manifest, messageModules }: ServiceFolder,
): EndpointSource[] {
  if (kind !== "service" || messageModules.length === 0) return [];
  for (const module of messageModules) {
    if (isPlainPath(module) && isFile(join(dir, module))) continue;
    throw new SwitchboardError(
      "SB_MANIFEST",
      `Cannot read manifest "${manifest}": "messageModules" must list files of the service, ` +
        `got "${module}"`,
    );
  }
  const modules = [...messageModules];
  return [{
    id: "messages",
    system: "dirigible-v2",
    file: dir,
    paths: [],
    modules,
    isShared: true,
  }];
}
