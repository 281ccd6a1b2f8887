import { parseCookie, type SetCookie, stringifySetCookie } from "cookie";
import type { NeutralCookie } from "../../model/mod.ts";

/** Cookie values pass through unchanged: encoding and decoding them is the controller's task. */
const UNCHANGED = (value: string): string => value;

/**
 * The cookies of a request, by name. Never throws: a client can send anything, so a pair without a name or without
 * `=` is ignored.
 *
 * Of a repeated name the first value counts. Browsers send the cookie with the longer path first (RFC 6265,
 * section 5.4), so a cookie for `/` cannot hide one for the service's own path.
 */
export function requestCookies(headers: Headers): Record<string, string> {
  const cookies = parseCookie(headers.get("cookie") ?? "", { decode: UNCHANGED });
  delete cookies[""];
  return cookies as Record<string, string>;
}

/** Rules for the fields of a cookie, in the order in which they are checked. */
const RULES = {
  name: "it must be ASCII characters other than blanks, control characters, ; and =",
  value: "it must be ASCII characters other than blanks, control characters and ;",
  path: "it must be ASCII characters other than control characters, ; and <",
  domain: "it must be a host name",
  maxAge: "it must be whole seconds",
  sameSite: "it must be Strict, Lax or None",
} satisfies Partial<Record<keyof NeutralCookie, string>>;

/**
 * A cookie as the value of a `Set-Cookie` header. Its type promises nothing: it comes from an isolate.
 *
 * @throws {TypeError} If a field must not be in a cookie. The message names the field but does not contain its value,
 *   which may be a secret.
 */
export function setCookieHeader(cookie: NeutralCookie): string {
  const header = serialized(cookie);
  if (header !== null) return header;
  const name = JSON.stringify(String(cookie.name).slice(0, 100));
  for (const [field, rule] of Object.entries(RULES)) {
    const alone = { name: "a", value: "", [field]: cookie[field as keyof NeutralCookie] };
    if (serialized(alone) !== null) continue;
    throw new TypeError(`Cookie ${name} has a ${field} that is not allowed in a cookie: ${rule}`);
  }
  throw new TypeError(`Cookie ${name} has fields that are not allowed in a cookie`);
}

/** The header; null if npm `cookie` or the types of the fields do not permit it. */
function serialized(cookie: NeutralCookie): string | null {
  const { name, value, path, domain, maxAge, httpOnly, secure, sameSite } = cookie;
  if (![name, value, path ?? "", domain ?? "", sameSite ?? ""].every(isText)) return null;
  try {
    return stringifySetCookie({
      name,
      value,
      path,
      domain,
      maxAge,
      httpOnly,
      secure,
      sameSite: sameSite?.toLowerCase() as SetCookie["sameSite"],
    }, { encode: UNCHANGED });
  } catch {
    return null;
  }
}

function isText(value: unknown): boolean {
  return typeof value === "string";
}
