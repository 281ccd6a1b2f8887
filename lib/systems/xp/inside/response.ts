import type { Acceptance, NeutralCookie, NeutralReply } from "../../../model/mod.ts";

/** The error for a controller that returns something else. */
class MalformedResponse extends TypeError {
  override name = "MalformedResponse";
}

/**
 * A controller's return value as a neutral reply (docs/contracts/xp.md, section 2).
 *
 * @param value Its return value.
 * @param origin The `Origin` of an upgrade request, `""` if it has none; null for a plain request.
 * @param params The session's parameters, as JSON.
 * @throws {TypeError} If the value is not a response.
 */
export function neutralReply(value: unknown, origin: string | null, params: string): NeutralReply {
  const response = asObject(value, "a response") ?? {};
  const accept = origin === null ? null : acceptance(response.webSocket, origin, params);
  const headers: [string, string][] = [];
  let status = accept !== null ? 101 : statusOf(response.status);
  const { body, contentType } = bodyOf(response.body);
  if (accept === null) {
    const type = response.contentType ?? contentType;
    if (type !== null) headers.push(["content-type", textOf(type, "contentType")]);
  }
  for (const [name, value] of Object.entries(asObject(response.headers, "headers") ?? {})) {
    if (value === null || value === undefined) continue;
    if (name.toLowerCase() === "content-type") {
      if (response.contentType !== undefined && response.contentType !== null || accept !== null) {
        continue;
      }
      headers.splice(0, headers[0]?.[0] === "content-type" ? 1 : 0);
    }
    for (const one of Array.isArray(value) ? value : [value]) {
      headers.push([name, textOf(one, `headers["${name}"]`)]);
    }
  }
  if (accept === null && response.redirect !== undefined && response.redirect !== null) {
    status = 303;
    headers.push(["location", textOf(response.redirect, "redirect")]);
  }
  return {
    status,
    headers,
    cookies: cookiesOf(response.cookies),
    body: accept ? null : body,
    accept,
  };
}

function statusOf(status: unknown): number {
  if (status === undefined || status === null) return 200;
  const number = typeof status === "string" ? Number(status) : status;
  if (typeof number === "number" && Number.isInteger(number) && number >= 200 && number <= 599) {
    return number;
  }
  throw new MalformedResponse(`status must be 200 to 599, got ${show(status)}`);
}

function bodyOf(body: unknown): { body: string | Uint8Array | null; contentType: string | null } {
  if (body === undefined || body === null) return { body: null, contentType: null };
  if (body instanceof Uint8Array) {
    return { body: body.slice(), contentType: "application/octet-stream" };
  }
  if (body instanceof ArrayBuffer) {
    return { body: new Uint8Array(body.slice(0)), contentType: "application/octet-stream" };
  }
  switch (typeof body) {
    case "object": {
      const json: string | undefined = JSON.stringify(body);
      if (json === undefined) break;
      return { body: json, contentType: "application/json; charset=utf-8" };
    }
    case "string":
    case "number":
    case "boolean":
    case "bigint":
      return { body: String(body), contentType: "text/html; charset=utf-8" };
  }
  throw new MalformedResponse(`body must be text, bytes, an object or an array, got ${show(body)}`);
}

function cookiesOf(value: unknown): NeutralCookie[] {
  return Object.entries(asObject(value, "cookies") ?? {}).map(([name, cookie]) => {
    if (typeof cookie !== "object" || cookie === null) {
      return {
        name,
        value: cookie === null || cookie === undefined ? "" : textOf(cookie, `cookies["${name}"]`),
      };
    }
    const at = `cookies["${name}"]`;
    const fields = cookie as Record<string, unknown>;
    const result: NeutralCookie = { name, value: textOf(fields.value ?? "", `${at}.value`) };
    if (isGiven(fields.path)) result.path = textOf(fields.path, `${at}.path`);
    if (isGiven(fields.domain)) result.domain = textOf(fields.domain, `${at}.domain`);
    if (isGiven(fields.maxAge)) {
      if (!Number.isInteger(Number(fields.maxAge))) {
        throw new MalformedResponse(
          `${at}.maxAge must be whole seconds, got ${show(fields.maxAge)}`,
        );
      }
      // XP's -1 means "until the browser closes", which is what no Max-Age says.
      if (Number(fields.maxAge) >= 0) result.maxAge = Number(fields.maxAge);
    }
    if (isGiven(fields.httpOnly)) result.httpOnly = fields.httpOnly === true;
    if (isGiven(fields.secure)) result.secure = fields.secure === true;
    if (isGiven(fields.sameSite) && fields.sameSite !== "") {
      const wanted = textOf(fields.sameSite, `${at}.sameSite`).toLowerCase();
      const known = (["Strict", "Lax", "None"] as const).find((name) =>
        name.toLowerCase() === wanted
      );
      if (known === undefined) {
        throw new MalformedResponse(
          `${at}.sameSite must be Strict, Lax or None, got ${show(fields.sameSite)}`,
        );
      }
      result.sameSite = known;
    }
    return result;
  });
}

function acceptance(value: unknown, origin: string, params: string): Acceptance | null {
  if (value === undefined || value === null) return null;
  const config = (typeof value === "object" ? value : {}) as Record<string, unknown>;
  return {
    data: dataOf(config.data),
    params,
    memo: "",
    protocols: protocolsOf(config.subProtocols),
    origin: originVerdict(config.checkOrigin, origin),
  };
}

/** JSON values stay as they are; keys without a value are dropped, and anything but an object is ignored. */
function dataOf(data: unknown): string {
  if (typeof data !== "object" || data === null || Array.isArray(data)) return "{}";
  const kept = Object.entries(data).filter(([, value]) => value !== null && value !== undefined);
  return JSON.stringify(Object.fromEntries(kept));
}

function protocolsOf(value: unknown): string[] {
  if (value === undefined || value === null) return [];
  const list = Array.isArray(value) ? value : [value];
  if (list.every((item) => typeof item === "string")) return list;
  throw new MalformedResponse(
    `webSocket.subProtocols must be a text or a list of texts, got ${show(value)}`,
  );
}

function originVerdict(check: unknown, origin: string): boolean | null {
  if (check === undefined || check === null) return null;
  if (typeof check !== "function") {
    throw new MalformedResponse(`webSocket.checkOrigin must be a function, got ${show(check)}`);
  }
  return check(origin) === true;
}

function asObject(value: unknown, what: string): Record<string, unknown> | null {
  if (value === undefined || value === null) return null;
  if (typeof value === "object" && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new MalformedResponse(`expected ${what} as an object, got ${show(value)}`);
}

function textOf(value: unknown, at: string): string {
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  throw new MalformedResponse(`${at} must be a text, got ${show(value)}`);
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function show(value: unknown): string {
  if (typeof value === "function") return "a function";
  if (typeof value === "symbol") return "a symbol";
  if (Array.isArray(value)) return "an array";
  if (typeof value === "object") return "an object";
  return JSON.stringify(value) ?? String(value);
}
