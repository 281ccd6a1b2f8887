import { join } from "@std/path";
import { Site } from "../../tests/helpers/site.ts";
import { median } from "../statistics.ts";
import { Child } from "./child.ts";
import { clock, sleep } from "./commands.ts";
import { busyOf } from "./process.ts";
import { number, type Plan, type Report, type Section } from "./section.ts";
import { MODULE } from "./start.ts";
import { Talker } from "./talker.ts";
import type { Kind } from "./workers/bare.ts";

/** How long CPU use is looked at, ms. */
const LOOK_MS = 500;
/** Deno ends a worker that does not end by itself after 2 s, if it does: it is looked at again after that. */
const LATER_MS = 3000;
/** How long the counter of a worker that was terminated is looked at, ms. */
const WATCH_MS = 100;

const SERVICE = `
  import { send } from "/lib/xp/websocket";
  export const get = () => ({ webSocket: {} });
  export function webSocketEvent(event) {
    if (event.type !== "message") return;
    if (event.message === "spin") while (true);
    send(event.session.id, event.message);
  }
`;

/** The least CPU use of what is not stopped, percent of a core; what is stopped uses next to none. */
const STILL_SPINS = 50;

interface Terminated {
  kind: Kind;
  /** How long it went on, ms; null: longer than {@linkcode WATCH_MS}. */
  stoppedMs: number | null;
  /** CPU use right after, and later, percent of a core. */
  busy: number;
  busyLater: number;
}

interface Caught {
  eventTimeoutMs: number;
  /** From the client's message until the isolate is stopped, ms. */
  stoppedMs: number[];
  /** From the client's message until the next one is answered, ms. */
  answeredMs: number[];
  /** CPU use when it runs again, percent of a core. */
  busy: number[];
}

/** A controller that spins, and what becomes of the thread. */
export async function spin(plan: Plan, report: Report): Promise<Section> {
  const terminated: Terminated[] = [];
  for (const kind of ["worker", "recipe without lock", "recipe"] as const) {
    report(`spin: terminate() of a bare ${kind}`);
    terminated.push(await terminate(kind));
  }
  const caught: Caught[] = [];
  for (const eventTimeoutMs of [100, 500]) {
    report(`spin: ${plan.spins} services, eventTimeoutMs ${eventTimeoutMs}`);
    caught.push(await catchSpinning(eventTimeoutMs, plan));
  }
  return {
    title: "A loop without end: how long until it is stopped",
    heads: [
      "WHAT",
      "STOPPED AFTER, MS",
      "BEYOND THE LIMIT",
      "ANSWERS AGAIN, MS",
      "CPU AFTER, %",
      `CPU ${LATER_MS / 1000} S LATER, %`,
    ],
    rows: [
      ...terminated.map(({ kind, stoppedMs, busy, busyLater }) => [
        `terminate() of a bare ${kind}`,
        stoppedMs !== null
          ? number(stoppedMs, 1)
          : busyLater > STILL_SPINS
          ? "never"
          : "later than 500",
        "",
        "",
        number(busy),
        number(busyLater),
      ]),
      ...caught.map(({ eventTimeoutMs, stoppedMs, answeredMs, busy }) => [
        `service, eventTimeoutMs ${eventTimeoutMs}`,
        number(median(stoppedMs)),
        `${number(median(stoppedMs) - eventTimeoutMs)} (most ${
          number(Math.max(...stoppedMs) - eventTimeoutMs)
        })`,
        number(median(answeredMs)),
        number(median(busy)),
        "",
      ]),
    ],
    notes: [
      "A service: medians, counted from the client's message. It waits 100 ms before it restarts.",
      `CPU: percent of a core that the whole process uses in ${LOOK_MS} ms.`,
    ],
    data: { terminated, caught },
  };
}

async function terminate(kind: Kind): Promise<Terminated> {
  using site = Site.make({ "one.js": MODULE });
  await using child = new Child("controls.ts");
  await child.ask("start", kind, join(site.root, "one.js"));
  await child.ask("spin");
  const stoppedMs = await child.ask<number | null>("terminateSpinning", WATCH_MS);
  const busy = await busyOf(child.pid, LOOK_MS);
  await sleep(LATER_MS - LOOK_MS);
  return { kind, stoppedMs, busy, busyLater: await busyOf(child.pid, LOOK_MS) };
}

/** Each spins in a service of its own, because a service waits longer with every time that it fails. */
async function catchSpinning(eventTimeoutMs: number, plan: Plan): Promise<Caught> {
  const keys = Array.from({ length: plan.spins }, (_, n) => `s${n}`);
  using site = Site.make(Object.fromEntries(keys.flatMap((key) => [
    [`services/${key}/${key}.js`, SERVICE],
    [`services/${key}/service.json`, { eventTimeoutMs }],
  ])));
  await using board = new Child("board.ts", site.root);
  const port = await board.ask<number>("port");
  const caught: Caught = { eventTimeoutMs, stoppedMs: [], answeredMs: [], busy: [] };
  for (const key of keys) {
    using talker = await Talker.open(port, `/services/${key}`);
    await talker.ask("before");
    await sleep(LOOK_MS);
    const from = board.said.length;
    const begun = clock();
    talker.say("spin");
    await talker.ask("after");
    caught.answeredMs.push(clock() - begun);
    const stopped = await board.hears(
      ({ text, service }) => service === key && text.includes("restarts in"),
      from,
    );
    caught.stoppedMs.push(stopped.at - begun);
    caught.busy.push(await busyOf(board.pid, LOOK_MS));
  }
  return caught;
}
