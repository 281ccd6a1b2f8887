/**
 * npm `ws` on `node:http`, with none of our code; runs on Node and on Deno.
 *
 * @module
 */
import { createServer } from "node:http";
import { WebSocketServer } from "ws";

const members = new Set();
const server = createServer();
const sockets = new WebSocketServer({ server });

sockets.on("connection", (socket, request) => {
  const isEcho = request.url === "/services/echo";
  members.add(socket);
  socket.on("close", () => members.delete(socket));
  socket.on("message", (data, isBinary) => {
    if (isEcho) return socket.send(data, { binary: isBinary });
    for (const member of members) member.send(data, { binary: isBinary });
  });
});
server.listen(0, "127.0.0.1", 4096, () => {
  console.log(`Listening on http://127.0.0.1:${server.address().port}`);
});
process.on("SIGTERM", () => process.exit());
