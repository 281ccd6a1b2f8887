import type { Flow } from "./flow.ts";

/** A controller of a service: the system that calls it, and its file. */
export interface EndpointSource {
  /** Unique among the service's controllers; stays the same when the service is edited. */
  id: string;
  /** Name of the system, for example `xp`. */
  system: string;
  /** Absolute path. */
  file: string;
  /** Paths that lead to it, in place of the service's own, see `RoutePattern`; empty, if only that does. */
  paths: string[];
  /** The content of its file, for a system whose file is not code. */
  flow?: Flow;
  /** Modules that its messages may name, for a system whose messages do. */
  modules?: string[];
  /** Whether it takes part in a path that several services share, where each message names its service. */
  isShared?: boolean;
}
