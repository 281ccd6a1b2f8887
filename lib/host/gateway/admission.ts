import type { Identity } from "../../model/mod.ts";

/** Principals of every client, authenticated or not. */
const EVERYBODY = ["role:system.everyone", "user:system:anonymous"];

/** The result of an attempt to enter: 401 asks for authentication, 403 rejects the user. */
export type Admission = "admitted" | "unknown" | "forbidden";

/**
 * Whether a client may enter a service (docs/contracts/xp.md, section 4).
 *
 * @param allow Principals that may enter; null: all.
 * @param identity The client's identity; null: anonymous.
 */
export function admission(allow: readonly string[] | null, identity: Identity | null): Admission {
  if (allow === null || allow.includes(EVERYBODY[0]!)) return "admitted";
  if (identity === null) return allow.includes(EVERYBODY[1]!) ? "admitted" : "unknown";
  const { user, roles } = identity;
  const isAllowed = allow.includes(user.key) || roles.some((role) => allow.includes(role));
  return isAllowed ? "admitted" : "forbidden";
}
