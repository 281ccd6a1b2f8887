/**
 * The command with waits that are shorter than a user's, for tests that look at its process: the first argument
 * is a `Partial<Waits>` as JSON, the others are the command's own.
 *
 * @module
 */
import { WAITS } from "../../lib/base/waits.ts";

Object.assign(WAITS, JSON.parse(Deno.args[0]!));
const { main } = await import("../../lib/tools/cli/main.ts");
Deno.exit(await main(Deno.args.slice(1)));
