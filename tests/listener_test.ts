import { assertEquals, assertMatch } from "@std/assert";
import { connect } from "node:net";
import { DenoTransport } from "../lib/host/gateway/mod.ts";
import { WsTransport } from "../lib/host/gateway/ws_transport.ts";
import type { Transport } from "../lib/host/gateway/transport.ts";
import { Listener } from "../lib/host/listener.ts";
import { Certificate } from "./helpers/peer.ts";

Deno.test.sanitizer({ ops: true, resources: true });

const GET = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

/** The first bytes of the answer to a request from an address and port of this machine. */
function askFrom(localAddress: string, localPort: number, port: number): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const socket = connect({ host: "127.0.0.1", port, localAddress, localPort });
  socket.on("error", reject);
  socket.on("connect", () => socket.write(GET));
  socket.on("data", (chunk) => {
    resolve(chunk.toString());
    socket.destroy();
  });
  return promise;
}

const transports: Record<string, () => Transport> = {
  deno: () => new DenoTransport(),
  ws: () => new WsTransport(0, false),
};

// Other systems have but one address for themselves.
const ignore = Deno.build.os !== "linux";

for (const [name, make] of Object.entries(transports)) {
  const title =
    `behind TLS nobody gets in past it, not even from the port of somebody who is in, transport ${name}`;
  Deno.test(title, { ignore }, async () => {
    using certificate = await Certificate.make();
    const transport = make();
    let inner = 0;
    const seen: number[] = [];
    const listener = await Listener.open(
      {
        async listen(hostname, port, answer, onError) {
          const listening = await transport.listen(hostname, port, (request, remote) => {
            seen.push(remote.port);
            return answer(request, remote);
          }, onError);
          inner = listening.port;
          return listening;
        },
        handle: (_, { address, scheme }) => Promise.resolve(new Response(`${scheme} ${address}`)),
      },
      "127.0.0.1",
      0,
      {
        cert: Deno.readTextFileSync(certificate.cert),
        key: Deno.readTextFileSync(certificate.key),
      },
      (error) => {
        throw error;
      },
    );
    try {
      using client = await Deno.connectTls({
        hostname: "localhost",
        port: listener.port,
        caCerts: [Deno.readTextFileSync(certificate.authority)],
      });
      await client.write(new TextEncoder().encode(GET));
      const chunk = new Uint8Array(1024);
      const count = await client.read(chunk);
      const answer = new TextDecoder().decode(chunk.subarray(0, count ?? 0));
      assertMatch(answer, /^HTTP\/1\.1 200 [^]*https 127\.0\.0\.1/);
      const [port] = seen;
      assertMatch(await askFrom("127.0.0.2", port!, inner), /^HTTP\/1\.1 403 /);
      assertMatch(await askFrom("127.0.0.1", 0, inner), /^HTTP\/1\.1 403 /);
      assertEquals(seen.length, 3);
    } finally {
      await listener.close();
    }
  });
}
