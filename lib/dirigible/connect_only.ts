import type { NeutralReply, NeutralRequest } from "../wire/mod.ts";

/** The reply of a path that speaks websocket and nothing else (RFC 9110, section 15.5.22). */
export function connectOnly(request: NeutralRequest): NeutralReply {
  const { upgrade, url } = request;
  const params = JSON.stringify(Object.fromEntries(new URL(url).searchParams));
  return {
    status: upgrade ? 101 : 426,
    headers: upgrade ? [] : [["content-type", "text/plain; charset=utf-8"]],
    cookies: [],
    body: upgrade ? null : "Connect a websocket here\n",
    accept: upgrade ? { data: "{}", params, protocols: [], origin: null } : null,
  };
}
