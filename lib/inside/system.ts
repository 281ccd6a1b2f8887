import type { EndpointSource } from "../model/mod.ts";
import type { Endpoint, Loader } from "./endpoint.ts";

/** The inside of a script system: the loading of its controllers, and the modules that they can import. */
export interface InsideSystem {
  /** How controllers are loaded, by the `system` of their {@linkcode EndpointSource}. */
  readonly controllers: Readonly<Record<string, LoadController>>;
  /** Modules that every service can import, by id; `lib/` stands for `/lib/` too. */
  readonly library?: Readonly<Record<string, LibraryModule>>;
  /** Called once, before any controller is loaded. */
  start?(loader: Loader): void;
}

/**
 * Loads a controller.
 *
 * @throws {Error} What the controller throws while it loads.
 */
export type LoadController = (source: EndpointSource, loader: Loader) => Promise<Endpoint>;

/** A module of the runtime that services can import. */
export interface LibraryModule {
  readonly url: string;
  readonly module: unknown;
}
