import { Counter, Gauge, Registry } from "prom-client";
import type { Figures } from "./figures.ts";
import type { Latencies } from "./latencies.ts";

/**
 * All figures, in the terms of Prometheus. Nothing is counted here: each is looked at when it is asked for.
 *
 * @param read The figures now.
 */
export function registryOf(read: () => Figures, latencies: Latencies): Registry {
  const registry = new Registry();
  const gauge = (name: string, help: string, labelNames: string[], read: Reading) =>
    new Gauge({
      name,
      help,
      labelNames,
      registers: [registry],
      collect() {
        this.reset();
        for (const [labels, value] of read()) this.set(labels, value);
      },
    });
  const counter = (name: string, help: string, labelNames: string[], read: Reading) =>
    new Counter({
      name,
      help,
      labelNames,
      registers: [registry],
      collect() {
        this.reset();
        for (const [labels, value] of read()) this.inc(labels, value);
      },
    });
  latencies.register(registry);
  const one = (name: string, help: string, value: (figures: Figures) => number) =>
    gauge(name, help, [], () => [[{}, value(read())]]);
  const of = (
    name: string,
    help: string,
    value: (service: Figures["services"][number]) => number,
  ) =>
    gauge(
      name,
      help,
      ["service"],
      () => read().services.map((one) => [{ service: one.service }, value(one)]),
    );
  const counts = (name: string, help: string, value: (figures: Figures) => number) =>
    counter(name, help, [], () => [[{}, value(read())]]);
  const by = (
    name: string,
    help: string,
    label: string,
    values: (figures: Figures) => [value: string, count: number][],
  ) =>
    counter(
      name,
      help,
      [label],
      () => values(read()).map(([value, count]) => [{ [label]: value }, count]),
    );

  one("switchboard_uptime_seconds", "Time that the server has been up", (f) => f.uptimeSec);
  one("switchboard_groups", "Groups with at least one member", (f) => f.groups);
  of("switchboard_sessions", "Open sessions", ({ sessions }) => sessions);
  of("switchboard_service_up", "Whether the service runs", ({ isUp }) => Number(isUp));
  of(
    "switchboard_waiting_bytes",
    "Length of the events queued for a service",
    (s) => s.waiting,
  );
  one("switchboard_send_buffer_bytes", "Bytes queued for clients", (f) => f.buffered.total);
  one(
    "switchboard_send_buffer_most_bytes",
    "Bytes queued for the slowest client",
    (f) => f.buffered.most,
  );
  counts("switchboard_sessions_opened_total", "Sessions opened", (f) => f.counts.opened);
  by("switchboard_messages_total", "Messages", "direction", ({ counts }) => [
    ["in", counts.messagesIn],
    ["out", counts.messagesOut],
  ]);
  by(
    "switchboard_message_bytes_total",
    "Their bytes; text counts in UTF-16 units",
    "direction",
    ({ counts }) => [["in", counts.bytesIn], ["out", counts.bytesOut]],
  );
  by(
    "switchboard_dropped_total",
    "Sessions closed or messages dropped because of a limit",
    "cause",
    ({ counts }) => [
      ["slow_client", counts.slow],
      ["slow_client_message", counts.shed],
      ["rate", counts.tooFast],
      ["message_size", counts.tooBig],
      ["overload", counts.overloaded],
      ["groups", counts.groups],
      ["idle", counts.idle],
      ["credential_expired", counts.expired],
    ],
  );
  by("switchboard_refused_total", "Requests refused", "cause", ({ refused }) => [...refused]);
  by(
    "switchboard_isolate_restarts_total",
    "Isolates that ended and were restarted",
    "service",
    ({ services }) => services.map(({ service, restarts }) => [service, restarts]),
  );
  by(
    "switchboard_lost_events_total",
    "Events that an isolate had begun to handle when it ended",
    "service",
    ({ services }) => services.map(({ service, lostEvents }) => [service, lostEvents]),
  );
  return registry;
}

type Reading = () => [labels: Record<string, string>, value: number][];
