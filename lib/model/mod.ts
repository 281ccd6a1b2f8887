/**
 * Data that crosses rooms: users, requests, replies, sessions, controllers, routes, flows.
 *
 * @module
 */
export * from "./authentication.ts";
export * from "./bus_event.ts";
export * from "./endpoint_source.ts";
export * from "./flow.ts";
export * from "./identity.ts";
export * from "./message.ts";
export * from "./reply.ts";
export * from "./request.ts";
export * from "./route.ts";
export * from "./session_info.ts";
export * from "./shared_path.ts";
export * from "./starter.ts";
