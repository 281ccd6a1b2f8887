/**
 * Tests of services: a real server on a free port within the test's process, and clients whose messages are
 * awaited one by one. If a message does not come in time, the error says what came instead.
 *
 * Comes in: a root, or files. Goes out: a {@linkcode TestBoard}, and its {@linkcode TestClient}s. Run such tests
 * with `deno test -A --unstable-worker-options`, or with `"unstable": ["worker-options"]` in `deno.json`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { TestBoard } from "@switchboard/switchboard/testing";
 *
 * await using board = await TestBoard.start({ root: ".", service: "echo" });
 * await using ann = await board.connect("echo");
 * ann.send("hi");
 * assertEquals(await ann.next(), "hi");
 * ```
 *
 * @module
 */
export { TestBoard, type TestBoardOptions } from "./board.ts";
export {
  type ClientOptions,
  type Closed,
  type ConnectOptions,
  type ReceivedMessage,
  TestClient,
} from "./client.ts";
export { HandshakeError, type RefusedHandshake } from "./handshake_error.ts";
export { type FileContent, type Files } from "./folder.ts";
export { type LogLine } from "./log_lines.ts";
