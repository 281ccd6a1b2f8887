/**
 * Socket.IO on Node, websockets only, with a room as its users make one.
 *
 * @module
 */
import { createServer } from "node:http";
import { createRequire } from "node:module";

const { Server } = createRequire(import.meta.url)("socket.io");
const server = createServer();
const io = new Server(server, { transports: ["websocket"], serveClient: false });

io.on("connection", (socket) => {
  if (socket.handshake.query.echo !== undefined) {
    socket.on("m", (text) => socket.emit("m", text));
    return;
  }
  socket.join("all");
  socket.on("m", (text) => io.to("all").emit("m", text));
});
server.listen(0, "127.0.0.1", 4096, () => {
  console.log(`Listening on http://127.0.0.1:${server.address().port}`);
});
process.on("SIGTERM", () => process.exit());
