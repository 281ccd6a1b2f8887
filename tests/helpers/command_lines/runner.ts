/**
 * A process that runs command lines one after the other, as `cli.ts` runs one. Reads them from standard input as
 * JSON. After each it writes the mark that is its argument to both outputs, on standard output with the exit code.
 */
import { main } from "../../../lib/tools/cli/main.ts";

const encoder = new TextEncoder();
const [mark] = Deno.args;
for (const { args, cwd } of JSON.parse(await new Response(Deno.stdin.readable).text())) {
  Deno.chdir(cwd);
  const code = await main(args);
  Deno.stdout.writeSync(encoder.encode(`${mark}${code}${mark}`));
  Deno.stderr.writeSync(encoder.encode(mark));
}
// As the command does: it waits for no worker.
Deno.exit(0);
