import { dirname, join, relative, resolve } from "@std/path";
import { SwitchboardError } from "../../base/errors.ts";
import type { ServiceDefinition } from "./definition.ts";
import { isFile } from "../../base/files.ts";
import { checkHostHas, grantsOf } from "./grants.ts";
import { readImportMap } from "./import_map.ts";
import { checkLinks } from "./links.ts";
import { type Manifest, manifestFile } from "./manifest.ts";
import type { AuthSettings } from "./settings.ts";

const SHOWN = "switchboard.json";

/**
 * The module of `auth.module`, as a service definition. It reads its own folder and `ROOT/lib`; if it lies at
 * the root itself, only its own file, for everything else lies there too.
 *
 * @throws {SwitchboardError} `SB_AUTH`, if it is not there; `SB_GRANT`, if it asks for a grant that it cannot have;
 * `SB_MANIFEST`, if `auth.permissions` is not as in a manifest.
 */
export function authModuleDefinition(
  root: string,
  { module = "", permissions = {} }: AuthSettings,
): ServiceDefinition {
  const file = resolve(root, module);
  if (!isFile(file)) {
    throw new SwitchboardError(
      "SB_AUTH",
      `There is no "${module}", named by "auth.module" in ${SHOWN}`,
    );
  }
  const dir = dirname(file);
  const lib = join(root, "lib");
  const manifest: Manifest = manifestFile.parse(
    JSON.stringify({ permissions }),
    `auth of ${SHOWN}`,
  );
  const grants = grantsOf(manifest, dir, lib, SHOWN);
  if (dir === root && grants.read !== true) {
    grants.read = grants.read.map((path) => path === dir ? file : path);
  }
  checkHostHas(grants, "auth.module", SHOWN);
  if (dir !== root) checkLinks(root, dir, grants.read);
  return {
    kind: "service",
    name: "auth",
    key: `auth module ${relative(root, file)}`,
    dir,
    systems: ["auth"],
    endpoints: [{ id: "auth", system: "auth", file, paths: [] }],
    imports: readImportMap(root),
    manifest,
    grants,
    allow: null,
    assets: null,
    error: null,
    problems: [],
    warnings: [],
  };
}
