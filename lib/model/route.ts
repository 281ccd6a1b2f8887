import type { RouteMatch } from "./request.ts";

/** Where a service lies below its root: `services/`, `apis/` or `webapp/`. */
export type ServiceKind = "service" | "api" | "webapp";

/** Where a URL leads: a service, and the part of the path that names it. */
export interface Route {
  /** Key of the service, for example `chat`, `api:chat` or `webapp`. */
  key: string;
  contextPath: string;
  /** The rest of the path after the context path, decoded, without a leading slash. */
  rest: string;
  /** Id of the controller; null: the one at the service's own URL, if there is one. */
  endpoint: string | null;
  /** The controller's path that led here; null: the service's own. */
  match: RouteMatch | null;
}

/** How the services of a server are reached by their names. */
export interface UrlRules {
  /**
   * The service that a path leads to; null: none.
   *
   * @param rawPath The path as it came.
   * @param app Name of the application.
   * @throws {URIError} If the path has a broken percent-encoding.
   * @throws {OtherApplication} If the path names another application.
   */
  findRoute(rawPath: string, app: string): Route | null;
  /** The shortest URL of a service. */
  urlOf(kind: ServiceKind, name: string, app: string): string;
}

/** A URL names an application that this server does not serve. */
export class OtherApplication extends Error {
  override name = "OtherApplication";
}
