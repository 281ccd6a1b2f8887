import { table } from "../lib/cli/table.ts";
import type { Aim, Measure } from "./cases.ts";
import type { CaseRuns } from "./rounds.ts";
import { SIDES } from "./server.ts";
import { compare, type Comparison } from "./statistics.ts";

/** Part of its time that the load client may be at work; above it might be the one that is slow. */
const CLIENT_BUSY = 0.9;

const HEADS = ["CASE", "MEASURE", "CONTROL", "SWITCHBOARD", "RATIO (SPREAD)", "AIM", "MET"];

/** The machine, in a line. */
export function machine(): string {
  const cpu = /^model name\s*:\s*(.+)$/m.exec(Deno.readTextFileSync("/proc/cpuinfo"))?.[1] ??
    "unknown CPU";
  return `${cpu}, ${navigator.hardwareConcurrency} cores, Deno ${Deno.version.deno}`;
}

/** The results as a table, with what makes them doubtful below. */
export function asTable(results: CaseRuns[]): string {
  const rows = results.flatMap(({ case: { name, measures }, runs }) =>
    measures.map((measure, at) =>
      rowOf(
        at === 0 ? name : "",
        measure,
        compare(runs.control.map(measure.value), runs.switchboard.map(measure.value)),
      )
    )
  );
  return [table(HEADS, rows, Infinity), ...results.flatMap(doubts)].join("\n");
}

/** The results as JSON: each run, and the comparison of each measure. */
export function asJson(results: CaseRuns[]): string {
  const cases = results.map(({ case: { name, load, measures }, runs }) => ({
    name,
    load,
    runs,
    measures: measures.map((measure) => {
      const compared = compare(
        runs.control.map(measure.value),
        runs.switchboard.map(measure.value),
      );
      return {
        name: measure.name,
        ...compared,
        aim: measure.aim,
        met: isMet(measure.aim, compared),
      };
    }),
  }));
  const document = { date: new Date().toISOString(), machine: machine(), cases };
  return JSON.stringify(document, null, 2);
}

function rowOf(name: string, { name: what, digits, aim }: Measure, compared: Comparison): string[] {
  const { control, ours, ratio, least, most } = compared;
  return [
    name,
    what,
    number(control, digits),
    number(ours, digits),
    `${number(ratio, 2)} (${number(least, 2)} to ${number(most, 2)})`,
    aimText(aim),
    aim === null ? "" : isMet(aim, compared) ? "yes" : "no",
  ];
}

function aimText(aim: Aim | null): string {
  if (aim === null) return "";
  return "ratio" in aim ? `ratio up to ${aim.ratio}` : `up to ${aim.difference} ${aim.unit} more`;
}

function isMet(aim: Aim | null, { control, ours, ratio }: Comparison): boolean | null {
  if (aim === null) return null;
  return "ratio" in aim ? ratio <= aim.ratio : ours - control <= aim.difference;
}

/** A load client that is always at work measures itself. */
function doubts({ case: { name }, runs }: CaseRuns): string[] {
  return SIDES.flatMap((side) => {
    const busy = Math.max(
      ...runs[side].map(({ clientCpu, seconds }) => seconds === 0 ? 0 : clientCpu / seconds),
    );
    if (busy <= CLIENT_BUSY) return [];
    const percent = Math.round(busy * 100);
    return [
      `Note: ${name}, ${side}: the load client was ${percent} % busy; the rate may be its own.`,
    ];
  });
}

function number(value: number, digits: number): string {
  return value.toLocaleString("en-US", {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}
