/**
 * The entry of a cell: a worker that holds a service's permissions and nothing else. In it runs the isolate, a
 * worker of the kind that has a heap of its own and no permissions but its parent's. No code of a service
 * ever runs in the cell, so that a revocation works, whatever the isolate does.
 *
 * @module
 */
import { Worker as HeapWorker, type WorkerOptions } from "node:worker_threads";
import type { CellBoot, CellReport, Revocation } from "../wire/mod.ts";

/** Room for short-lived objects, MiB, in addition to the granted heap. */
const YOUNG_MB = 16;

const scope = globalThis as unknown as DedicatedWorkerGlobalScope;

scope.onmessage = ({ data }: MessageEvent<CellBoot>) => {
  scope.onmessage = ({ data }: MessageEvent<Revocation>) => revoke(data);
  const { boot, port, answers, loan } = data;
  // A port, because Deno delays the first message to a nested worker by half a second.
  const control = new MessageChannel();
  const inner = control.port2 as unknown as NonNullable<WorkerOptions["transferList"]>[number];
  const worker = new HeapWorker(entryOf(new URL("./runner.ts", import.meta.url)), {
    name: boot.service,
    workerData: inner,
    transferList: [inner],
    resourceLimits: {
      maxOldGenerationSizeMb: boot.memoryMb,
      maxYoungGenerationSizeMb: YOUNG_MB,
    },
  });
  control.port1.onmessage = () => {
    revoke(loan);
    control.port1.postMessage(null);
  };
  control.port1.postMessage({ boot, port, answers }, [port, answers]);
  worker.on("error", (error: Error & { code?: string }) => {
    report({ code: String(error.code ?? ""), message: String(error.message) });
  });
  worker.on("exit", () => report({ code: "", message: "it exited" }));
};

/** Workers of this kind cannot start from a remote module, but their entry may import one. */
function entryOf(module: URL): URL {
  if (module.protocol === "file:") return module;
  return new URL(
    `data:text/javascript,${encodeURIComponent(`import ${JSON.stringify(module.href)};`)}`,
  );
}

function report(what: CellReport): void {
  scope.postMessage(what);
}

/** The isolate shares the permissions of the cell: a revocation here applies there, even while it runs a loop. */
function revoke(what: Revocation): void {
  for (const { name, item } of what) {
    Deno.permissions.revokeSync(descriptorOf(name, item));
  }
}

function descriptorOf(name: string, item: string | null): Deno.PermissionDescriptor {
  if (item === null) return { name } as Deno.PermissionDescriptor;
  const key = FIELDS[name] ?? "path";
  return { name, [key]: item } as unknown as Deno.PermissionDescriptor;
}

const FIELDS: Record<string, string> = {
  net: "host",
  import: "host",
  env: "variable",
  sys: "kind",
  run: "command",
};
