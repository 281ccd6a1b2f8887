import { type Measure, NAMES } from "./cases.ts";
import type { Id } from "./contestants.ts";
import type { Results } from "./rounds.ts";
import { compare, median } from "./statistics.ts";

/** An aim. */
export interface Aim {
  text: string;
  /** The result, in words; null: not measured. */
  result: string | null;
  isMet: boolean;
}

/** How ours compares with another one's, by pairs. */
function ratio(results: Results, name: string, at: number, ours: Id, other: Id) {
  const found = results.cases.find((one) => one.case.name === name);
  const measure = found?.case.measures[at];
  const [a, b] = [found?.runs.get(ours), found?.runs.get(other)];
  if (measure === undefined || a === undefined || b === undefined) return null;
  return compare(b.map(measure.value), a.map(measure.value));
}

/** The middle of what was measured. */
export function middle(results: Results, name: string, at: number, id: Id): number | null {
  const found = results.cases.find((one) => one.case.name === name);
  const measure: Measure | undefined = found?.case.measures[at];
  const runs = found?.runs.get(id);
  return measure === undefined || runs === undefined ? null : median(runs.map(measure.value));
}

/** Places of measures in their cases. */
const CPU = 0;
const RATE = 1;
const P99 = 3;

/** The aims, and what became of them. */
export function aims(results: Results): Aim[] {
  const group = NAMES.fanOut(1000);
  const atMost = (
    text: string,
    name: string,
    at: number,
    ours: Id,
    other: Id,
    limit: number,
  ): Aim => {
    const found = ratio(results, name, at, ours, other);
    if (found === null) return { text, result: null, isMet: false };
    return { text, result: times(found), isMet: found.ratio <= limit };
  };
  const atLeast = (text: string, name: string, ours: Id, other: Id, limit: number): Aim => {
    const found = ratio(results, name, RATE, ours, other);
    if (found === null) return { text, result: null, isMet: false };
    return { text, result: times(found), isMet: found.ratio >= limit };
  };
  return [
    atMost("ws, fan-out to 1,000: CPU at most Bun's", group, CPU, "switchboard-ws", "bun", 1),
    atMost("… at most 1.25 times the floor's", group, CPU, "switchboard-ws", "floor", 1.25),
    atLeast("… 5 times the rate of ws on Node", group, "switchboard-ws", "ws-node", 5),
    atLeast("… 5 times the rate of Socket.IO", group, "switchboard-ws", "socketio", 5),
    atMost("ws, chat: CPU at most 2 times Bun's", NAMES.chat, CPU, "switchboard-ws", "bun", 2),
    flat(results),
    idle(results),
    roundTrip(results),
    atMost(
      "ws, echo of 100: CPU at most 1.5 times bare ws on Deno",
      NAMES.echo(100),
      CPU,
      "switchboard-ws",
      "ws-deno",
      1.5,
    ),
    atMost(
      "deno, echo of 100: CPU at most 1.5 times a bare Deno loop",
      NAMES.echo(100),
      CPU,
      "switchboard-deno",
      "deno",
      1.5,
    ),
    ...[10, 100, 1000].map((members) =>
      atMost(
        `deno, fan-out to ${
          members.toLocaleString("en-US")
        }: CPU at most 1.15 times a bare Deno loop`,
        NAMES.fanOut(members),
        CPU,
        "switchboard-deno",
        "deno",
        1.15,
      )
    ),
  ];
}

function flat(results: Results): Aim {
  const text = "ws, fan-out: CPU flat within 20 % from 100 to 10,000 members";
  const values = [100, 1000, 10_000].map((members) =>
    middle(results, NAMES.fanOut(members), CPU, "switchboard-ws")
  );
  if (values.includes(null)) return { text, result: null, isMet: false };
  const numbers = values as number[];
  const spread = Math.max(...numbers) / Math.min(...numbers) - 1;
  const said = numbers.map((value) => value.toFixed(2)).join(", ");
  return { text, result: `${said} µs: ${Math.round(spread * 100)} %`, isMet: spread <= 0.2 };
}

function idle(results: Results): Aim {
  const text = "ws, idle: at most 2 KB a connection more than bare ws on Deno";
  const name = results.cases.find((one) => one.case.isIdle)?.case.name ?? "";
  const [ours, bare] = (["switchboard-ws", "ws-deno"] as const).map((id) =>
    middle(results, name, 0, id)
  );
  if (ours == null || bare == null) return { text, result: null, isMet: false };
  return {
    text,
    result: `${ours.toFixed(1)} and ${bare.toFixed(1)} KB`,
    isMet: ours - bare <= 2,
  };
}

function roundTrip(results: Results): Aim {
  const text = "ws, echo of one client: p99 below 1 ms";
  const p99 = middle(results, NAMES.echo(1), P99, "switchboard-ws");
  if (p99 === null) return { text, result: null, isMet: false };
  return { text, result: `${(p99 / 1000).toFixed(2)} ms`, isMet: p99 < 1000 };
}

function times({ ratio, least, most }: { ratio: number; least: number; most: number }): string {
  return `${ratio.toFixed(2)} (${least.toFixed(2)} to ${most.toFixed(2)})`;
}
