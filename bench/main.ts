/**
 * Measures echo, fan-out and idle memory through an isolated controller, beside a control that is a bare
 * `Deno.upgradeWebSocket` loop. See README.md here for how to read it.
 *
 * @module
 */
import { Command, InvalidArgumentError } from "commander";
import { cases } from "./cases.ts";
import { BenchError, LoadClient } from "./client.ts";
import { Progress } from "./progress.ts";
import { asJson, asTable, machine } from "./report.ts";
import { runRounds } from "./rounds.ts";

interface Options {
  rounds?: number;
  quick?: boolean;
  json?: boolean;
}

/** A whole run, which takes some three minutes. */
const WHOLE = { rounds: { busy: 5, idle: 3 }, scale: 1 };

/** A quick one: fewer rounds and messages, and so a coarser result. */
const QUICK = { rounds: { busy: 2, idle: 1 }, scale: 0.25 };

async function bench({ rounds, quick, json }: Options): Promise<void> {
  const stop = new AbortController();
  const onSignal = () => stop.abort(new BenchError("Stopped."));
  Deno.addSignalListener("SIGINT", onSignal);
  Deno.addSignalListener("SIGTERM", onSignal);
  try {
    using client = await LoadClient.compile(stop.signal);
    using progress = new Progress();
    const plan = quick ? QUICK : WHOLE;
    const results = await runRounds(
      client,
      cases(plan.scale),
      rounds === undefined ? plan.rounds : { busy: rounds, idle: rounds },
      (text) => {
        stop.signal.throwIfAborted();
        progress.show(text);
      },
    );
    progress[Symbol.dispose]();
    console.log(json ? asJson(results) : `${machine()}\n\n${asTable(results)}`);
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
  .description("Echo, fan-out and idle memory through an isolate, beside a bare Deno loop")
  .option("--rounds <number>", "pairs of runs of each case (default: 5, memory 3)", roundsOf)
  .option("--quick", "fewer rounds and messages: ends within a minute")
  .option("--json", "print all runs as JSON")
  .action(bench);
try {
  await program.parseAsync(Deno.args, { from: "user" });
} catch (error) {
  if (!(error instanceof BenchError)) throw error;
  console.error(`error: ${error.message}`);
  Deno.exit(1);
}
