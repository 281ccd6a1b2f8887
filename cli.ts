/**
 * The `switchboard` command.
 *
 * @module
 */
import { main } from "./lib/tools/cli/main.ts";

// Exits by itself and does not wait for workers: one that spins could not be stopped.
if (import.meta.main) Deno.exit(await main(Deno.args));
