/** Longest close reason, in bytes of UTF-8 (RFC 6455, section 5.5: 125 less the code). */
export const MAX_REASON_BYTES = 123;

/**
 * The problem with a close code that an endpoint wants to send, or null.
 *
 * Allowed are the codes of RFC 6455, section 7.4 that may appear in a frame, and those left to applications:
 * any other breaks the client.
 */
export function closeCodeProblem(code: unknown): string | null {
  const allowed = typeof code === "number" && Number.isInteger(code) &&
    (code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006 ||
      code >= 3000 && code <= 4999);
  return allowed
    ? null
    : `Close code must be 1000 to 1003, 1007 to 1014 or 3000 to 4999, got ${String(code)}`;
}
