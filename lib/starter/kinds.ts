/** Systems that a new service can be written for. */
export const STARTER_KINDS = ["xp", "dirigible", "lolo"] as const;

/** One of {@linkcode STARTER_KINDS}. */
export type StarterKind = typeof STARTER_KINDS[number];
