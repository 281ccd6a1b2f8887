/**
 * The script systems, as the host knows them: one line each.
 *
 * @module
 */
export { dirigible } from "./dirigible/host/mod.ts";
export { lolo } from "./lolo/host/mod.ts";
export { xp } from "./xp/host/mod.ts";
