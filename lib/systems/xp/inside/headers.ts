/** Words of header names that Train-Case spells in their own way. */
const SPELLINGS: Record<string, string> = {
  ch: "CH",
  dnt: "DNT",
  etag: "ETag",
  md5: "MD5",
  te: "TE",
  ua: "UA",
  websocket: "WebSocket",
  www: "WWW",
};

/** `sec-websocket-key` as `Sec-WebSocket-Key`. */
export function trainCase(name: string): string {
  return name.split("-").map((word) => {
    const lower = word.toLowerCase();
    return SPELLINGS[lower] ?? lower.charAt(0).toUpperCase() + lower.slice(1);
  }).join("-");
}

/**
 * Headers as XP controllers read them: any case is answered, Train-Case is enumerated. Headers that came more
 * than once are one, joined by `, ` (RFC 9110, section 5.2).
 */
export function xpHeaders(pairs: readonly [string, string][]): Record<string, string> {
  const headers: Record<string, string> = Object.create(null);
  for (const [name, value] of pairs) {
    const key = trainCase(name);
    headers[key] = key in headers ? `${headers[key]}, ${value}` : value;
  }
  const own = (key: string | symbol) =>
    typeof key === "string" && key in headers ? key : named(key);
  const named = (key: string | symbol) => typeof key === "string" ? trainCase(key) : key;
  return new Proxy(headers, {
    get: (target, key) => Reflect.get(target, own(key)),
    has: (target, key) => Reflect.has(target, own(key)),
    set: (target, key, value) => Reflect.set(target, own(key), value),
    deleteProperty: (target, key) => Reflect.deleteProperty(target, own(key)),
    getOwnPropertyDescriptor: (target, key) => Reflect.getOwnPropertyDescriptor(target, own(key)),
  });
}
