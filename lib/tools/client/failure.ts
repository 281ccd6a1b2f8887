import type { IncomingMessage } from "node:http";
import { SwitchboardError } from "../../base/errors.ts";
import { printable } from "../../base/printable.ts";

/** The parts of a connection attempt that explain its failure. */
export interface Attempt {
  url: string;
  protocols: readonly string[];
  /** Whether the attempt had credentials. */
  hasCredentials: boolean;
  /** How long the server had to answer the handshake. */
  handshakeMs: number;
  /** How long it has for the body of its answer. */
  bodyMs: number;
}

/** Most of an answer's body that is read, bytes, and shown, lines. */
const MAX_BODY = 4096;
const MAX_LINES = 20;

/** Why there is no connection at all. */
export function unconnected(
  attempt: Attempt,
  error: Error & { code?: string },
): SwitchboardError {
  return failure(attempt, reasonOf(attempt, error), { cause: error });
}

/** The reason why the server did not upgrade: the status and text of its response. */
export async function refused(
  attempt: Attempt,
  response: IncomingMessage,
): Promise<SwitchboardError> {
  const status = response.statusCode ?? 0;
  const said = `${status} ${response.statusMessage ?? ""}`.trim();
  const verb = status < 300 ? "answers with" : "refuses with";
  const body = await bodyOf(response, attempt.bodyMs);
  const what = `the server ${verb} ${said}${status < 300 ? " and no websocket" : ""}`;
  return failure(attempt, `${what}${hintOf(attempt, response)}${indented(body)}`);
}

function failure(attempt: Attempt, what: string, options?: ErrorOptions): SwitchboardError {
  return new SwitchboardError(
    "SB_CONNECT",
    printable(`Cannot connect to ${attempt.url}: ${what}`),
    options,
  );
}

function reasonOf(attempt: Attempt, { code = "", message }: Error & { code?: string }): string {
  const { host, hostname, port, protocol } = new URL(attempt.url);
  const isSecure = protocol === "wss:";
  if (code === "ECONNREFUSED") {
    // A port below is hardly one of ours, and few may open it.
    const isOurs = !isSecure && /^(localhost|127\..*|\[::1\])$/.test(hostname) &&
      Number(port) >= 1024;
    const hint = isOurs
      ? `start a server with: switchboard serve --port ${port}`
      : "check host and port";
    return `nothing listens there; ${hint}`;
  }
  if (/^(ENOTFOUND|EAI_)/.test(code)) return `there is no host "${hostname}"`;
  if (code === "EPERM" || code === "EACCES") {
    return `permission denied; add --allow-net=${host}`;
  }
  if (code === "ECONNRESET") return "the server ended the connection without an answer";
  if (message === "Opening handshake has timed out") {
    return `there was no answer within ${attempt.handshakeMs / 1000} s`;
  }
  if (code.startsWith("HPE_")) {
    return `the program that listens there does not speak HTTP${
      isSecure ? "" : '; if it speaks TLS, use "wss:"'
    }`;
  }
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") {
    return `the server's certificate is not for "${hostname}"`;
  }
  if (code === "ERR_SSL_WRONG_VERSION_NUMBER") return 'it does not speak TLS; use "ws:"';
  if (/SIGNATURE|SELF_SIGNED|ISSUER/.test(code)) {
    return "the server's certificate is signed by an authority that is not trusted; " +
      "name the authority's file (PEM) with --ca";
  }
  if (/no subprotocol|invalid subprotocol/.test(message)) {
    return `the server speaks none of the subprotocols ${attempt.protocols.join(", ")}`;
  }
  return message;
}

function hintOf({ hasCredentials }: Attempt, { statusCode = 0, headers }: IncomingMessage): string {
  if (statusCode === 401 && hasCredentials) {
    return "; the credentials are not valid";
  }
  if (statusCode === 401) {
    return "; send a token with --token, or in the environment variable SWITCHBOARD_TOKEN" +
      (/\bbasic\b/i.test(headers["www-authenticate"] ?? "")
        ? "; or user and password in the URL, ws://USER:PASSWORD@…"
        : "");
  }
  const { location } = headers;
  return statusCode >= 300 && statusCode < 400 && location !== undefined
    ? `; it leads to ${location}`
    : "";
}

/** The beginning of the body, as far as it comes in time. */
function bodyOf(response: IncomingMessage, timeoutMs: number): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const decoder = new TextDecoder();
  let text = "";
  const done = () => {
    clearTimeout(timer);
    resolve(text);
  };
  const timer = setTimeout(done, timeoutMs);
  response.on("data", (chunk: Uint8Array) => {
    text += decoder.decode(chunk, { stream: true });
    if (text.length >= MAX_BODY) done();
  });
  // An answer that breaks off is as good as one that ends; unheard, it would end the process.
  response.on("error", done);
  response.on("close", done);
  return promise;
}

function indented(body: string): string {
  const lines = body.slice(0, MAX_BODY).trim().split(/\r?\n/).filter((line) => line.trim() !== "");
  const shown = lines.length > MAX_LINES ? [...lines.slice(0, MAX_LINES), "…"] : lines;
  return shown.map((line) => `\n  ${line}`).join("");
}
