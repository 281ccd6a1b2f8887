import { join } from "@std/path";
import { Site } from "../../tests/helpers/site.ts";
import { median } from "../statistics.ts";
import { Child } from "./child.ts";
import { sleep } from "./commands.ts";
import { rssOf } from "./process.ts";
import { number, type Plan, type Report, type Section, times } from "./section.ts";

const KINDS = ["worker", "heap worker", "recipe", "switchboard"] as const;

const NAMES = {
  worker: "bare web worker",
  "heap worker": "bare heap worker (node:worker_threads)",
  recipe: "bare recipe: a heap worker in a web worker",
  switchboard: "service of Switchboard",
};

/** The least service. */
export const SERVICE = `
  export const get = () => ({ webSocket: {} });
  export function webSocketEvent() {}
`;

/** The same for a bare worker. */
export const MODULE = `export const answer = () => "1";\n`;

interface Started {
  /** Of each service, ms. */
  ms: number[];
  /** Memory per service, MB. */
  mb: number;
}

/** Starts services one after the other in one process, and looks at its memory before and after. */
export async function start(plan: Plan, report: Report): Promise<Section> {
  const runs: Record<typeof KINDS[number], Started[]> = {
    "worker": [],
    "heap worker": [],
    "recipe": [],
    "switchboard": [],
  };
  for (let round = 1; round <= plan.startRounds; round++) {
    for (const kind of KINDS) {
      report(`start, round ${round} of ${plan.startRounds}: ${plan.services}, ${NAMES[kind]}`);
      runs[kind].push(await startAll(kind, plan));
    }
  }
  const results = KINDS.map((kind) => ({
    kind,
    ms: median(runs[kind].flatMap(({ ms }) => ms)),
    firstMs: median(runs[kind].map(({ ms }) => ms[0]!)),
    mb: median(runs[kind].map(({ mb }) => mb)),
  }));
  const [control] = results;
  return {
    title: `Start of a service: ${plan.services} one after the other, median of all`,
    heads: ["WHAT", "START, MS", "RATIO", "THE FIRST, MS", "MEMORY EACH, MB", "RATIO"],
    rows: results.map(({ kind, ms, firstMs, mb }) => [
      NAMES[kind],
      number(ms),
      times(ms, control!.ms),
      number(firstMs),
      number(mb, 1),
      times(mb, control!.mb),
    ]),
    notes: [],
    data: { results, runs },
  };
}

async function startAll(kind: typeof KINDS[number], plan: Plan): Promise<Started> {
  using site = Site.make({ "services/readme.txt": "" });
  const isOurs = kind === "switchboard";
  await using child = isOurs ? new Child("board.ts", site.root) : new Child("controls.ts");
  // An answer to anything: it is up.
  if (isOurs) await child.ask("port");
  else await child.ask("startAll", "worker", []);
  await sleep(plan.settleMs);
  const before = rssOf(child.pid);
  const ms: number[] = [];
  for (let n = 0; n < plan.services; n++) {
    const file = `services/s${n}/s${n}.js`;
    site.write({ [file]: isOurs ? SERVICE : MODULE });
    ms.push(
      isOurs
        ? await child.ask("reload", `s${n}`)
        : await child.ask("start", kind, join(site.root, file)),
    );
  }
  await sleep(plan.settleMs);
  return { ms, mb: (rssOf(child.pid) - before) / plan.services };
}
