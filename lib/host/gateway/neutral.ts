import { type Networks, plainAddress } from "../../base/networks.ts";
import type { Identity, NeutralReply, NeutralRequest, RouteMatch } from "../../model/mod.ts";
import { requestCookies, setCookieHeader } from "./cookies.ts";

/** The address that a request came from, behind trusted proxies the client's own. */
export interface Origin {
  scheme: string;
  /** With the port, as in a `Host` header. */
  host: string;
  /** The client's, and after it those of our proxies on the way here, less the last. */
  addresses: [string, ...string[]];
}

/**
 * The client's address, and the server's name as the client knows it. Forwarded headers count only
 * if the peer is a trusted proxy: every client can send them.
 *
 * @param scheme How the peer speaks, if the request's URL does not say so.
 */
export function originOf(
  request: Request,
  address: string,
  trustProxy: Networks,
  scheme: string = new URL(request.url).protocol.slice(0, -1),
): Origin {
  const peer = plainAddress(address);
  const url = new URL(request.url);
  const host = request.headers.get("host") ?? url.host;
  if (!trustProxy.has(peer)) return { scheme, host, addresses: [peer] };
  const forwarded = (name: string) => lastOf(request.headers.get(`x-forwarded-${name}`));
  const proto = forwarded("proto");
  return {
    scheme: proto === "http" || proto === "https" ? proto : scheme,
    host: forwarded("host") ?? host,
    addresses: wayOf(request.headers.get("x-forwarded-for"), trustProxy) ?? [peer],
  };
}

/** The last address of the list that is not a trusted proxy, and those after it; clients can forge earlier ones. */
function wayOf(
  header: string | null,
  trustProxy: Networks,
): [string, ...string[]] | null {
  const addresses = (header ?? "").split(",").map((item) => item.trim())
    .filter((item) => item !== "").map(plainAddress);
  const client = addresses.findLastIndex((address) => !trustProxy.has(address));
  const [first, ...rest] = addresses.slice(client);
  return client < 0 || first === undefined ? null : [first, ...rest];
}

function lastOf(header: string | null): string | null {
  return header?.split(",").at(-1)?.trim() || null;
}

/** The parts of a request that do not depend on its URL. */
export interface RequestParts {
  /** Of the request. */
  id: string;
  endpoint: string;
  match: RouteMatch | null;
  origin: Origin;
  rawPath: string;
  contextPath: string;
  body: Uint8Array | null;
  upgrade: boolean;
  identity: Identity | null;
}

/** A request as services get it. */
export function neutralRequest(request: Request, parts: RequestParts): NeutralRequest {
  const { scheme, host, addresses } = parts.origin;
  const url = new URL(request.url);
  const port = Number(/:(\d+)$/.exec(host)?.[1] ?? (scheme === "https" ? 443 : 80));
  return {
    id: parts.id,
    endpoint: parts.endpoint,
    route: parts.match,
    method: request.method,
    url: `${scheme}://${host}${parts.rawPath}${url.search}`,
    scheme,
    host: host.replace(/:\d+$/, ""),
    port,
    path: decodeURIComponent(parts.rawPath),
    rawPath: parts.rawPath,
    contextPath: parts.contextPath,
    addresses,
    headers: [...request.headers],
    cookies: requestCookies(request.headers),
    body: parts.body,
    upgrade: parts.upgrade,
    identity: parts.identity,
  };
}

/** Headers that belong to the server: a controller's value would break the message. */
const SERVERS_OWN: ReadonlySet<string> = new Set([
  "connection",
  "content-length",
  "keep-alive",
  "sec-websocket-accept",
  "sec-websocket-extensions",
  "sec-websocket-protocol",
  "transfer-encoding",
  "upgrade",
]);

/**
 * Allowed characters of a header: visible ones, blanks and tabs (RFC 9110, section 5.5). Deno ends the process for
 * others.
 */
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/**
 * The headers of a reply, cookies included.
 *
 * @throws {TypeError} If a name or value must not be in a header. It does not say the value: that may be a secret.
 */
export function replyHeaders(reply: NeutralReply): Headers {
  const headers = new Headers();
  for (const [name, value] of reply.headers) {
    if (SERVERS_OWN.has(name.toLowerCase())) continue;
    if (!append(headers, name, value)) {
      const shown = JSON.stringify(name.slice(0, 100));
      throw new TypeError(`Header ${shown} has a name or a value that HTTP does not allow`);
    }
  }
  for (const cookie of reply.cookies) headers.append("set-cookie", setCookieHeader(cookie));
  return headers;
}

/** Appends a header and returns true, or returns false if no header may have this name or value. */
function append(headers: Headers, name: string, value: string): boolean {
  try {
    headers.append(name, value);
  } catch {
    // The engine's message would contain the value.
    return false;
  }
  return FIELD_VALUE.test(value);
}

/** Statuses whose responses have no body (Fetch standard, "null body status"). */
const BODILESS = [101, 204, 205, 304];

/** A plain reply as a response. */
export function plainResponse(reply: NeutralReply, method: string): Response {
  const headers = replyHeaders(reply);
  // RFC 9110, section 15.5.22: it must name the protocol to upgrade to.
  if (reply.status === 426) headers.set("upgrade", "websocket");
  const body = method === "HEAD" || BODILESS.includes(reply.status) ? null : reply.body;
  return new Response(body as BodyInit | null, { status: reply.status, headers });
}
