/**
 * Whether a page of this origin may connect (docs/contracts/xp.md, section 4).
 *
 * @param origin The `Origin` header; null: none was sent, so no browser is asking.
 * @param own Scheme, host and port that the client connected to.
 * @param listed `origins` of the manifest; undefined: it has none.
 * @param verdict The controller's `checkOrigin`; null: it has none.
 */
export function originAllowed(
  origin: string | null,
  own: string,
  listed: readonly string[] | undefined,
  verdict: boolean | null,
): boolean {
  // The operator's list binds the controller: its own check can narrow it, not widen it.
  if (verdict === false) return false;
  if (listed !== undefined) {
    return origin === null || listed.some((pattern) => matches(origin, pattern));
  }
  if (verdict === true) return true;
  if (origin === null) return true;
  const sent = normal(origin);
  return sent !== null && sent === normal(own);
}

/** A pattern is an origin, `scheme://*.domain` for all its subdomains, or `*`. */
function matches(origin: string, pattern: string): boolean {
  if (pattern === "*") return true;
  const sent = normal(origin);
  if (sent === null) return false;
  const wildcard = /^(https?:\/\/)\*(\..+)$/i.exec(pattern);
  if (wildcard === null) return sent === normal(pattern);
  const [, scheme, domain] = wildcard;
  const suffix = normal(`${scheme}x${domain}`)?.slice(scheme!.length + 1);
  return suffix !== undefined && sent.startsWith(scheme!.toLowerCase()) && sent.endsWith(suffix) &&
    sent.length > scheme!.length + suffix.length;
}

/** Lower case and without a default port; null if the text is not an origin, such as `null`. */
function normal(origin: string): string | null {
  // The URL parser forgives more than a browser sends: users, paths, backslashes, a missing slash.
  return /^https?:\/\/[^/?#\\@\s]+$/i.test(origin) ? URL.parse(origin)?.origin ?? null : null;
}
