import { table } from "../lib/tools/cli/table.ts";
import { aims } from "./aims.ts";
import type { Measure } from "./cases.ts";
import type { Contestant, Id } from "./contestants.ts";
import type { CaseRuns, Results } from "./rounds.ts";
import { compare, median } from "./statistics.ts";

/** Part of its time that the load client may be at work; above it might be the one that is slow. */
const CLIENT_BUSY = 0.9;

/** The contestant that all others are compared with. */
const REFERENCE: Id = "switchboard-ws";

const RATIO = "ratio (spread)";

/** The machine, in a line. */
export function machine(): string {
  const cpu = /^model name\s*:\s*(.+)$/m.exec(Deno.readTextFileSync("/proc/cpuinfo"))?.[1] ??
    "unknown CPU";
  return `${cpu}, ${navigator.hardwareConcurrency} cores, Deno ${Deno.version.deno}`;
}

/** A table for each case, the aims, and what makes the figures doubtful. */
export function asText(results: Results, contestants: readonly Contestant[]): string {
  return [
    ...results.cases.map((one) => caseTable(one, contestants)),
    startTable(results, contestants),
    aimTable(results),
    results.cases.flatMap((one) => doubts(one, contestants)).join("\n"),
  ].filter((text) => text !== "").join("\n\n");
}

/** The results as JSON: each run. */
export function asJson(results: Results): string {
  const document = {
    date: new Date().toISOString(),
    machine: machine(),
    cases: results.cases.map(({ case: { name, measures }, runs }) => ({
      name,
      runs: Object.fromEntries(runs),
      medians: Object.fromEntries(measures.map((measure) => [
        measure.name,
        Object.fromEntries([...runs].map(([id, of]) => [id, median(of.map(measure.value))])),
      ])),
    })),
    startMs: Object.fromEntries(results.starts),
    aims: aims(results),
  };
  return JSON.stringify(document, null, 2);
}

/** All measures of a case; the first one, which is the one that counts, with its ratio to ours. */
function caseTable(
  { case: { name, measures }, runs }: CaseRuns,
  contestants: readonly Contestant[],
): string {
  const [first, ...others] = measures as [Measure, ...Measure[]];
  const reference = runs.get(REFERENCE)?.map(first.value);
  const rows = contestants.flatMap(({ id, name }) => {
    const own = runs.get(id);
    if (own === undefined) return [];
    const middle = ({ value, digits }: Measure) => number(median(own.map(value)), digits);
    const ratio = ratioOf(own.map(first.value), reference, id);
    return [[name, middle(first), ratio, ...others.map(middle)]];
  });
  const heads = [name, first.name, RATIO, ...others.map(({ name }) => name)];
  return table(heads, rows, Infinity);
}

function startTable({ starts }: Results, contestants: readonly Contestant[]): string {
  const reference = starts.get(REFERENCE);
  const rows = contestants.flatMap(({ id, name }) => {
    const own = starts.get(id);
    return own === undefined ? [] : [[name, number(median(own), 0), ratioOf(own, reference, id)]];
  });
  return table(["Start", "to an open websocket, ms", RATIO], rows, Infinity);
}

/** How often our value theirs is: of the medians, and of the pairs. */
function ratioOf(own: number[], reference: number[] | undefined, id: Id): string {
  if (reference === undefined) return "";
  if (id === REFERENCE) return "1";
  const { ratio, least, most } = compare(reference, own);
  return `${number(ratio, 2)} (${number(least, 2)} to ${number(most, 2)})`;
}

function aimTable(results: Results): string {
  const rows = aims(results).map(({ text, result, isMet }) => [
    text,
    result ?? "not measured",
    result === null ? "" : isMet ? "yes" : "no",
  ]);
  return table(["AIM", "RESULT", "MET"], rows, Infinity);
}

/** A load client that is always at work measures itself. */
function doubts({ case: { name }, runs }: CaseRuns, contestants: readonly Contestant[]): string[] {
  return contestants.flatMap(({ id, name: who }) => {
    const of = runs.get(id) ?? [];
    const busy = Math.max(
      0,
      ...of.map(({ clientCpu, seconds }) => seconds === 0 ? 0 : clientCpu / seconds),
    );
    if (busy <= CLIENT_BUSY) return [];
    const percent = Math.round(busy * 100);
    return [
      `Note: ${name}, ${who}: the load client was ${percent} % busy; the rate may be its own.`,
    ];
  });
}

function number(value: number, digits: number): string {
  return value.toLocaleString("en-US", {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}
