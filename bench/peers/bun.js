/**
 * Bun's own websockets, and their `publish`.
 *
 * @module
 */
const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  fetch(request, server) {
    const isEcho = new URL(request.url).pathname === "/services/echo";
    if (server.upgrade(request, { data: isEcho })) return undefined;
    return new Response("Expected a websocket", { status: 426 });
  },
  websocket: {
    open(socket) {
      if (!socket.data) socket.subscribe("all");
    },
    message(socket, text) {
      if (socket.data) socket.send(text);
      else server.publish("all", text);
    },
  },
});
console.log(`Listening on http://127.0.0.1:${server.port}`);
process.on("SIGTERM", () => process.exit());
