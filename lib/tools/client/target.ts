import { SwitchboardError } from "../../base/errors.ts";

/** Where to connect to. */
export interface Target {
  /** Of the scheme `ws:` or `wss:`, without user and password. */
  url: string;
  /** HTTP Basic of the URL's user and password; null: it names none. */
  authorization: string | null;
}

const EXAMPLES =
  'expected for example "ws://127.0.0.1:8080/services/chat" or ":8080/services/chat"';

const SCHEMES: Readonly<Record<string, string>> = {
  "ws:": "ws:",
  "wss:": "wss:",
  "http:": "ws:",
  "https:": "wss:",
};

/**
 * Parses a URL as typed: `ws:`, `wss:`, `http:`, `https:`, or none of them, which is `ws:`; without a
 * host it is this machine.
 *
 * @throws {SwitchboardError} `SB_CONNECT`, if it is no such URL.
 */
export function parseTarget(text: string): Target {
  // The URL parser would leave them out without a word.
  // deno-lint-ignore no-control-regex
  if (/[\x00-\x1f\x7f]/.test(text)) throw problem(text, "it has a control character");
  const url = URL.parse(withScheme(text));
  if (url === null) throw problem(text, `it is not a URL, ${EXAMPLES}`);
  const scheme = SCHEMES[url.protocol];
  if (scheme === undefined) {
    throw problem(text, `its scheme must be ws, wss, http or https, got "${url.protocol}"`);
  }
  if (text.includes("#")) {
    throw problem(text, 'a websocket URL has no fragment; write "%23" where "#" is meant');
  }
  if (url.port === "0") throw problem(text, "port 0 is not a port to connect to");
  const authorization = basicOf(url, text);
  // The setter refuses to change some schemes into others, but not these four.
  url.protocol = scheme;
  url.username = url.password = "";
  return { url: url.href, authorization };
}

function withScheme(text: string): string {
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return text;
  if (/^(wss?|https?):/i.test(text)) {
    throw problem(text, `"//" must follow the scheme, ${EXAMPLES}`);
  }
  if (text.startsWith("/") || text === "") throw problem(text, `it names no host, ${EXAMPLES}`);
  return text.startsWith(":") ? `ws://127.0.0.1${text}` : `ws://${text}`;
}

function basicOf({ username, password }: URL, text: string): string | null {
  if (username === "" && password === "") return null;
  try {
    const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    return `Basic ${new TextEncoder().encode(pair).toBase64()}`;
  } catch {
    throw problem(text, 'its user or password has a "%" that begins no escape; write it as "%25"');
  }
}

function problem(text: string, what: string): SwitchboardError {
  // A password that was mistyped is not to be seen on the screen.
  const shown = text.replace(/^([a-z][a-z0-9+.-]*:\/\/)?[^/@]*@/i, "$1…@");
  return new SwitchboardError("SB_CONNECT", `Cannot read URL ${JSON.stringify(shown)}: ${what}`);
}
