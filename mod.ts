/**
 * Switchboard: a runtime for websocket applications made of small controller scripts, each service in an
 * isolate of its own.
 *
 * @example
 * ```ts
 * import { Switchboard } from "@switchboard/switchboard";
 *
 * await using board = await Switchboard.open({ root: ".", port: 0 });
 * const { hostname, port } = await board.listen();
 * console.log(`Listening on http://${hostname}:${port}`);
 * ```
 *
 * @module
 */
export { type ServiceStatus, Switchboard, type SwitchboardOptions } from "./lib/switchboard.ts";
export { type ErrorCode, SwitchboardError } from "./lib/errors.ts";
export type { Log, LogAbout } from "./lib/observe/mod.ts";
export type { HubStats } from "./lib/hub/mod.ts";
export type {
  AuthSettings,
  Grants,
  JwtSettings,
  Manifest,
  OverLimit,
  PartialSettings,
  PermissionKind,
  ServiceDefinition,
  ServiceKind,
  Settings,
} from "./lib/service/mod.ts";
export type { EndpointSource, Flow, FlowEdge, FlowNode, PortRef } from "./lib/wire/mod.ts";
