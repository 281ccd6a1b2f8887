/**
 * A service on disk: its place, its permissions, the principals that may enter.
 *
 * Comes in: a root folder. Goes out: {@linkcode ServiceDefinition}s, the broken ones with their error.
 *
 * @module
 */
export { discover, discoverAll } from "./discovery.ts";
export { type ServiceDefinition } from "./definition.ts";
export { readDenoConfig } from "./deno_config.ts";
export { type ImportMap, readImportMap } from "./import_map.ts";
export { type Manifest, PERMISSION_KINDS, type PermissionKind } from "./manifest.ts";
export { DEFAULT_MANIFEST, DEFAULT_SETTINGS } from "./defaults.ts";
export { describeGrants, type Grants, narrowed } from "./grants.ts";
export type {
  AuthSettings,
  JwtSettings,
  OverLimit,
  PartialSettings,
  Settings,
} from "./settings.ts";
export { readSettings } from "./read_settings.ts";
export { authModuleDefinition } from "./auth_module.ts";
