import type { NeutralReply, NeutralRequest } from "../model/mod.ts";
import { queryParams } from "../base/query_params.ts";

/**
 * The reply of a path that speaks websocket and nothing else (RFC 9110, section 15.5.22).
 *
 * @param memo Data that the system needs again at each event.
 */
export function connectOnly(request: NeutralRequest, memo = ""): NeutralReply {
  const { upgrade, url } = request;
  const params = JSON.stringify(queryParams(url));
  return {
    status: upgrade ? 101 : 426,
    headers: upgrade ? [] : [["content-type", "text/plain; charset=utf-8"]],
    cookies: [],
    body: upgrade ? null : "Connect a websocket here\n",
    accept: upgrade ? { data: "{}", params, memo, protocols: [], origin: null } : null,
  };
}
