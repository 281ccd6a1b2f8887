/**
 * Measures what messages and connections cost, beside peers and beside the least that can be done. See README.md
 * here for how to read it.
 *
 * @module
 */
import { Command, InvalidArgumentError } from "commander";
import { casesOf, QUICK, WHOLE } from "./cases.ts";
import { chart } from "./chart.ts";
import { CONTESTANTS } from "./contestants.ts";
import { BenchError } from "./error.ts";
import { Progress } from "./progress.ts";
import { asJson, asText, machine } from "./report.ts";
import { Rounds } from "./rounds.ts";
import { Tools } from "./tools.ts";

interface Options {
  rounds?: number;
  quick?: boolean;
  json?: boolean;
  peers: boolean;
  chart?: string;
  only?: string;
}

async function bench(
  { rounds, quick, json, peers, chart: file, only = "" }: Options,
): Promise<void> {
  const stop = new AbortController();
  const onSignal = () => stop.abort(new BenchError("Stopped"));
  Deno.addSignalListener("SIGINT", onSignal);
  Deno.addSignalListener("SIGTERM", onSignal);
  try {
    using progress = new Progress();
    progress.show(peers ? "compiling, and fetching the peers from npm" : "compiling");
    using tools = await Tools.make(stop.signal, peers);
    const plan = quick ? QUICK : WHOLE;
    const contestants = CONTESTANTS.filter((one) => one.command(tools, false) !== undefined);
    const results = await new Rounds(
      tools,
      contestants,
      casesOf(plan).filter(({ name }) => name.toLowerCase().includes(only.toLowerCase())),
      rounds === undefined ? plan : { ...plan, busyRounds: rounds },
      stop.signal,
      (text) => progress.show(text),
    ).run();
    progress[Symbol.dispose]();
    for (const reason of tools.missing) console.error(`Note: ${reason}`);
    console.log(json ? asJson(results) : `${machine()}\n\n${asText(results, contestants)}`);
    if (file === undefined) return;
    const caption = `${machine()}, ${new Date().toISOString().slice(0, 10)}`;
    Deno.writeTextFileSync(file, chart(results, contestants, caption));
  } finally {
    Deno.removeSignalListener("SIGINT", onSignal);
    Deno.removeSignalListener("SIGTERM", onSignal);
  }
}

function roundsOf(text: string): number {
  const rounds = Number(text);
  if (/^\d+$/.test(text) && rounds >= 1 && rounds <= 100) return rounds;
  throw new InvalidArgumentError("Expected a number from 1 to 100.");
}

const program = new Command("deno task bench")
  .description("Fan-out, chat, echo, connecting and idle memory, beside peers in the same run")
  .option("--rounds <number>", "runs of each case (default: 5)", roundsOf)
  .option("--quick", "fewer cases, one round: ends within a minute, and is coarse")
  .option("--no-peers", "without those that are fetched from npm")
  .option("--chart <file>", "write a chart as SVG")
  .option("--only <text>", "just the cases whose names contain this, such as idle")
  .option("--json", "print all runs as JSON")
  .action(bench);
try {
  await program.parseAsync(Deno.args, { from: "user" });
} catch (error) {
  if (!(error instanceof BenchError)) throw error;
  console.error(`error: ${error.message}`);
  Deno.exit(1);
}
