/**
 * The control: the least that `Deno.upgradeWebSocket` can do, with none of our code.
 *
 * @module
 */
const members = new Set<WebSocket>();

Deno.serve({
  hostname: "127.0.0.1",
  port: 0,
  onListen: ({ port }) => console.log(`Listening on http://127.0.0.1:${port}`),
}, (request) => {
  const isEcho = new URL(request.url).pathname === "/services/echo";
  const { socket, response } = Deno.upgradeWebSocket(request, { idleTimeout: 60 });
  socket.binaryType = "arraybuffer";
  socket.onopen = () => members.add(socket);
  socket.onclose = () => members.delete(socket);
  socket.onmessage = ({ data }) => {
    if (isEcho) socket.send(data);
    else for (const member of members) if (member.readyState === WebSocket.OPEN) member.send(data);
  };
  return response;
});
