import type { Load, Run } from "./client.ts";

/** How much more than the control is still good. */
export type Aim =
  /** The ratio of the medians, at the most. */
  | { ratio: number }
  /** The difference of the medians, at the most. */
  | { difference: number; unit: string };

/** One number of a case. */
export interface Measure {
  name: string;
  value(run: Run): number;
  /** Digits after the point. */
  digits: number;
  aim: Aim | null;
}

/** One load, and what is taken from it. */
export interface Case {
  name: string;
  load: Load;
  /** Measures memory: its runs need servers that nothing has connected to before, and no CPU. */
  isIdle: boolean;
  measures: Measure[];
}

/** Bytes of a message. */
const SIZE = 64;

/** Messages that the publisher keeps under way. */
const WINDOW = 8;

/** CPU clock ticks are 10 ms: so many messages cost half a second or more, so that a tick is two percent at most. */
const DELIVERIES = 200_000;

const ECHO_AIM: Aim = { ratio: 2 };
const FANOUT_AIM: Aim = { ratio: 1.15 };
const MEMORY_AIM: Aim = { difference: 2, unit: "KB" };

/**
 * The cases of the bench.
 *
 * @param scale Part of the messages that are sent; the fewer, the coarser is the CPU time.
 */
export function cases(scale: number): Case[] {
  return [
    echo(1, 20_000 * scale),
    echo(100, 150_000 * scale),
    ...[10, 100, 1000].map((members) => fanOut(members, DELIVERIES * scale / members)),
    idle(5000),
  ];
}

function echo(clients: number, messages: number): Case {
  return {
    name: clients === 1 ? "echo, 1 client" : `echo, ${clients} clients`,
    load: { ...loadOf(messages), mode: "echo", path: "/services/echo", clients },
    isIdle: false,
    measures: [
      cpuPer("message", ECHO_AIM),
      rateOf("messages"),
      { name: "round trip p50, µs", value: (run) => run.p50, digits: 0, aim: null },
      { name: "round trip p99, µs", value: (run) => run.p99, digits: 0, aim: null },
    ],
  };
}

function fanOut(members: number, messages: number): Case {
  return {
    name: `fan-out to ${members}`,
    load: { ...loadOf(messages), mode: "fanout", path: "/services/fanout", clients: members },
    isIdle: false,
    measures: [cpuPer("delivery", FANOUT_AIM), rateOf("deliveries")],
  };
}

/** Members of a group, as the control keeps its sockets in a set too. */
function idle(clients: number): Case {
  return {
    name: `idle, ${clients} connections`,
    load: {
      mode: "idle",
      path: "/services/fanout",
      clients,
      messages: 1,
      warmup: 200,
      size: SIZE,
      window: 1,
    },
    isIdle: true,
    measures: [{
      name: "memory per connection, KB",
      value: (run) => (run.rssKb - run.baseKb) / run.count,
      digits: 1,
      aim: MEMORY_AIM,
    }],
  };
}

/** A tenth more comes before, uncounted: that is when V8 compiles. */
function loadOf(messages: number): Pick<Load, "messages" | "warmup" | "size" | "window"> {
  const whole = Math.ceil(messages);
  return { messages: whole, warmup: Math.ceil(whole / 10), size: SIZE, window: WINDOW };
}

function cpuPer(what: string, aim: Aim): Measure {
  return {
    name: `server CPU per ${what}, µs`,
    value: (run) => run.serverCpu / run.count * 1e6,
    digits: 2,
    aim,
  };
}

function rateOf(what: string): Measure {
  return {
    name: `${what} per second`,
    value: (run) => run.count / run.seconds,
    digits: 0,
    aim: null,
  };
}
