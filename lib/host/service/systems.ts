import * as registered from "../../systems/host.ts";
import type { SharedPath, UrlRules } from "../../model/mod.ts";
import type { System } from "../../systems/system.ts";

/** The script systems. The list is that of a module's exports: nothing can be added while the server runs. */
export const SYSTEMS: readonly System[] = Object.values(registered);

/** How services are reached by their names. */
export const URLS: UrlRules = SYSTEMS.flatMap(({ urls }) => urls ?? [])[0]!;

/** Paths that several services share. */
export const SHARED_PATHS: readonly SharedPath[] = SYSTEMS.flatMap(({ sharedPath }) =>
  sharedPath ?? []
);

/** Names that controllers of these systems find in the global scope. */
export function globalsOf(systems: readonly string[]): string[] {
  return SYSTEMS.filter(({ name }) => systems.includes(name)).flatMap(({ globals }) =>
    globals ?? []
  );
}
