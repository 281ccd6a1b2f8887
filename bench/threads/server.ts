/**
 * A broadcast whose sockets are spread over threads that share a port: what `--io-threads` would be. The main
 * thread has the group, and hears and tells of messages in batches, as the host does with isolates.
 *
 * Usage: server.ts THREADS; 0: the sockets are on the main thread.
 *
 * @module
 */
import { Sockets } from "./sockets.ts";

const threads = Number(Deno.args[0]);

if (threads === 0) {
  const sockets = new Sockets((texts) => sockets.broadcast(texts));
  announce(await sockets.listen(0));
} else {
  const workers: Worker[] = [];
  let port = 0;
  for (let index = 0; index < threads; index++) {
    const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
    const { promise, resolve } = Promise.withResolvers<number>();
    worker.onmessage = ({ data }) => {
      if (typeof data === "number") return resolve(data);
      for (const other of workers) other.postMessage(data);
    };
    worker.postMessage(port);
    workers.push(worker);
    port = await promise;
  }
  announce(port);
}

function announce(port: number): void {
  console.log(`Listening on http://127.0.0.1:${port}`);
}
