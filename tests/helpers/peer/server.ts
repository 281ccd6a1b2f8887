/**
 * A websocket server in a process of its own, which says on its output what it gets. How it behaves, the path
 * of a connection decides. Run with the files of a certificate and its key, it speaks TLS.
 *
 * @module
 */
const [cert, key] = Deno.args;
const tls = cert !== undefined && key !== undefined
  ? { cert: Deno.readTextFileSync(cert), key: Deno.readTextFileSync(key) }
  : {};

const say = (what: unknown[]) => console.log(JSON.stringify(what));

const server = Deno.serve({
  hostname: "127.0.0.1",
  port: 0,
  ...tls,
  onListen: () => {},
  onError: () => new Response("failed", { status: 500 }),
}, (request) => {
  const { pathname } = new URL(request.url);
  if (pathname === "/plain") return new Response("no websocket");
  const { socket, response } = Deno.upgradeWebSocket(request, { idleTimeout: 0 });
  socket.onopen = () => {
    if (pathname === "/greet") socket.send("welcome");
    if (pathname === "/bytes") socket.send(new Uint8Array([1, 2, 255]));
    if (pathname === "/close") socket.close(4001, "go away");
    if (pathname === "/many") { for (let n = 0; n < 5; n++) socket.send(String(n)); }
  };
  socket.onmessage = ({ data }) => {
    say(["message", pathname, data]);
    if (pathname !== "/silent") socket.send(data);
  };
  socket.onclose = ({ code }) => say(["close", pathname, code]);
  socket.onerror = () => {};
  return response;
});
say(["listening", server.addr.port]);

// One that takes connections and then drops them, in the middle of the handshake or after it.
const rude = Deno.listen({ hostname: "127.0.0.1", port: 0 });
say(["rude", rude.addr.port]);
for await (const connection of rude) serveRudely(connection);

async function serveRudely(connection: Deno.TcpConn): Promise<void> {
  const buffer = new Uint8Array(4096);
  const count = await connection.read(buffer) ?? 0;
  const head = new TextDecoder().decode(buffer.subarray(0, count));
  if (head.startsWith("GET /hang")) return;
  if (head.startsWith("GET /drop")) {
    const key = /sec-websocket-key: (\S+)/i.exec(head)?.[1];
    const hash = await crypto.subtle.digest(
      "SHA-1",
      new TextEncoder().encode(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`),
    );
    const accept = new Uint8Array(hash).toBase64();
    const lines = [
      "HTTP/1.1 101 Switching Protocols",
      "Upgrade: websocket",
      "Connection: Upgrade",
      `Sec-WebSocket-Accept: ${accept}`,
    ];
    await connection.write(new TextEncoder().encode(`${lines.join("\r\n")}\r\n\r\n`));
    // The client's first message shows that it is open.
    await connection.read(buffer);
  }
  connection.close();
}
