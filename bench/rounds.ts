import { type Case, type Plan, withMessages } from "./cases.ts";
import { type Load, type Run, runLoad } from "./client.ts";
import type { Contestant, Id } from "./contestants.ts";
import { Server } from "./server.ts";
import type { Tools } from "./tools.ts";

/** All runs of a case: those of one index were made one after the other, and can be compared. */
export interface CaseRuns {
  case: Case;
  runs: Map<Id, Run[]>;
}

/** A measurement. */
export interface Results {
  cases: CaseRuns[];
  /** From a command to an open websocket, ms, by round. */
  starts: Map<Id, number[]>;
}

/** Is told what is being run. */
export type Report = (text: string) => void;

/** For how long nothing must happen before a run, and when it starts all the same, ms. */
const QUIET_MS = 100;
const QUIET_AFTER_MS = 5_000;

/** How many messages the first run of a case may be multiplied by. */
const MOST = 50;

/** Runs cases against contestants. */
export class Rounds {
  /** Loads that cost each contestant about the same time. */
  readonly #loads = new Map<string, Load>();

  constructor(
    private readonly tools: Tools,
    private readonly contestants: readonly Contestant[],
    private readonly cases: readonly Case[],
    private readonly plan: Plan,
    private readonly signal: AbortSignal,
    private readonly report: Report,
  ) {}

  /**
   * Runs everything in rounds. In a round the contestants take turns at each case, so that whatever else the
   * machine does hits all; and each round has new processes, because two processes of one program differ too.
   */
  async run(): Promise<Results> {
    const { busyRounds, idleRounds, startRounds } = this.plan;
    const cases = this.cases.map((one): CaseRuns => ({ case: one, runs: new Map() }));
    const starts = new Map<Id, number[]>();
    for (let round = 1; round <= startRounds; round++) {
      this.#say(`round ${round} of ${startRounds}: start`);
      for (const contestant of this.#inTurn(round)) {
        await using server = await Server.start(contestant, this.tools, false);
        put(starts, server.id, server.startMs);
      }
    }
    // The first one says how many messages take how long, and counts for nothing else.
    for (let round = 0; round <= busyRounds; round++) {
      const what = round === 0 ? "trying out" : `round ${round} of ${busyRounds}`;
      await this.#busyRound(round, cases.filter((one) => !one.case.isIdle), what);
    }
    for (const one of cases.filter((one) => one.case.isIdle)) {
      for (let round = 1; round <= idleRounds; round++) {
        await this.#idleRound(one, `round ${round} of ${idleRounds}`);
      }
    }
    return { cases, starts };
  }

  /** Another one begins each time. */
  #inTurn(round: number): Contestant[] {
    const first = round % this.contestants.length;
    return [...this.contestants.slice(first), ...this.contestants.slice(0, first)];
  }

  async #busyRound(round: number, cases: CaseRuns[], what: string): Promise<void> {
    await using stack = new AsyncDisposableStack();
    const servers: Server[] = [];
    for (const contestant of this.#inTurn(round)) {
      servers.push(stack.use(await Server.start(contestant, this.tools, false)));
    }
    for (const { case: one, runs } of cases) {
      for (const server of servers) {
        this.#say(`${what}: ${one.name}, ${server.contestant.name}`);
        await quiet(servers);
        const key = `${one.name} ${server.id}`;
        const load = this.#loads.get(key) ?? one.load;
        const run = await this.#load(server, one, load);
        if (round > 0) put(runs, server.id, run);
        else if (one.cpuSeconds > 0) {
          const factor = one.cpuSeconds / Math.max(run.serverCpu, 0.01);
          const times = Math.min(MOST, Math.max(1, factor));
          this.#loads.set(key, withMessages(load, load.messages * times));
        }
      }
    }
  }

  /** One after the other: garbage that is collected late, because others are busy, would count as memory. */
  async #idleRound({ case: one, runs }: CaseRuns, what: string): Promise<void> {
    for (const contestant of this.contestants) {
      // The floor keeps nothing of a connection.
      if (contestant.id === "floor") continue;
      this.#say(`${what}: ${one.name}, ${contestant.name}`);
      await using server = await Server.start(contestant, this.tools, true);
      put(runs, server.id, await this.#load(server, one, one.load));
    }
  }

  #load({ port, pid, contestant }: Server, one: Case, load: Load): Promise<Run> {
    const { protocol, paths } = contestant;
    const target = { port, pid, protocol, path: paths[one.path] };
    return runLoad(this.tools.load, load, target, this.signal);
  }

  #say(text: string): void {
    this.signal.throwIfAborted();
    this.report(text);
  }
}

/** Waits until no server works: after 10,000 clients have gone, one may still clear up beside the next run. */
async function quiet(servers: readonly Server[]): Promise<void> {
  for (const until = performance.now() + QUIET_AFTER_MS; performance.now() < until;) {
    const before = servers.reduce((sum, server) => sum + server.ticks, 0);
    await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
    const after = servers.reduce((sum, server) => sum + server.ticks, 0);
    if (after - before <= 1) return;
  }
}

function put<V>(map: Map<Id, V[]>, id: Id, value: V): void {
  const values = map.get(id);
  if (values === undefined) map.set(id, [value]);
  else values.push(value);
}
