/**
 * The `switchboard` command.
 *
 * @module
 */
import { main } from "./lib/cli/main.ts";

if (import.meta.main) Deno.exitCode = await main(Deno.args);
