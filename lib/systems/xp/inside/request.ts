import { addParams, queryParams } from "../../../base/query_params.ts";
import type { NeutralRequest } from "../../../model/mod.ts";
import { xpHeaders } from "./headers.ts";
import type { Request } from "./types.ts";

/** A neutral request as XP controllers get it (docs/contracts/xp.md, section 2). */
export function xpRequest(request: NeutralRequest): Request {
  const headers = xpHeaders(request.headers);
  const contentType = headers["content-type"];
  const { body } = request;
  const text = body === null || !isText(contentType) ? null : new TextDecoder().decode(body);
  const params = queryParams(request.url);
  if (text !== null && mediaType(contentType) === "application/x-www-form-urlencoded") {
    addParams(params, new URLSearchParams(text));
  }
  return {
    method: request.method,
    scheme: request.scheme,
    host: request.host,
    port: request.port,
    path: request.path,
    rawPath: request.rawPath,
    url: request.url,
    remoteAddress: request.addresses[0],
    webSocket: request.upgrade,
    params,
    headers,
    getHeader: (name) => headers[String(name)] ?? null,
    cookies: request.cookies,
    ...(body !== null && { body: text ?? body }),
    ...(contentType !== undefined && { contentType }),
    contextPath: request.contextPath,
    mode: "live",
  };
}

function mediaType(contentType: string | undefined): string {
  return (contentType ?? "").split(";")[0]!.trim().toLowerCase();
}

function isText(contentType: string | undefined): boolean {
  const type = mediaType(contentType);
  return type === "" || type.startsWith("text/") ||
    /[/+](json|xml|javascript|ecmascript)$/.test(type) ||
    type === "application/x-www-form-urlencoded" || type === "application/graphql";
}
