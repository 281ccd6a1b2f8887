import { join } from "@std/path";
import { Site } from "../../tests/helpers/site.ts";
import { Child } from "./child.ts";
import { sleep } from "./commands.ts";
import { number, type Plan, type Report, type Section, times } from "./section.ts";
import { MODULE } from "./start.ts";

/** The answers that the clients of one service got in a phase. */
export interface Heard {
  sent: number;
  /** Messages never answered. */
  lost: number;
  /** Answers to nothing that was asked, or the second to the same. */
  unexpected: number;
  /** Websockets closed. */
  closed: number;
  /** Of the messages to all: members that did not get one that others got. */
  missedByMembers: number;
  /** The controller's, as of the last answer. */
  version: string;
  /** From a message until its answer, ms. */
  latencies: number[];
}

/** One phase: the clients talk all the time, and something happens. */
export interface Phase {
  name: string;
  other: Heard;
  hit: Heard;
  /** Events that the log says were lost. */
  lostByLog: number;
  /** The same, as `/readyz` counts them. */
  lostByReadyz: number;
  /** The relevant log lines. */
  log: string[];
}

/** How long the service that is hit may not answer, ms. */
const EVENT_TIMEOUT_MS = 500;
/** Its memory limit, MiB. */
const MEMORY_MB = 32;
/** How long a handler of it takes, ms, as if it asked a database: so there is always something to lose. */
const HANDLER_MS = 20;
/** Part of a phase before something happens. */
const BEFORE = 0.2;
/** How long clients may wait for what is late, ms. */
const GRACE_MS = 10_000;
/** How long nothing may change before a phase is over, ms. */
const STILL_MS = 300;
/** How long the bare worker of a control spins, ms. */
const SPIN_MS = 500;

const OTHER = `
  import { send } from "/lib/xp/websocket";
  export const get = () => ({ webSocket: {} });
  export function webSocketEvent({ type, session, message }) {
    if (type === "message") send(session.id, "1 " + message);
  }
`;

const hitOf = (version: number) => `
  import { addToGroup, send, sendToGroup } from "/lib/xp/websocket";
  export const get = () => ({ webSocket: {} });
  export async function webSocketEvent({ type, session, message }) {
    if (type === "open") addToGroup("room", session.id);
    if (type !== "message") return;
    if (message === "spin") while (true);
    if (message === "hoard") for (const all = [];;) all.push(new Array(1000).fill(all.length));
    await new Promise((done) => setTimeout(done, ${HANDLER_MS}));
    const answer = "${version} " + message;
    if (message.startsWith("say ")) sendToGroup("room", answer);
    else send(session.id, answer);
  }
`;

interface Stage {
  site: Site;
  board: Child;
  clients: Child;
}

/** The phases, in this order. The first and the last are quiet, so that changes over time show. */
const HAPPENINGS: Record<string, (stage: Stage) => Promise<unknown> | void> = {
  "quiet": () => {},
  "control: a bare worker starts": ({ site, board }) =>
    board.ask("bare", join(site.root, "bare.js"), 0),
  "control: a bare worker spins 500 ms": ({ site, board }) =>
    board.ask("bare", join(site.root, "bare.js"), SPIN_MS),
  "edit": ({ site, board }) => {
    site.write({ "services/hit/hit.js": hitOf(2) });
    return board.ask("reload", "hit");
  },
  "kill": ({ board }) => board.ask("restart", "hit"),
  "out of memory": ({ clients }) => clients.ask("trigger", "hoard"),
  "spin": ({ clients }) => clients.ask("trigger", "spin"),
  "control: quiet again": () => {},
};

/** Hits one service in several ways, and looks what clients of it and of another one notice. */
export async function disturbance(plan: Plan, report: Report): Promise<Section> {
  const phases: Phase[] = [];
  for (let round = 1; round <= plan.disturbanceRounds; round++) {
    const text = `disturbance, round ${round} of ${plan.disturbanceRounds}`;
    phases.push(...await playOnce(plan, (what) => report(`${text}: ${what}`)));
  }
  const summed = Object.keys(HAPPENINGS).map((name) =>
    sum(name, phases.filter((phase) => phase.name === name))
  );
  const quiet = sum("quiet", phases.filter(({ name }) => name.includes("quiet")));
  return {
    title: `A service is hit: ${plan.clients} clients of it, and ${plan.clients} of another one`,
    heads: [
      "PHASE",
      "OTHER: P50, MS",
      "RATIO",
      "P99, MS",
      "RATIO",
      "MOST, MS",
      "LOST",
      "HIT: MOST, MS",
      "LOST: CLIENTS / LOG / READYZ",
      "CLOSED",
    ],
    rows: summed.map(({ name, other, hit, lostByLog, lostByReadyz }) => [
      name,
      number(part(other, 0.5), 2),
      times(part(other, 0.5), part(quiet.other, 0.5)),
      number(part(other, 0.99), 1),
      times(part(other, 0.99), part(quiet.other, 0.99)),
      number(part(other, 1), 0),
      `${other.lost} of ${number(other.sent)}`,
      number(part(hit, 1)),
      `${hit.lost} / ${lostByLog} / ${lostByReadyz} of ${number(hit.sent)}`,
      String(other.closed + hit.closed),
    ]),
    notes: [
      `Each client sends a message a second. A phase takes ${plan.phaseMs / 1000} s; the rounds, ` +
      `${plan.disturbanceRounds}, are taken together.`,
      `The service that is hit: handlers take ${HANDLER_MS} ms, eventTimeoutMs is ` +
      `${EVENT_TIMEOUT_MS}, memoryMb ${MEMORY_MB}.`,
      "Ratios: to both quiet phases. MOST: longest wait for an answer. CLOSED: websockets of both services.",
    ],
    data: phases,
  };
}

async function playOnce(plan: Plan, report: Report): Promise<Phase[]> {
  using site = Site.make({
    "switchboard.json": { limits: { sessionsPerAddress: 0, handshakesPerSecPerAddress: 0 } },
    "bare.js": MODULE,
    "services/other/other.js": OTHER,
    "services/hit/hit.js": hitOf(1),
    "services/hit/service.json": { memoryMb: MEMORY_MB, eventTimeoutMs: EVENT_TIMEOUT_MS },
  });
  await using board = new Child("board.ts", site.root);
  const port = await board.ask<number>("port");
  await using clients = new Child("clients.ts", String(port), String(plan.clients));
  report("clients connect");
  await clients.ask("open");
  await clients.ask("talk");
  // The first compilation and allocation are not measured.
  await sleep(plan.phaseMs / 2);
  await clients.ask("hush");
  await quietened(clients, port, 0);
  await clients.ask("finish");
  const phases: Phase[] = [];
  for (const [name, happen] of Object.entries(HAPPENINGS)) {
    report(name);
    phases.push(await play(name, happen, { site, board, clients }, port, plan));
  }
  return phases;
}

async function play(
  name: string,
  happen: (stage: Stage) => Promise<unknown> | void,
  stage: Stage,
  port: number,
  plan: Plan,
): Promise<Phase> {
  const { board, clients } = stage;
  const from = board.said.length;
  const before = (await readyz(port)).lostEvents;
  const lostByLog = () => board.said.slice(from).reduce((sum, { text }) => sum + lostIn(text), 0);
  await clients.ask("talk");
  await sleep(plan.phaseMs * BEFORE);
  await happen(stage);
  await sleep(plan.phaseMs * (1 - BEFORE));
  await clients.ask("hush");
  await quietened(clients, port, lostByLog);
  const heard = await clients.ask<Pick<Phase, "hit" | "other">>("finish");
  return {
    name,
    ...heard,
    lostByLog: lostByLog(),
    lostByReadyz: (await readyz(port)).lostEvents - before,
    log: board.said.slice(from).map(({ text }) => text),
  };
}

/**
 * Waits until the service runs and its clients miss as many answers as it has lost; and if they never do,
 * until they can be said to be lost.
 */
async function quietened(
  clients: Child,
  port: number,
  lost: number | (() => number),
): Promise<void> {
  const until = performance.now() + GRACE_MS;
  let since = performance.now();
  while (performance.now() < until && performance.now() - since < STILL_MS) {
    await sleep(STILL_MS / 6);
    const { hit, other } = await clients.ask<{ hit: number; other: number }>("outstanding");
    const expected = typeof lost === "number" ? lost : lost();
    const { state } = await readyz(port);
    if (state !== "running" || other > 0 || hit !== expected) since = performance.now();
  }
}

async function readyz(port: number): Promise<{ state: string; lostEvents: number }> {
  const response = await fetch(`http://127.0.0.1:${port}/readyz`);
  return (await response.json()).services.hit;
}

function lostIn(text: string): number {
  return Number(/lost (\d+) events? of \d+ sessions?/.exec(text)?.[1] ?? 0);
}

/** The phases of one name, of all rounds. */
function sum(name: string, phases: Phase[]): Phase {
  return {
    name,
    other: sumHeard(phases.map(({ other }) => other)),
    hit: sumHeard(phases.map(({ hit }) => hit)),
    lostByLog: total(phases, ({ lostByLog }) => lostByLog),
    lostByReadyz: total(phases, ({ lostByReadyz }) => lostByReadyz),
    log: phases.flatMap(({ log }) => log),
  };
}

function sumHeard(all: Heard[]): Heard {
  return {
    sent: total(all, ({ sent }) => sent),
    lost: total(all, ({ lost }) => lost),
    unexpected: total(all, ({ unexpected }) => unexpected),
    closed: total(all, ({ closed }) => closed),
    missedByMembers: total(all, ({ missedByMembers }) => missedByMembers),
    version: all.map(({ version }) => version).join(" "),
    latencies: all.flatMap(({ latencies }) => latencies).sort((a, b) => a - b),
  };
}

function total<T>(all: T[], value: (one: T) => number): number {
  return all.reduce((sum, one) => sum + value(one), 0);
}

/** A quantile of the times, which are sorted. */
function part({ latencies }: Heard, quantile: number): number {
  return latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * quantile))] ?? 0;
}
