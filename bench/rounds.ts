import type { Case } from "./cases.ts";
import type { LoadClient, Run } from "./client.ts";
import { Server, type Side, SIDES } from "./server.ts";

/** All runs of a case: those of one index were made one after the other, and make a pair. */
export interface CaseRuns {
  case: Case;
  runs: Record<Side, Run[]>;
}

/** How often everything is run. */
export interface Rounds {
  /** Of what CPU time is measured for. */
  busy: number;
  /** Of what memory is measured for; noise hardly reaches that. */
  idle: number;
}

/** Is told what is being run. */
export type Report = (text: string) => void;

/**
 * V8 collects the garbage of an idle process after 30 s. Both sides do so at once, or what is measured would
 * be the handshakes.
 */
const COLLECT_SOON = [
  "--v8-flags=--gc-memory-reducer-start-delay-ms=500,--memory-reducer-delay-ms=500",
];

/**
 * Runs all cases in rounds. In a round the sides take turns, so that whatever else the machine does hits
 * both; and each round has new processes, because two processes of one program differ too.
 */
export async function runRounds(
  client: LoadClient,
  cases: Case[],
  rounds: Rounds,
  report: Report,
): Promise<CaseRuns[]> {
  const results = cases.map((one): CaseRuns => ({
    case: one,
    runs: { control: [], switchboard: [] },
  }));
  const busy = results.filter((result) => !result.case.isIdle);
  for (let round = 1; round <= rounds.busy; round++) {
    await busyRound(client, busy, (text) => report(`round ${round} of ${rounds.busy}: ${text}`));
  }
  for (const result of results.filter((result) => result.case.isIdle)) {
    for (let round = 1; round <= rounds.idle; round++) {
      report(`round ${round} of ${rounds.idle}: ${result.case.name}, both`);
      await idleRound(client, result);
    }
  }
  return results;
}

async function busyRound(client: LoadClient, results: CaseRuns[], report: Report): Promise<void> {
  await using control = await Server.start("control");
  await using switchboard = await Server.start("switchboard");
  const servers = { control, switchboard };
  for (const { case: { name, load }, runs } of results) {
    for (const side of SIDES) {
      report(`${name}, ${side}`);
      runs[side].push(await client.run(load, servers[side]));
    }
  }
}

/** Both sides at the same time: they wait, mostly. */
async function idleRound(client: LoadClient, { case: { load }, runs }: CaseRuns): Promise<void> {
  await using control = await Server.start("control", COLLECT_SOON);
  await using switchboard = await Server.start("switchboard", COLLECT_SOON);
  const [ofControl, ofSwitchboard] = await Promise.all([
    client.run(load, control),
    client.run(load, switchboard),
  ]);
  runs.control.push(ofControl);
  runs.switchboard.push(ofSwitchboard);
}
