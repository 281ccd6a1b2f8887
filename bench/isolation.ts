/**
 * Measures what isolates cost to start, exchange and stop, and what one that fails does to the others, beside
 * bare workers. See docs/isolation.md for how to read it.
 *
 * @module
 */
import { Command, Option } from "commander";
import { table } from "../lib/tools/cli/table.ts";
import { BenchError } from "./error.ts";
import { killAll } from "./isolation/child.ts";
import { disturbance } from "./isolation/disturbance.ts";
import { edit } from "./isolation/edit.ts";
import { many } from "./isolation/many.ts";
import { type Plan, QUICK, type Report, type Section, WHOLE } from "./isolation/section.ts";
import { spin } from "./isolation/spin.ts";
import { start } from "./isolation/start.ts";
import { Progress } from "./progress.ts";
import { machine } from "./report.ts";

const PARTS: Record<string, (plan: Plan, report: Report) => Promise<Section>> = {
  start,
  edit,
  spin,
  many,
  disturbance,
};

interface Options {
  quick?: boolean;
  json?: boolean;
  only?: string;
}

async function bench({ quick, json, only }: Options): Promise<void> {
  if (Deno.build.os !== "linux") {
    throw new BenchError("The bench runs on Linux only: it reads CPU time and memory from /proc.");
  }
  let isStopped = false;
  const onSignal = () => {
    isStopped = true;
    killAll();
  };
  const signals = ["SIGINT", "SIGTERM"] as const;
  for (const signal of signals) Deno.addSignalListener(signal, onSignal);
  try {
    using progress = new Progress();
    const sections: Record<string, Section> = {};
    for (const [name, measure] of Object.entries(PARTS)) {
      if (only !== undefined && only !== name) continue;
      sections[name] = await measure(quick ? QUICK : WHOLE, (text) => {
        if (isStopped) throw new BenchError("Stopped.");
        progress.show(text);
      });
    }
    progress[Symbol.dispose]();
    const date = new Date().toISOString();
    if (json) {
      const data = Object.entries(sections).map(([name, { data }]) => [name, data]);
      console.log(JSON.stringify({ date, machine: machine(), ...Object.fromEntries(data) }));
    } else {
      const text = Object.values(sections).map(asText).join("\n\n");
      console.log(`${machine()}, ${date.slice(0, 10)}\n\n${text}`);
    }
  } catch (error) {
    throw isStopped ? new BenchError("Stopped.") : error;
  } finally {
    for (const signal of signals) Deno.removeSignalListener(signal, onSignal);
  }
}

function asText({ title, heads, rows, notes }: Section): string {
  return [title, table(heads, rows, Infinity), ...notes].join("\n");
}

const program = new Command("deno task bench:isolation")
  .description("What isolates cost, and what one that fails does to the others")
  .option("--quick", "a smoke run: little of everything")
  .addOption(new Option("--only <part>", "one part").choices(Object.keys(PARTS)))
  .option("--json", "print all numbers as JSON")
  .action(bench);
try {
  await program.parseAsync(Deno.args, { from: "user" });
} catch (error) {
  if (!(error instanceof BenchError)) throw error;
  console.error(`error: ${error.message}`);
  Deno.exit(1);
}
