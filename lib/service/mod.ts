/**
 * A service on disk: where it lies, what it may do, who may enter.
 *
 * Comes in: a root folder. Goes out: {@linkcode ServiceDefinition}s, the broken ones with their error.
 *
 * @module
 */
export { entriesOf, isFile, isFolder, isWithin } from "./files.ts";
export { discover, strays } from "./discovery.ts";
export { type ServiceDefinition, type ServiceKind } from "./definition.ts";
export { readDenoConfig } from "./deno_config.ts";
export { type ImportMap, readImportMap } from "./import_map.ts";
export { type Manifest, PERMISSION_KINDS, type PermissionKind } from "./manifest.ts";
export { describeGrants, type Grants, narrowed } from "./grants.ts";
export {
  type AuthSettings,
  DEFAULT_SETTINGS,
  type JwtSettings,
  type OverLimit,
  type PartialSettings,
  readSettings,
  type Settings,
} from "./settings.ts";
export { authModuleDefinition } from "./auth_module.ts";
export { JsonFile } from "./json_file.ts";
export { nearest } from "./nearest.ts";
export { JsonFileError, lineAndColumn } from "./json_error.ts";
export { RESERVED_PATHS } from "./flow.ts";
