/**
 * The wire: what a host and an isolate say to each other, and the inner end of it.
 *
 * Comes in: nothing of Switchboard's but its errors. `hub` and `gateway` never see it; `isolate` speaks it
 * from both sides; `xp` and `websocket.ts` see the host only through {@linkcode link}.
 *
 * @module
 */
export * from "./protocol.ts";
export * from "./flow.ts";
export * from "./endpoint.ts";
export { connectOnly } from "./connect_only.ts";
export { explain, userStack } from "./explain.ts";
export * from "./link.ts";
export { addParams, type QueryParams, queryParams } from "./query.ts";
export { bytesOf } from "./bytes.ts";
export { messageText } from "./message_text.ts";
export { GroupGrant } from "./group_grant.ts";
