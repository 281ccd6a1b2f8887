import { type ClientOptions, TestClient } from "../../lib/tools/testing/client.ts";

/** How long anything may take to come, ms: a machine that is busy with other tests needs more than a user's. */
const DEADLINE_MS = 60_000;

/** The client that Switchboard ships for tests, with the patience of a busy machine. */
export type Client = TestClient;

export const Client = {
  /**
   * Connects to any server.
   *
   * @throws {HandshakeError} If the server refuses, with status and body.
   */
  open(url: string, options: ClientOptions = {}): Promise<Client> {
    return TestClient.open(url, { deadlineMs: DEADLINE_MS, ...options });
  },
};

/** The next texts, many at once: to await each of thousands takes a second of processor time more. */
export async function nextTexts(client: Client, count: number): Promise<string[]> {
  const texts: string[] = [];
  await client.next((text) => texts.push(text) === count);
  return texts;
}

/** Connects as a browser does and closes without a code, which the client above never does. */
export async function connectAndCloseWithoutCode(url: string): Promise<void> {
  const socket = new WebSocket(url);
  const happened = (type: string) =>
    new Promise<void>((resolve, reject) => {
      socket.addEventListener(type, () => resolve());
      socket.addEventListener("error", () => reject(new Error(`No websocket at ${url}`)));
    });
  await happened("open");
  const closed = happened("close");
  socket.close();
  await closed;
}
