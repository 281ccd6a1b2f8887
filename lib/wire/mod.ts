/**
 * The protocol between host and isolate: one table for each direction, questions, and the boot data of an isolate.
 *
 * @module
 */
export * from "./boot.ts";
export * from "./events.ts";
export * from "./operations.ts";
export * from "./query.ts";
