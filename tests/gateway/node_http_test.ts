import { assertEquals } from "@std/assert";
import { createServer } from "node:http";
import { writeResponse } from "../../lib/host/gateway/node_http.ts";
import { Raw } from "../helpers/raw.ts";

Deno.test("writeResponse() lets go of a body whose client goes while the next part is read", async () => {
  const cancelled = Promise.withResolvers<void>();
  const written = Promise.withResolvers<void>();
  let parts = 0;
  const server = createServer((message, target) => {
    const gone = new Promise<void>((resolve) => message.socket.on("close", () => resolve()));
    const body = new ReadableStream({
      async pull(controller) {
        // The first part makes the client go; the next ones come when it has.
        if (++parts > 1) await gone;
        controller.enqueue(new Uint8Array(1_000_000));
      },
      cancel: () => cancelled.resolve(),
    });
    writeResponse(
      target,
      new Response(body, { headers: { "content-length": "9000000" } }),
      false,
      () => {},
    )
      .then(written.resolve, written.reject);
  });
  const { promise: listening, resolve } = Promise.withResolvers<void>();
  server.listen(0, "127.0.0.1", () => resolve());
  await listening;
  const raw = await Raw.connect((server.address() as { port: number }).port);
  await raw.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  await raw.head();
  raw[Symbol.dispose]();
  await Promise.all([cancelled.promise, written.promise]);
  assertEquals(parts < 9, true);
  const closed = Promise.withResolvers<void>();
  server.close(() => closed.resolve());
  await closed.promise;
});
