/**
 * The log and the metrics, for operators.
 *
 * Comes in: lines from everywhere, already free of secrets.
 *
 * @module
 */
export { type Figures } from "./figures.ts";
export { Metrics } from "./metrics.ts";
export { portHolder } from "./port_holder.ts";
export { type Log, type LogAbout, openLog } from "./log.ts";
