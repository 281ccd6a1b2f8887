/** Why a request is refused, for the metrics. */
export type RefusalCause =
  | "address"
  | "body"
  | "credential"
  | "draining"
  | "handshake"
  | "headers"
  | "origin"
  | "rate"
  | "role"
  | "server"
  | "service"
  | "timeout"
  | "unavailable"
  | "user";

/** Seconds after which a client may try again where something is only missing for the moment. */
const RETRY_AFTER_SEC = 5;

/** Headers of an answer that may be another one in a moment. */
export const RETRY: Readonly<Record<string, string>> = {
  "retry-after": String(RETRY_AFTER_SEC),
};

/** An answer that is not a service's. */
export function refusal(
  status: number,
  text: string,
  headers: Record<string, string> | [string, string][] = {},
): Response {
  const response = new Response(`${text}\n`, { status, headers });
  response.headers.set("content-type", "text/plain; charset=utf-8");
  return response;
}
