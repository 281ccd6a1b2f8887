/**
 * One service's sandbox: the host side that supervises it, the runner inside, and the module loader.
 *
 * Comes in: a service definition and a hub. The host side owns the cell, a worker with the service's
 * permissions; everything under `runner.ts` runs in the isolate inside of it.
 *
 * @module
 */
export {
  type ServiceCounts,
  type ServiceState,
  Supervisor,
  type SupervisorOptions,
} from "./supervisor.ts";
export type { Effects, HandledEvent, Trace } from "./trace.ts";
