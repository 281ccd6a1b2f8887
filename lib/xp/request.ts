import type { NeutralRequest } from "../wire/mod.ts";
import { xpHeaders } from "./headers.ts";
import type { Params, Request } from "./types.ts";

/** A neutral request as XP controllers get it (contract XP, section 2). */
export function xpRequest(request: NeutralRequest): Request {
  const headers = xpHeaders(request.headers);
  const contentType = headers["content-type"];
  const { body } = request;
  const text = body === null || !isText(contentType) ? null : new TextDecoder().decode(body);
  const params = queryParams(request.url);
  if (text !== null && mediaType(contentType) === "application/x-www-form-urlencoded") {
    collect(params, new URLSearchParams(text));
  }
  return {
    method: request.method,
    scheme: request.scheme,
    host: request.host,
    port: request.port,
    path: request.path,
    rawPath: request.rawPath,
    url: request.url,
    remoteAddress: request.remoteAddress,
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

/** The parameters of a URL's query. */
export function queryParams(url: string): Params {
  const at = url.indexOf("?");
  const params: Params = {};
  if (at >= 0) collect(params, new URLSearchParams(url.slice(at)));
  return params;
}

function collect(params: Params, from: URLSearchParams): void {
  for (const name of new Set(from.keys())) {
    const values = [
      ...(Object.hasOwn(params, name) ? [params[name]!].flat() : []),
      ...from.getAll(name),
    ];
    // A client must not reach a prototype: "__proto__" becomes a property like any other.
    Object.defineProperty(params, name, {
      value: values.length === 1 ? values[0] : values,
      configurable: true,
      enumerable: true,
      writable: true,
    });
  }
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
