import type { SwitchboardError } from "../base/errors.ts";
import type { EndpointSource, ServiceKind, SharedPath, Starter, UrlRules } from "../model/mod.ts";

/**
 * The host side of a script system: how its controllers are found and reached. Each system is a folder beside
 * this file and a line in `host.ts` and in `inside.ts`.
 */
export interface System {
  /** For example `xp`. The `system` of each of its {@linkcode EndpointSource}s is this name, or begins with it and `-`. */
  readonly name: string;
  /** Looks through a root once, for all of its services. */
  read(root: string): SystemRoot;
  /** Principals that a file of this system lets into a service; null: the system says nothing about it. */
  allow?(dir: string, name: string): string[] | null;
  /** The file name of a service's controller, for the error of a service that has none. */
  expected?(name: string): string;
  /** How services are reached by their names; one system has them. */
  readonly urls?: UrlRules;
  /** A path that the services of this system share. */
  readonly sharedPath?: SharedPath;
  /** Names that its controllers find in the global scope, and that a type checker does not know. */
  readonly globals?: readonly string[];
  /** Whether its controllers name all the groups that they use, so that an unnamed one is unused. */
  readonly namesItsGroups?: boolean;
  /**
   * A service to begin with.
   *
   * @throws {SwitchboardError} `SB_STARTER`, if no service of this system can have that name.
   */
  starter(name: string, isJs: boolean): Starter;
}

/** The findings of a system below a root. */
export interface SystemRoot {
  /** Files of a service that are parts of controllers, and so no controllers themselves. */
  parts?(service: ServiceFolder): readonly string[];
  /**
   * Its controllers in a service.
   *
   * @param parts Files that are parts of the service's controllers, whatever their system.
   * @throws {SwitchboardError} If the service cannot start because of one.
   */
  endpoints(service: ServiceFolder, parts: readonly string[]): EndpointSource[];
  /** Why some of its controllers in a service cannot be served. */
  problems?(service: ServiceFolder): SwitchboardError[];
  /**
   * Its files that belong to none of the services.
   *
   * @param services Names of the services.
   */
  strays?(services: ReadonlySet<string>): SwitchboardError[];
}

/** A service's folder, as far as a system has to know it. */
export interface ServiceFolder {
  readonly kind: ServiceKind;
  readonly name: string;
  /** Absolute. */
  readonly dir: string;
  /** Path of its manifest, for messages. */
  readonly manifest: string;
  /** Modules that messages may name, relative to the folder. */
  readonly messageModules: readonly string[];
}

/** A filter of files below `services/` by the service that they belong to; APIs and the web app have none. */
export function isOf({ kind, name }: ServiceFolder): (file: { service: string }) => boolean {
  return ({ service }) => kind === "service" && service === name;
}
