/**
 * The front door: URLs, admission, upgrades, static files.
 *
 * Comes in: HTTP requests, and services that answer neutral requests. It knows no system's calling convention.
 *
 * @module
 */
export { type LandingEntry, landingPage } from "./landing.ts";
export { type SocketEntry } from "./client_panel.ts";
export { originAllowed } from "./origin.ts";
export { DenoTransport } from "./deno_transport.ts";
export { type Transport } from "./transport.ts";
export { type Origin } from "./neutral.ts";
export { isLoopback } from "./address.ts";
export { Quotas } from "./quotas.ts";
export { type RefusalCause } from "./refusal.ts";
export {
  Gateway,
  type GatewayAuthenticator,
  type GatewayOptions,
  type PeerInfo,
} from "./gateway.ts";
export { type GatewayService, type Mount } from "./service.ts";
