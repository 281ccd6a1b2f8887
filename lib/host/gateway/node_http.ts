import { type IncomingMessage, type ServerResponse, STATUS_CODES } from "node:http";
import type { Socket } from "node:net";

/** Methods whose requests have no body. */
const BODILESS = ["GET", "HEAD"];
/** Statuses whose responses have neither body nor length (RFC 9110, section 8.6). */
const BODILESS_STATUSES = [204, 304];

/**
 * A request of Node's as one of the web's; null: it is none.
 *
 * @param isUpgrade Whether it asks for another protocol: then it has no body.
 */
export function requestOf(message: IncomingMessage, isUpgrade: boolean): Request | null {
  const { method = "GET", url = "/", rawHeaders } = message;
  try {
    const headers = new Headers();
    let hosts = 0;
    for (let at = 0; at < rawHeaders.length; at += 2) {
      const name = rawHeaders[at]!;
      if (name.toLowerCase() === "host") hosts++;
      headers.append(name, rawHeaders[at + 1]!);
    }
    // Proxies may send cookies in several lines (RFC 9113, section 8.2.3); a comma would be part of a value.
    const { cookie } = message.headers;
    if (cookie !== undefined) headers.set("cookie", cookie);
    // RFC 9112, section 3.2.
    if (hosts > 1 || hosts === 0 && message.httpVersion === "1.1") return null;
    const host = headers.get("host") ?? "localhost";
    if (host === "") return null;
    const address = url.startsWith("/") ? `http://${host}${url}` : url;
    const mayHaveBody = !isUpgrade && !BODILESS.includes(method);
    return new Request(address, {
      method,
      headers,
      redirect: "manual",
      ...(mayHaveBody && { body: bodyOf(message) }),
    });
  } catch {
    return null;
  }
}

/**
 * The body of a request. Whoever does not want the rest of it lets it pass: to end the connection would also end
 * the answer.
 */
function bodyOf(message: IncomingMessage): ReadableStream<Uint8Array<ArrayBuffer>> {
  let isOver = false;
  return new ReadableStream({
    start(controller) {
      const end = (run: () => void) => {
        if (!isOver) run();
        isOver = true;
      };
      message.on("data", (chunk: Uint8Array) => {
        if (isOver) return;
        controller.enqueue(new Uint8Array(chunk));
        if ((controller.desiredSize ?? 0) <= 0) message.pause();
      });
      message.on("end", () => end(() => controller.close()));
      message.on("error", (error: Error) => end(() => controller.error(error)));
      message.on(
        "close",
        () => end(() => controller.error(new Error("The client has disconnected"))),
      );
    },
    pull: () => void message.resume(),
    cancel() {
      isOver = true;
      message.resume();
    },
  });
}

/** Whether something follows the head of a request. */
export function hasBody({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) !== 0;
}

/** Size of a chunk of a response whose length is known, bytes. */
const PART = 64 * 1024;

/**
 * Writes a response to a request.
 *
 * @param onPart Called whenever the client is to take a part of it.
 */
export async function writeResponse(
  target: ServerResponse,
  response: Response,
  isHead: boolean,
  onPart: () => void,
): Promise<void> {
  target.statusCode = response.status;
  for (const [name, value] of response.headers) {
    if (name !== "set-cookie") target.setHeader(name, value);
  }
  const cookies = response.headers.getSetCookie();
  if (cookies.length > 0) target.setHeader("set-cookie", cookies);
  const hasLength = response.headers.has("content-length");
  if (BODILESS_STATUSES.includes(response.status) || isHead && hasLength) {
    // The length that an answer to HEAD states is that of the body which GET would get.
    await response.body?.cancel();
  } else {
    const parts = hasLength && response.body !== null
      ? response.body
      : await withLength(target, response);
    if (!isHead) await writeBody(target, parts, onPart);
  }
  onPart();
  target.end();
}

async function withLength(target: ServerResponse, response: Response): Promise<Uint8Array[]> {
  const bytes = await response.bytes();
  target.setHeader("content-length", bytes.length);
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += PART) parts.push(bytes.subarray(at, at + PART));
  return parts;
}

async function writeBody(
  target: ServerResponse,
  parts: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  onPart: () => void,
): Promise<void> {
  for await (const part of parts) {
    // Of a client that has gone there is nothing to wait for, and the rest of the parts is to be let go.
    if (target.destroyed) break;
    onPart();
    if (!target.write(part) && !target.destroyed) await drained(target);
  }
}

/** Writes a response to a connection that asked for an upgrade and does not get one, and ends it. */
export async function writeRaw(
  socket: Socket,
  response: Response,
  isHead = false,
): Promise<void> {
  const body = response.body === null ? new Uint8Array() : await response.bytes();
  const headers = [...response.headers].filter(([name]) =>
    name !== "content-length" && name !== "connection"
  );
  const lines = [
    `HTTP/1.1 ${response.status} ${STATUS_CODES[response.status] ?? ""}`,
    ...headers.map(([name, value]) => `${name}: ${value}`),
    `content-length: ${body.length}`,
    "connection: close",
    "",
    "",
  ];
  if (!socket.writable) return;
  socket.write(lines.join("\r\n"));
  socket.end(isHead ? new Uint8Array() : body);
}

function drained(target: ServerResponse): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  // A large body waits many times: a listener that stayed each time would be reported as a leak.
  const over = () => {
    target.off("drain", over);
    target.off("close", over);
    resolve();
  };
  target.on("drain", over);
  target.on("close", over);
  return promise;
}
