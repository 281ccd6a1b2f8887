import { SwitchboardError } from "../../base/errors.ts";

/** The response to a refused handshake. */
export interface RefusedHandshake {
  /** HTTP status. */
  status: number;
  /** Headers of the response. */
  headers: Headers;
  /** Its text. */
  body: string;
}

/**
 * A server answered a handshake without an upgrade: its code is `SB_HANDSHAKE`.
 *
 * @example
 * ```ts
 * import { assertEquals, assertRejects } from "@std/assert";
 * import { HandshakeError, TestBoard } from "@switchboard/switchboard/testing";
 *
 * await using board = await TestBoard.start({ root: ".", service: "chat" });
 * const { status, body } = await assertRejects(() => board.connect("chat"), HandshakeError);
 * assertEquals([status, body], [400, "Say who you are: ?name=…"]);
 * ```
 */
export class HandshakeError extends SwitchboardError implements RefusedHandshake {
  /** Always `HandshakeError`. */
  override name = "HandshakeError";
  /** HTTP status. */
  readonly status: number;
  /** Headers of the response. */
  readonly headers: Headers;
  /** Its text. */
  readonly body: string;

  /**
   * Makes an error.
   *
   * @param url The requested URL.
   * @param refused The response.
   */
  constructor(url: string, { status, headers, body }: RefusedHandshake) {
    const text = body.trim() === "" ? "without a text" : `"${body.trim().slice(0, 200)}"`;
    super("SB_HANDSHAKE", `No websocket at ${url}: the answer is ${status}, ${text}`);
    this.status = status;
    this.headers = headers;
    this.body = body;
  }
}
