import { createServer } from "node:http";
import type { Socket } from "node:net";
// @ts-types="../../lib/base/ws.d.ts"
import { type WebSocket, WebSocketServer } from "ws";
import { frameOf } from "../../lib/host/gateway/frame.ts";
import { Turn, type Writer } from "../../lib/host/gateway/turn.ts";

/** Sockets of one thread: what they hear in a turn goes up as one batch, what they are told goes out in one write. */
export class Sockets {
  readonly #members = new Set<Writer>();
  readonly #turn = new Turn(frameOf);
  #heard: string[] = [];

  constructor(private readonly onHeard: (texts: string[]) => void) {}

  /** Listens on a port that others may share; 0: any free one. */
  listen(port: number): Promise<number> {
    const server = createServer();
    const sockets = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
    });
    server.on("upgrade", (request, socket: Socket, head) => {
      sockets.handleUpgrade(request, socket, head, (ws) => this.#opened(ws, socket));
    });
    const { promise, resolve } = Promise.withResolvers<number>();
    const options = { port, host: "127.0.0.1", backlog: 4096, reusePort: true };
    server.listen(options, () => resolve((server.address() as { port: number }).port));
    return promise;
  }

  /** Sends texts to all. */
  broadcast(texts: string[]): void {
    for (const text of texts) {
      for (const member of this.#members) this.#turn.send(member, text);
    }
  }

  #opened(ws: WebSocket, socket: Socket): void {
    const member: Writer = { write: (chunks) => chunks.forEach((bytes) => socket.write(bytes)) };
    socket.setNoDelay(true);
    this.#members.add(member);
    ws.on("close", () => this.#members.delete(member));
    ws.on("error", () => {});
    ws.on("message", (data) => {
      if (this.#heard.length === 0) setImmediate(() => this.#tell());
      this.#heard.push(new TextDecoder().decode(data));
    });
  }

  #tell(): void {
    const heard = this.#heard;
    this.#heard = [];
    this.onHeard(heard);
  }
}
