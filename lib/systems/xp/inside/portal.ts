/**
 * XP's `/lib/xp/portal`, as far as websocket controllers use it: URLs of services and APIs (docs/contracts/xp.md,
 * section 6).
 *
 * @module
 */
import { link } from "../../../inside/link.ts";
import { currentContext } from "./context.ts";
import { textArgument } from "./text_argument.ts";

/** Kind of URL: a path, one with scheme and host, or one with `ws:` or `wss:`. */
export type UrlType = "server" | "absolute" | "websocket";

/** Query parameters; null and undefined are left out, arrays are repeated. */
export type UrlParams = Record<string, unknown>;

/** The service of a URL. */
export interface ServiceUrlParams {
  /** Name of the service. */
  service: string;
  /** The application; this one if not given. */
  application?: string;
  /** Query parameters. */
  params?: UrlParams;
  /** Kind of URL. Default: `server`. */
  type?: UrlType;
}

/** The API of a URL. */
export interface ApiUrlParams {
  /** `<app>:<name>`, or the name of one of this application's. */
  api: string;
  /** The path below the API's own; in a list, each segment is encoded. */
  path?: string | string[];
  /** Query parameters. */
  params?: UrlParams;
  /** Kind of URL. Default: `server`. */
  type?: UrlType;
}

/**
 * URL of a service.
 *
 * @example
 * ```ts
 * import { serviceUrl } from "lib/xp/portal";
 *
 * export const get = () => ({
 *   body: { connectTo: serviceUrl({ service: "chat", type: "websocket", params: { name: "Ann" } }) },
 * });
 * ```
 *
 * @throws {TypeError} If the service is not given, or the type is unknown.
 * @throws {Error} For `absolute` and `websocket`, outside of a request or event: there is no host.
 */
export function serviceUrl(params: ServiceUrlParams): string {
  const service = textArgument(params?.service, "serviceUrl", "service");
  const app = params.application ?? link().boot.app.name;
  const path = `/_/service/${encodeURIComponent(app)}/${encodeURIComponent(service)}`;
  return finish("serviceUrl", path, params);
}

/**
 * URL of an API.
 *
 * @example
 * ```ts
 * import { apiUrl } from "lib/xp/portal";
 *
 * export const get = () => ({ redirect: apiUrl({ api: "news", path: ["today", "a/b"] }) });
 * ```
 *
 * @throws {TypeError} If the API is not given, or the type is unknown.
 * @throws {Error} For `absolute` and `websocket`, outside of a request or event: there is no host.
 */
export function apiUrl(params: ApiUrlParams): string {
  const api = textArgument(params?.api, "apiUrl", "api");
  const name = api.includes(":") ? api : `${link().boot.app.name}:${api}`;
  const rest = params.path === undefined || params.path === null
    ? []
    : Array.isArray(params.path)
    ? params.path
    : params.path.split("/").filter((segment) => segment !== "");
  const path = [
    "/api",
    encodeURIComponent(name).replace("%3A", ":"),
    ...rest.map(encodeURIComponent),
  ];
  return finish("apiUrl", path.join("/"), params);
}

function finish(call: string, path: string, { params, type = "server" }: {
  /** Query parameters. */
  params?: UrlParams;
  /** Kind of URL. Default: `server`. */
  type?: UrlType;
}): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(params ?? {})) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== null && one !== undefined) query.append(name, String(one));
    }
  }
  const url = query.size === 0 ? path : `${path}?${query}`;
  if (type === "server") return url;
  if (type !== "absolute" && type !== "websocket") {
    throw new TypeError(
      `Cannot call ${call}: "type" must be server, absolute or websocket, got "${type}"`,
    );
  }
  const context = currentContext();
  if (context === undefined) {
    throw new Error(
      `Cannot call ${call} with type "${type}" here: a host is known only inside a request or an event`,
    );
  }
  return (type === "websocket" ? context.origin.replace(/^http/, "ws") : context.origin) + url;
}
