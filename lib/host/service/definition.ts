import type { EndpointSource, ServiceKind } from "../../model/mod.ts";
import type { SwitchboardError } from "../../base/errors.ts";
import type { Grants } from "./grants.ts";
import type { ImportMap } from "./import_map.ts";
import type { Manifest } from "./manifest.ts";

/** One service as found on disk. */
export interface ServiceDefinition {
  /** Where it lies. */
  kind: ServiceKind;
  /** Its folder's name. */
  name: string;
  /** Unique among all kinds: `chat`, `api:chat`, `webapp`. */
  key: string;
  /** Absolute folder. */
  dir: string;
  /** Systems that its controllers are written for. */
  systems: string[];
  /** Its controllers. */
  endpoints: EndpointSource[];
  /** The import map of its root's `deno.json`. */
  imports: ImportMap;
  /** Its `service.json`; empty if it has none. */
  manifest: Manifest;
  /** Permissions of its isolate. */
  grants: Grants;
  /** Principals that may enter; null: all. */
  allow: string[] | null;
  /** Absolute folder of its static files, if there is one. */
  assets: string | null;
  /** Why it cannot run. */
  error: SwitchboardError | null;
  /** Why some of its controllers are not served. */
  problems: SwitchboardError[];
  /** Warnings for its owner. */
  warnings: string[];
}
