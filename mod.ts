/**
 * Switchboard: a runtime for websocket applications made of small controller scripts, each service in an
 * isolate of its own.
 *
 * @example
 * ```ts
 * import { Switchboard } from "@switchboard/switchboard";
 *
 * await using board = await Switchboard.open({ root: ".", port: 0 });
 * const { url } = await board.listen();
 * console.log(`Listening on ${url}`);
 * ```
 *
 * @module
 */
export {
  type Effects,
  type HandledEvent,
  type ListenAddress,
  type ServiceStatus,
  Switchboard,
  type Trace,
} from "./lib/switchboard.ts";
export type { SwitchboardOptions } from "./lib/options.ts";
export type { GroupSendOptions, Message } from "./lib/websocket.ts";
export { type ErrorCode, SwitchboardError } from "./lib/errors.ts";
export type { Log, LogAbout } from "./lib/observe/mod.ts";
export type { HubStats } from "./lib/hub/mod.ts";
export type {
  AuthSettings,
  Grants,
  ImportMap,
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
