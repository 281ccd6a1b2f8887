import type { Identity } from "./identity.ts";

/** The parts of a request that authentication needs. */
export interface AuthRequest {
  /** Of the request, for the log. */
  id: string;
  headers: Headers;
  /** As the client asked for it. */
  url: string;
  method: string;
  cookies: Record<string, string>;
  /** The client's. */
  address: string;
}

/**
 * The result of an authentication: an identity (null: anonymous), wrong credentials (genuine if a trusted party has
 * signed them, as with an expired token), or the reason why credentials cannot be checked at the moment.
 */
export type AuthOutcome =
  | { identity: Identity | null }
  | { wrong: string; isGenuine?: boolean }
  | { unavailable: string };
