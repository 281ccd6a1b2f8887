import * as registered from "../systems/inside.ts";
import type { InsideSystem } from "./system.ts";

/** The script systems. The list is that of a module's exports: nothing can be added later. */
export const SYSTEMS: readonly InsideSystem[] = Object.values(registered);
