import { type Measure, NAMES } from "./cases.ts";
import type { Contestant } from "./contestants.ts";
import { middle } from "./aims.ts";
import type { Results } from "./rounds.ts";

const WIDTH = 720;
const LEFT = 190;
const RIGHT = 64;
const BAR = 20;
const HEAD = 40;

/** The data of a chart: a case, and one of its measures. */
function panels(results: Results): { title: string; name: string; at: number }[] {
  const of = (name: string, at: number) => ({ title: titleOf(results, name, at), name, at });
  return [
    of(NAMES.fanOut(1000), 0),
    of(NAMES.chat, 0),
    of(NAMES.echo(100), 0),
  ];
}

function titleOf(results: Results, name: string, at: number): string {
  const measure: Measure | undefined = results.cases.find((one) => one.case.name === name)?.case
    .measures[at];
  return `${name}: ${measure?.name ?? ""}`;
}

/** Bars of what things cost, the shorter the better, as SVG that suits light and dark pages. */
export function chart(
  results: Results,
  contestants: readonly Contestant[],
  caption: string,
): string {
  let top = HEAD;
  const parts = panels(results).map(({ title, name, at }) => {
    const bars = contestants.flatMap((one) => {
      const value = middle(results, name, at, one.id);
      return value === null ? [] : [{ one, value }];
    });
    const most = Math.max(...bars.map(({ value }) => value));
    const lines = bars.map(({ one, value }, index) =>
      bar(one, value, most, top + 14 + index * BAR)
    );
    const text = `<text x="16" y="${top}" class="title">${title}</text>\n${lines.join("\n")}`;
    top += 14 + bars.length * BAR + 28;
    return text;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${top - 8}" role="img">
<title>What messages and connections cost the server; shorter is better</title>
<style>
text { font: 12px system-ui, sans-serif; fill: #6b7280; }
.title { font-size: 13px; font-weight: 600; }
.ours { fill: #c2571a; }
.peer { fill: #9ca3af; fill-opacity: .55; }
</style>
<text x="16" y="18">Shorter is better. ${caption}</text>
${parts.join("\n")}
</svg>
`;
}

function bar({ name, isOurs }: Contestant, value: number, most: number, y: number): string {
  const width = Math.max(1, value / most * (WIDTH - LEFT - RIGHT));
  return `<text x="${LEFT - 8}" y="${y + 13}" text-anchor="end">${name}</text>` +
    `<rect x="${LEFT}" y="${y + 2}" width="${width.toFixed(1)}" height="${BAR - 5}" rx="2" class="${
      isOurs ? "ours" : "peer"
    }"/>` +
    `<text x="${(LEFT + width + 6).toFixed(1)}" y="${y + 13}">${
      value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2)
    }</text>`;
}
