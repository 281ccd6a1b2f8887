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
} from "./lib/host/switchboard.ts";
export type { SwitchboardOptions } from "./lib/host/options.ts";
export type { GroupSendOptions, Message } from "./lib/websocket.ts";
export { type ErrorCode, SwitchboardError } from "./lib/base/errors.ts";
export type { Log, LogAbout } from "./lib/host/observe/mod.ts";
export type { HubStats } from "./lib/host/hub/mod.ts";
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
  Settings,
} from "./lib/host/service/mod.ts";
export type {
  EndpointSource,
  Flow,
  FlowEdge,
  FlowNode,
  PortRef,
  ServiceKind,
} from "./lib/model/mod.ts";
