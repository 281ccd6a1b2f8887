/** The credentials in a request. */
export type Credential =
  | { kind: "token"; token: string }
  | { kind: "password"; login: string; password: string }
  | { kind: "broken"; why: string };

/** Where credentials may be. */
export interface CredentialPlaces {
  /** Whether tokens count. */
  tokens: boolean;
  /** Name of the cookie with a token; null: none. */
  cookie: string | null;
  /** Name of the query parameter with a token; null: none. */
  queryParam: string | null;
  /** Whether passwords count. */
  passwords: boolean;
}

/** Longest token that is looked at, characters. */
const MAX_TOKEN = 8192;
/** Longest login and password, characters. */
const MAX_PASSWORD = 1024;

/**
 * The credential of a request: that of its `Authorization` header, else of the subprotocol pair
 * `bearer, <token>`, else of the cookie, else of the query. Null: there is none of a kind that counts.
 */
export function credentialOf(
  headers: Headers,
  url: string,
  cookies: Record<string, string>,
  places: CredentialPlaces,
): Credential | null {
  const [scheme = "", ...rest] = (headers.get("authorization") ?? "").trim().split(/ +/);
  const value = rest.join(" ");
  if (/^bearer$/i.test(scheme) && places.tokens) return token(value);
  if (/^basic$/i.test(scheme) && places.passwords) return password(value);
  if (!places.tokens) return null;
  const offered = bearerProtocol(headers);
  if (offered !== null) return token(offered);
  const cookie = places.cookie === null ? undefined : cookies[places.cookie];
  if (cookie !== undefined && cookie !== "") return token(cookie);
  const query = places.queryParam === null
    ? null
    : URL.parse(url)?.searchParams.get(places.queryParam) ?? null;
  return query === null ? null : token(query);
}

/** The token of the subprotocol pair `bearer, <token>`; null: there is none. */
export function bearerProtocol(headers: Headers): string | null {
  const offered = (headers.get("sec-websocket-protocol") ?? "").split(",").map((name) =>
    name.trim()
  );
  const at = offered.indexOf("bearer");
  return at < 0 ? null : offered[at + 1] ?? "";
}

function token(text: string): Credential {
  if (text.length > MAX_TOKEN) {
    return { kind: "broken", why: `The token is longer than ${MAX_TOKEN} characters` };
  }
  if (!/^[\w.~+/=-]+$/.test(text)) return { kind: "broken", why: "Malformed token" };
  return { kind: "token", token: text };
}

/** RFC 7617, section 2: Base64 of UTF-8, the login up to the first colon. */
function password(text: string): Credential {
  const broken: Credential = {
    kind: "broken",
    why: "Malformed credentials: expected a login, a colon and a password in Base64",
  };
  if (text.length > 4 * MAX_PASSWORD) return broken;
  try {
    const bytes = Uint8Array.fromBase64(text);
    const decoded = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    const at = decoded.indexOf(":");
    if (at < 1 || decoded.length > MAX_PASSWORD) return broken;
    return { kind: "password", login: decoded.slice(0, at), password: decoded.slice(at + 1) };
  } catch {
    return broken;
  }
}
