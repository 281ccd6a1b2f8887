import { join } from "@std/path";
import { Site } from "../../tests/helpers/site.ts";
import { median } from "../statistics.ts";
import { Child } from "./child.ts";
import { sleep } from "./commands.ts";
import { number, type Plan, type Report, type Section, times } from "./section.ts";
import { Talker } from "./talker.ts";

/** Between two edits, ms: enough to boot a spare. */
const PAUSE_MS = 1000;
/** Between an answer and the next question, ms. */
const ASK_EVERY_MS = 1;

const serviceOf = (version: number) => `
  import { send } from "/lib/xp/websocket";
  export const get = () => ({ webSocket: {} });
  export function webSocketEvent(event) {
    if (event.type === "message") send(event.session.id, "${version}");
  }
`;

/** From the moment before a controller is written to disk until a client has an answer of the new version. */
export async function edit(plan: Plan, report: Report): Promise<Section> {
  const runs: [string, number[]][] = [];
  report(`edit, ${plan.edits} times: a bare web worker`);
  runs.push(["bare web worker: terminate, start, ask", await exchanges(plan)]);
  report(`edit, ${plan.edits} times: reload()`);
  runs.push(["reload(), the client stays connected", await reloads(plan, false)]);
  report(`edit, ${plan.edits} times: reload() with a spare`);
  // The first edit finds none.
  const spares = (await reloads(plan, true)).slice(1);
  runs.push(["reload() with a spare, as dev from the second edit on", spares]);
  const [control] = runs.map(([, ms]) => median(ms));
  return {
    title: `From an edit to the first answer of the new version: ${plan.edits} edits`,
    heads: ["WHAT", "MEDIAN, MS", "LEAST", "MOST", "RATIO"],
    rows: runs.map(([name, ms]) => [
      name,
      number(median(ms)),
      number(Math.min(...ms)),
      number(Math.max(...ms)),
      times(median(ms), control!),
    ]),
    notes: [],
    data: Object.fromEntries(runs),
  };
}

async function exchanges(plan: Plan): Promise<number[]> {
  using site = Site.make({ "one.js": `export const answer = () => "0";\n` });
  await using child = new Child("controls.ts");
  const file = join(site.root, "one.js");
  await child.ask("start", "worker", file);
  const ms: number[] = [];
  for (let version = 1; version <= plan.edits; version++) {
    await sleep(PAUSE_MS / 4);
    const code = `export const answer = () => "${version}";\n`;
    ms.push(await child.ask("exchange", "worker", file, code, String(version)));
  }
  return ms;
}

async function reloads(plan: Plan, keepsWarm: boolean): Promise<number[]> {
  using site = Site.make({ "services/one/one.js": serviceOf(0) });
  await using board = new Child("board.ts", site.root, ...keepsWarm ? ["warm"] : []);
  using talker = await Talker.open(await board.ask("port"), "/services/one");
  await talker.ask("?");
  const ms: number[] = [];
  for (let version = 1; version <= plan.edits; version++) {
    await sleep(PAUSE_MS);
    const begun = performance.now();
    site.write({ "services/one/one.js": serviceOf(version) });
    const reloaded = board.ask("reload", "one");
    while (await talker.ask("?") !== String(version)) await sleep(ASK_EVERY_MS);
    ms.push(performance.now() - begun);
    await reloaded;
  }
  return ms;
}
