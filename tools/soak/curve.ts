const WIDTH = 720;
const HEIGHT = 260;
const LEFT = 56;
const BOTTOM = 34;
const TOP = 40;

/** A curve of megabytes over seconds, as SVG that suits light and dark pages. */
export function curve(
  title: string,
  samples: readonly [seconds: number, megabytes: number][],
): string {
  const last = samples.at(-1)?.[0] ?? 1;
  const most = Math.ceil(Math.max(1, ...samples.map(([, megabytes]) => megabytes)) / 100) * 100;
  const x = (seconds: number) => LEFT + seconds / last * (WIDTH - LEFT - 16);
  const y = (megabytes: number) => HEIGHT - BOTTOM - megabytes / most * (HEIGHT - BOTTOM - TOP);
  const lines = [0, 0.25, 0.5, 0.75, 1].map((part) => {
    const at = y(part * most).toFixed(1);
    return `<path d="M${LEFT} ${at}H${WIDTH - 16}" class="grid"/>` +
      `<text x="${LEFT - 8}" y="${Number(at) + 4}" text-anchor="end">${
        Math.round(part * most)
      }</text>`;
  });
  const times = [0, 0.5, 1].map((part) =>
    `<text x="${x(part * last).toFixed(1)}" y="${HEIGHT - 12}" text-anchor="${
      part === 0 ? "start" : part === 1 ? "end" : "middle"
    }">${Math.round(part * last)} s</text>`
  );
  const path = samples.map(([seconds, megabytes], index) =>
    `${index === 0 ? "M" : "L"}${x(seconds).toFixed(1)} ${y(megabytes).toFixed(1)}`
  ).join("");
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img">
<title>${title}: memory of the server, MB</title>
<style>
text { font: 12px system-ui, sans-serif; fill: #6b7280; }
.title { font-size: 13px; font-weight: 600; }
.grid { stroke: #9ca3af; stroke-opacity: .35; fill: none; }
.curve { stroke: #c2571a; stroke-width: 2; fill: none; stroke-linejoin: round; }
</style>
<text x="${LEFT}" y="20" class="title">Memory of the server, MB. ${title}</text>
${lines.join("\n")}
${times.join("\n")}
<path d="${path}" class="curve"/>
</svg>
`;
}
