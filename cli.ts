/**
 * The `switchboard` command.
 *
 * @module
 */

/** What `serve` cannot do without, as flags of `deno run`. */
const NEEDED = "--allow-read --allow-net --allow-env";

// Exits by itself and does not wait for workers: one that spins could not be stopped.
if (import.meta.main) Deno.exit(await run());

/** Some modules read the environment as they are loaded: where they may not, that is said in words. */
async function run(): Promise<number> {
  try {
    const { main } = await import("./lib/cli/main.ts");
    return await main(Deno.args);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotCapable)) throw error;
    console.error(`error: ${error.message}\n(serve needs at least ${NEEDED}; -A is all of them)`);
    return 1;
  }
}
