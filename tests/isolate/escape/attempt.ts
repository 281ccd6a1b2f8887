import { assertEquals, assertMatch } from "@std/assert";
import type { Server } from "../../helpers/server.ts";

/** A controller that runs the code of a request's body, and answers with what it returns or throws. */
export const ANYTHING = `
  const AsyncFunction = (async () => {}).constructor;
  const { stringify } = JSON;
  exports.post = async (req) => {
    try {
      const value = await new AsyncFunction("require", req.body)(require) ?? "done";
      return { body: stringify({ value }) };
    } catch (error) {
      return { body: stringify({ error: error.name + ": " + error.message }) };
    }
  };
`;

/** A controller that repeats what it is sent, and says what went wrong. */
export const ECHO = `
  const ws = require("/lib/websocket");
  exports.get = () => ({ body: "up", webSocket: {} });
  exports.webSocketEvent = ({ type, session, message, error }) => {
    if (type === "message") ws.send(session.id, message);
    if (type === "error") ws.send(session.id, "error: " + error);
  };
`;

/** A controller that runs what its sockets send as code, or repeats what is no code. */
export const RUNS = `
  const ws = require("/lib/websocket");
  exports.get = () => ({ body: "up", webSocket: {} });
  exports.webSocketEvent = ({ type, session: { id }, message }) => {
    if (type === "error") return ws.send(id, "error: " + message);
    if (type !== "message") return;
    if (message.startsWith("// ")) return eval(message);
    ws.send(id, message);
  };
`;

/** What the code brought about. */
export interface Outcome {
  value?: unknown;
  error?: string;
}

/** Runs code in a service that is {@linkcode ANYTHING}. */
export async function attempt(server: Server, service: string, code: string): Promise<Outcome> {
  const answer = await server.text(`/services/${service}`, { method: "POST", body: code });
  try {
    return JSON.parse(answer);
  } catch {
    return { error: `no answer: ${answer}` };
  }
}

/** Makes sure that the code throws this. */
export async function refused(
  server: Server,
  service: string,
  code: string,
  error: RegExp,
): Promise<void> {
  const outcome = await attempt(server, service, code);
  assertMatch(outcome.error ?? `got ${JSON.stringify(outcome)}`, error);
}

/** Makes sure that the code returns this. */
export async function granted(
  server: Server,
  service: string,
  code: string,
  value: unknown = "done",
): Promise<void> {
  assertEquals(await attempt(server, service, code), { value });
}
