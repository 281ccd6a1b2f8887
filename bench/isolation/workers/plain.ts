/**
 * A bare web worker.
 *
 * @module
 */
import { type End, talk } from "./talk.ts";

talk(globalThis as unknown as End);
