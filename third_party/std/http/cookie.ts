/**
 * Stand-in for `jsr:@std/http/cookie`: the names that Switchboard uses, from npm `cookie`.
 *
 * @module
 */
import { parseCookie, stringifySetCookie } from "cookie";

/** A cookie to set; the fields of `@std/http`'s `Cookie` that Switchboard uses. */
export interface Cookie {
  name: string;
  value: string;
  expires?: Date | number;
  maxAge?: number;
  domain?: string;
  path?: string;
  secure?: boolean;
  httpOnly?: boolean;
  sameSite?: "Strict" | "Lax" | "None";
}

/** The cookies of a request's `Cookie` header. */
export function getCookies(headers: Headers): Record<string, string> {
  // `@std/http` does not decode values.
  return parseCookie(headers.get("cookie") ?? "", { decode: (value) => value }) as Record<
    string,
    string
  >;
}

/** Appends a `Set-Cookie` header. */
export function setCookie(headers: Headers, cookie: Cookie): void {
  const { sameSite, expires, ...rest } = cookie;
  headers.append(
    "set-cookie",
    stringifySetCookie({
      ...rest,
      sameSite: sameSite?.toLowerCase() as "strict" | "lax" | "none" | undefined,
      expires: typeof expires === "number" ? new Date(expires) : expires,
    }, { encode: (value) => value }),
  );
}
