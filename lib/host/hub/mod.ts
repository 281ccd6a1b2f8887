/**
 * The hub: sessions, groups, and the delivery of messages to them.
 *
 * Comes in: connections (anything that can send and close) and owners, which handle a session's events.
 * It knows neither HTTP nor controllers.
 *
 * @module
 */
export { type Connection, LEAST_BYTES_PER_SEC, SLOW_CONSUMER } from "./connection.ts";
export { Hub, type HubOptions, type HubStats } from "./hub.ts";
export { Session, type SessionInit, type SessionLimits, type SessionOwner } from "./session.ts";
