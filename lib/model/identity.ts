/** A user as controllers see it (docs/contracts/xp.md, section 3). */
export interface User {
  /** `user:<idProvider>:<login>`. */
  key: string;
  /** Name for people. */
  displayName: string;
  /** When the user was last changed (ISO 8601). */
  modifiedTime?: string;
  /** Whether the user may no longer log in. */
  disabled: boolean;
  /** Electronic mail address. */
  email?: string;
  /** Name to log in with. */
  login: string;
  /** The provider that authenticated the user. */
  idProvider: string;
}

/** An authenticated user with their roles. */
export interface Identity {
  user: User;
  /** All that the user has, `role:` in front. */
  roles: readonly string[];
  /** When it ends to be known, ms since 1970; null: never. */
  expiresAt: number | null;
}
