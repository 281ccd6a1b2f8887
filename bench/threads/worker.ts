/// <reference lib="deno.worker" />
/**
 * One of the threads: the sockets that the kernel gives it.
 *
 * @module
 */
import { Sockets } from "./sockets.ts";

const scope = self as DedicatedWorkerGlobalScope;
const sockets = new Sockets((texts) => scope.postMessage(texts));

scope.onmessage = async ({ data }) => {
  if (typeof data === "number") scope.postMessage(await sockets.listen(data));
  else sockets.broadcast(data);
};
