/** RFC 6455, section 7.4.1, and what IANA has registered since; 3008 has the meaning of a Switchboard server. */
const NAMES: Readonly<Record<number, string>> = {
  1000: "normal closure",
  1001: "going away",
  1002: "protocol error",
  1003: "unsupported data",
  1005: "no status received",
  1006: "abnormal closure",
  1007: "invalid payload data",
  1008: "policy violation",
  1009: "message too big",
  1010: "mandatory extension",
  1011: "internal error",
  1012: "service restart",
  1013: "try again later",
  1014: "bad gateway",
  1015: "TLS handshake",
  3000: "unauthorized",
  3003: "forbidden",
  // IANA: timeout. Nobody took the bytes in time.
  3008: "slow consumer",
};

/** A close as people read it: code, name, reason. */
export function describeClose(code: number, reason: string): string {
  return `${code} ${nameOf(code)}${reason === "" ? "" : `: ${reason}`}`;
}

function nameOf(code: number): string {
  if (code >= 4000 && code <= 4999) return NAMES[code] ?? "of the application";
  if (code >= 3000 && code <= 3999) return NAMES[code] ?? "of a library or framework";
  return NAMES[code] ?? "not assigned";
}
