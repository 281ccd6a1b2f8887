/**
 * The protocol between host and isolate: one table for each direction, questions, and what an isolate boots with.
 *
 * @module
 */
export * from "./boot.ts";
export * from "./events.ts";
export * from "./operations.ts";
export * from "./query.ts";
