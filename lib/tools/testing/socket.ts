import type { ClientRequest, IncomingMessage } from "node:http";
// @ts-types="../../base/ws.d.ts"
import { WebSocket } from "ws";
import { messageOf, SwitchboardError } from "../../base/errors.ts";
import { callSite, placed } from "./call_site.ts";
import { HandshakeError, type RefusedHandshake } from "./handshake_error.ts";

/** Bytes of a refusal's body that are kept. */
const MAX_BODY_BYTES = 64 * 1024;

/** The listener of a socket. */
export interface SocketListener {
  message(data: string | Uint8Array<ArrayBuffer>): void;
  closed(code: number, reason: string): void;
}

/** The connection to open. */
export interface SocketRequest {
  url: string;
  protocols: readonly string[];
  headers: Record<string, string>;
  deadlineMs: number;
}

/**
 * Opens a socket. Deno's own does not tell why a server has refused it; that of `ws` does.
 *
 * @throws {HandshakeError} If the server refuses.
 * @throws {SwitchboardError} `SB_HANDSHAKE`, if it cannot be reached, or answers nonsense or too late.
 */
export function openSocket(request: SocketRequest, listener: SocketListener): Promise<WebSocket> {
  const { url, protocols, headers, deadlineMs } = request;
  const { promise, resolve, reject } = Promise.withResolvers<WebSocket>();
  const site = callSite();
  const fail = (cause: unknown) => {
    const text = `No websocket at ${url}: ${reasonOf(cause)}`;
    reject(placed(new SwitchboardError("SB_HANDSHAKE", text, { cause }), site));
  };
  try {
    const socket = new WebSocket(url, protocols, {
      headers,
      handshakeTimeout: deadlineMs,
      perMessageDeflate: false,
    });
    socket.on("open", () => resolve(socket));
    socket.on("error", fail);
    socket.on("unexpected-response", (asked, response) => {
      refused(asked, response, deadlineMs).then(
        (answer) => reject(placed(new HandshakeError(url, answer), site)),
        fail,
      );
    });
    socket.on("message", (data, isBinary) => {
      listener.message(isBinary ? new Uint8Array(data) : decoder.decode(data));
    });
    socket.on("close", (code, reason) => listener.closed(code, decoder.decode(reason)));
  } catch (error) {
    fail(error);
  }
  return promise;
}

async function refused(
  request: ClientRequest,
  response: IncomingMessage,
  deadlineMs: number,
): Promise<RefusedHandshake> {
  // A body that never ends is not waited for.
  const deadline = setTimeout(() => request.destroy(), deadlineMs);
  const headers = new Headers();
  for (const [name, value] of Object.entries(response.headers)) {
    for (const one of [value].flat()) if (one !== undefined) headers.append(name, String(one));
  }
  let body = "";
  const text = new TextDecoder();
  try {
    for await (const chunk of response) {
      body += text.decode(chunk, { stream: true });
      if (body.length > MAX_BODY_BYTES) break;
    }
  } finally {
    clearTimeout(deadline);
    request.destroy();
  }
  return { status: response.statusCode ?? 0, headers, body };
}

/** Several addresses that were tried make an error of errors, without a text of its own. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === "") return messageOf(error.errors[0]);
  return messageOf(error);
}

const decoder = new TextDecoder();
