/**
 * The outer half of the recipe: a web worker that holds the permissions, and starts the inner half.
 *
 * @module
 */
import { Worker } from "node:worker_threads";

const scope = globalThis as unknown as DedicatedWorkerGlobalScope;

scope.onmessage = ({ data }) => {
  const worker = new Worker(new URL("./inner.ts", import.meta.url), {
    resourceLimits: { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 16 },
  });
  worker.postMessage(data, [data.port] as Parameters<typeof worker.postMessage>[1]);
};
