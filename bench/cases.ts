import type { Load, Run } from "./client.ts";

/** One number of a case. */
export interface Measure {
  name: string;
  value(run: Run): number;
  /** Digits after the point. */
  digits: number;
  /** Whether less of it is better. */
  lessIsBetter: boolean;
}

/** One load, and what is taken from it. */
export interface Case {
  name: string;
  load: Load;
  path: "echo" | "group";
  measures: Measure[];
  /** CPU seconds that a run shall cost the server: a clock tick is 10 ms. 0: as many messages as there are. */
  cpuSeconds: number;
  /** Measures memory: its runs need servers that nothing has connected to before. */
  isIdle: boolean;
}

/** How much is measured. */
export interface Plan {
  busyRounds: number;
  idleRounds: number;
  startRounds: number;
  /** CPU seconds of a run. */
  cpuSeconds: number;
  members: number[];
  echoClients: number[];
  connections: number;
  idleConnections: number;
}

/** A whole run, a good quarter of an hour. */
export const WHOLE: Plan = {
  busyRounds: 5,
  idleRounds: 1,
  startRounds: 5,
  cpuSeconds: 0.6,
  members: [10, 100, 1000, 10_000],
  echoClients: [1, 100, 1000],
  connections: 3000,
  idleConnections: 10_000,
};

/** One that ends within a minute, and is coarse. */
export const QUICK: Plan = {
  busyRounds: 1,
  idleRounds: 0,
  startRounds: 1,
  cpuSeconds: 0.1,
  members: [10, 1000],
  echoClients: [100],
  connections: 500,
  idleConnections: 0,
};

/** Bytes of a message. */
const SIZE = 64;
/** Messages that a publisher keeps under way. */
const WINDOW = 8;
/** Clients of the chat, each with a message under way. */
const CHATTERS = 32;
/** Messages of the run that says how many a second's work is. */
const FIRST = { echo: 4000, deliveries: 40_000 };

/** The cases of a plan. */
export function casesOf(plan: Plan): Case[] {
  return [
    ...plan.members.map((members) => fanOut(plan, members)),
    chat(plan),
    ...plan.echoClients.map((clients) => echo(plan, clients)),
    connect(plan),
    ...(plan.idleRounds > 0 ? [idle(plan)] : []),
  ];
}

/** The prefix of a case's name, for `--only`. */
export const NAMES = {
  fanOut: (members: number) => `Fan-out to ${members.toLocaleString("en-US")}`,
  chat: `Chat of ${CHATTERS}, all to all`,
  echo: (clients: number) =>
    `Echo, ${clients.toLocaleString("en-US")} client${clients === 1 ? "" : "s"}`,
  connect: "Connecting",
  idle: (connections: number) => `${connections.toLocaleString("en-US")} idle connections`,
};

function fanOut({ cpuSeconds }: Plan, members: number): Case {
  return {
    name: NAMES.fanOut(members),
    load: { ...loadOf("fanout", members, FIRST.deliveries / members), window: WINDOW },
    path: "group",
    measures: [cpuPer("delivery"), rateOf("deliveries")],
    cpuSeconds,
    isIdle: false,
  };
}

function chat({ cpuSeconds }: Plan): Case {
  return {
    name: NAMES.chat,
    load: { ...loadOf("chat", CHATTERS, FIRST.deliveries / CHATTERS), window: CHATTERS },
    path: "group",
    measures: [cpuPer("delivery"), rateOf("deliveries")],
    cpuSeconds,
    isIdle: false,
  };
}

function echo({ cpuSeconds }: Plan, clients: number): Case {
  return {
    name: NAMES.echo(clients),
    load: loadOf("echo", clients, FIRST.echo),
    path: "echo",
    measures: [
      cpuPer("message"),
      rateOf("messages"),
      roundTrip("p50", (run) => run.p50),
      roundTrip("p99", (run) => run.p99),
      roundTrip("p99.9", (run) => run.p999),
    ],
    cpuSeconds,
    isIdle: false,
  };
}

function connect({ connections }: Plan): Case {
  return {
    name: NAMES.connect,
    load: { ...loadOf("connect", connections, 1), warmup: 200 },
    path: "group",
    measures: [cpuPer("connection"), rateOf("connections")],
    cpuSeconds: 0,
    isIdle: false,
  };
}

function idle({ idleConnections }: Plan): Case {
  return {
    name: NAMES.idle(idleConnections),
    load: { ...loadOf("idle", idleConnections, 1), warmup: 200 },
    path: "group",
    measures: [{
      name: "memory per connection, KB",
      value: (run) => (run.rssKb - run.baseKb) / run.count,
      digits: 1,
      lessIsBetter: true,
    }],
    cpuSeconds: 0,
    isIdle: true,
  };
}

function loadOf(mode: Load["mode"], clients: number, messages: number): Load {
  return withMessages({ mode, clients, messages: 0, warmup: 0, size: SIZE, window: 1 }, messages);
}

/** A tenth more comes before, uncounted: that is when V8 compiles. */
export function withMessages(load: Load, messages: number): Load {
  const whole = Math.max(8, Math.ceil(messages));
  return { ...load, messages: whole, warmup: Math.ceil(whole / 10) };
}

function cpuPer(what: string): Measure {
  return {
    name: `server CPU per ${what}, µs`,
    value: (run) => run.serverCpu / run.count * 1e6,
    digits: 2,
    lessIsBetter: true,
  };
}

function rateOf(what: string): Measure {
  return {
    name: `${what} per second`,
    value: (run) => run.count / run.seconds,
    digits: 0,
    lessIsBetter: false,
  };
}

function roundTrip(name: string, value: (run: Run) => number): Measure {
  return { name: `round trip ${name}, µs`, value, digits: 0, lessIsBetter: true };
}
