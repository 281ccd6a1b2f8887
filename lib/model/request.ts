import type { Identity } from "./identity.ts";

/** A path with parameters that a request was for. */
export interface RouteMatch {
  /** As the service has it, for example `/rooms/:room`. */
  path: string;
  /** Values of its parameters, decoded. */
  params: Record<string, string>;
}

/** A request, free of any system's calling convention. */
export interface NeutralRequest {
  /** Its id in the log. */
  id: string;
  /** Id of the controller that it is for. */
  endpoint: string;
  /** The path of the controller that led to it; null: the service's own. */
  route: RouteMatch | null;
  method: string;
  /** The whole URL, as the client asked for it. */
  url: string;
  scheme: string;
  host: string;
  port: number;
  /** Decoded path. */
  path: string;
  rawPath: string;
  /** The part of the path that names the service. */
  contextPath: string;
  /** The client's, and after it those of the trusted proxies on the way here, less the last. */
  addresses: [string, ...string[]];
  headers: [string, string][];
  cookies: Record<string, string>;
  body: Uint8Array | null;
  /** Whether the client asks for a websocket. */
  upgrade: boolean;
  /** The client's identity; null: anonymous. */
  identity: Identity | null;
}
