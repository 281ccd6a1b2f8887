/**
 * The script systems, as an isolate knows them: one line each.
 *
 * @module
 */
export { dirigible } from "./dirigible/inside/mod.ts";
export { lolo } from "./lolo/inside/mod.ts";
export { xp } from "./xp/inside/mod.ts";
