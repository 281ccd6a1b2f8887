import { fromFileUrl, join } from "@std/path";
import { Site } from "../../tests/helpers/site.ts";
import { TextLineStream } from "../../tests/helpers/text_line_stream.ts";
import { BenchError } from "../error.ts";
import { median } from "../statistics.ts";
import { Child, end, spawn } from "./child.ts";
import { sleep } from "./commands.ts";
import { cpuOf, rssOf } from "./process.ts";
import { number, type Plan, type Report, type Section, times } from "./section.ts";
import { MODULE, SERVICE } from "./start.ts";
import type { Kind } from "./workers/bare.ts";

const CLI = fromFileUrl(import.meta.resolve("../../cli.ts"));

/** How often `/readyz` is asked, ms. */
const ASK_EVERY_MS = 10;

interface Run {
  /** From the start of the process until all is up, ms. */
  ms: number;
  /** CPU time until then, ms. */
  cpuMs: number;
  /** Memory of the process, MB. */
  mb: number;
}

/** Many services in one process, started at the same time. */
export async function many(plan: Plan, report: Report): Promise<Section> {
  const runs: { what: string; count: number; runs: Run[] }[] = [];
  for (const count of [1, plan.many]) {
    for (const kind of ["worker", "recipe"] as const) {
      runs.push({ what: `bare ${kind}`, count, runs: [] });
    }
    runs.push({ what: "serve", count, runs: [] });
  }
  for (let round = 1; round <= plan.manyRounds; round++) {
    for (const { what, count, runs: all } of runs) {
      report(`many, round ${round} of ${plan.manyRounds}: ${what}, ${count}`);
      all.push(
        what === "serve"
          ? await serve(count, plan)
          : await startBare(what.slice("bare ".length) as Kind, count, plan),
      );
    }
  }
  const results = runs.map(({ what, count, runs }) => ({
    what,
    count,
    ms: median(runs.map(({ ms }) => ms)),
    cpuMs: median(runs.map(({ cpuMs }) => cpuMs)),
    mb: median(runs.map(({ mb }) => mb)),
  }));
  return {
    title:
      `${plan.many} services started at the same time, beside one; medians of ${plan.manyRounds}`,
    heads: ["WHAT", "COUNT", "UNTIL READY, MS", "CPU, MS", "MEMORY, MB", "EACH MORE, MS", "MB"],
    rows: results.map(({ what, count, ms, cpuMs, mb }) => {
      const one = results.find((result) => result.what === what && result.count === 1)!;
      const further = count - 1;
      return [
        what,
        number(count),
        number(ms),
        number(cpuMs),
        number(mb),
        further === 0 ? "" : number((ms - one.ms) / further),
        further === 0 ? "" : number((mb - one.mb) / further, 1),
      ];
    }),
    notes: [
      'Counted from the start of the process. "serve": the command, until /readyz is 200.',
      `${plan.many} of serve beside 1: ${times(results[5]!.ms, results[2]!.ms)} times as long, ${
        times(results[5]!.mb, results[2]!.mb)
      } times the memory.`,
    ],
    data: { results, runs },
  };
}

async function startBare(kind: Kind, count: number, plan: Plan): Promise<Run> {
  using site = Site.make(filesOf(count, MODULE));
  const begun = performance.now();
  await using child = new Child("controls.ts");
  const files = keysOf(count).map((key) => join(site.root, `services/${key}/${key}.js`));
  await child.ask("startAll", kind, files);
  const ms = performance.now() - begun;
  const cpuMs = cpuOf(child.pid);
  await sleep(plan.settleMs);
  return { ms, cpuMs, mb: rssOf(child.pid) };
}

async function serve(count: number, plan: Plan): Promise<Run> {
  using site = Site.make(filesOf(count, SERVICE));
  const begun = performance.now();
  const process = spawn([CLI, "serve", site.root, "--port", "0"], {
    stdin: "null",
    stderr: "inherit",
  });
  let rest = Promise.resolve();
  try {
    const lines = process.stdout
      .pipeThrough(new TextDecoderStream())
      .pipeThrough(new TextLineStream())
      .getReader();
    const port = await portOf(lines);
    rest = drain(lines);
    while (!await isReady(port)) await sleep(ASK_EVERY_MS);
    const ms = performance.now() - begun;
    const cpuMs = cpuOf(process.pid);
    await sleep(plan.settleMs);
    return { ms, cpuMs, mb: rssOf(process.pid) };
  } finally {
    await end(process);
    await rest;
  }
}

async function portOf(lines: ReadableStreamDefaultReader<string>): Promise<number> {
  while (true) {
    const { value, done } = await lines.read();
    if (done) throw new BenchError("The server did not start.");
    const port = /^Listening on http:\S+:(\d+)$/.exec(value)?.[1];
    if (port !== undefined) return Number(port);
  }
}

async function drain(lines: ReadableStreamDefaultReader<string>): Promise<void> {
  while (!(await lines.read()).done);
}

async function isReady(port: number): Promise<boolean> {
  const response = await fetch(`http://127.0.0.1:${port}/readyz`);
  await response.body?.cancel();
  return response.ok;
}

const keysOf = (count: number) => Array.from({ length: count }, (_, n) => `s${n}`);

const filesOf = (count: number, code: string) =>
  Object.fromEntries(keysOf(count).map((key) => [`services/${key}/${key}.js`, code]));
