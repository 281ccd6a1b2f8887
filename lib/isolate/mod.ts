/**
 * One service's sandbox: the host side that supervises it, the runner inside, and the module loader.
 *
 * Comes in: a service definition and a hub. The host side owns the worker; everything under `runner.ts` runs
 * within the service's permissions.
 *
 * @module
 */
export { Isolate, type IsolateHost, type IsolateState } from "./isolate.ts";
