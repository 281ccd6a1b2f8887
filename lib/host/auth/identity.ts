import type { Identity, User } from "../../model/mod.ts";

/** Roles of every authenticated user, as in XP. */
const KNOWN = ["role:system.everyone", "role:system.authenticated"];

/** Claims about a user, from any source. */
export interface Claims {
  /** The provider that authenticated the user. */
  idProvider: string;
  /** Unique among the users of the provider. */
  id: string;
  login?: string | undefined;
  displayName?: string | undefined;
  email?: string | undefined;
  roles?: readonly string[];
  /** Milliseconds since 1970; null: never. */
  expiresAt?: number | null;
}

/** An identity from claims. */
export function identityOf(claims: Claims): Identity {
  const { idProvider, id, login = id, displayName = login, email, expiresAt = null } = claims;
  const user: User = {
    key: `user:${idProvider}:${id}`,
    displayName,
    disabled: false,
    ...(email !== undefined && { email }),
    login,
    idProvider,
  };
  const own = (claims.roles ?? []).map((role) => role.startsWith("role:") ? role : `role:${role}`);
  return { user, roles: [...new Set([...KNOWN, ...own])], expiresAt };
}
