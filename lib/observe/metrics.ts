import { Counter, Gauge, Registry } from "prom-client";
import { Latencies } from "./latencies.ts";

/** What there is to say of a server now. */
export interface Figures {
  /** Seconds that it has been up. */
  uptimeSec: number;
  groups: number;
  /** Counts by name, since it started. */
  counts: Record<
    | "messagesIn"
    | "bytesIn"
    | "messagesOut"
    | "bytesOut"
    | "opened"
    | "slow"
    | "shed"
    | "tooFast"
    | "tooBig"
    | "overloaded"
    | "groups"
    | "idle"
    | "expired",
    number
  >;
  /** Requests that were refused, by cause. */
  refused: ReadonlyMap<string, number>;
  /** Bytes that wait for clients: all of them, and the one that most waits for. */
  buffered: { total: number; most: number };
  services: {
    service: string;
    isUp: boolean;
    sessions: number;
    restarts: number;
    lostEvents: number;
    /** Length of the events that wait for the service, bytes or UTF-16 units. */
    waiting: number;
  }[];
}

/** The server's figures as Prometheus reads them. They are counted anyway, and looked at when somebody asks. */
export class Metrics {
  readonly contentType = Registry.PROMETHEUS_CONTENT_TYPE;
  readonly #registry = new Registry();
  readonly #latencies = new Latencies(
    "switchboard_event_seconds",
    "From the arrival of a batch's first event until the batch has been taken",
  );

  /** Looked at once for all that somebody asks for at a time. */
  #figures: Figures | null = null;

  constructor(private readonly look: () => Figures) {
    const read = () => this.#figures ?? this.look();
    this.#latencies.register(this.#registry);
    const one = (name: string, help: string, value: (figures: Figures) => number) =>
      this.#gauge(name, help, [], () => [[{}, value(read())]]);
    const of = (
      name: string,
      help: string,
      value: (service: Figures["services"][number]) => number,
    ) =>
      this.#gauge(
        name,
        help,
        ["service"],
        () => read().services.map((one) => [{ service: one.service }, value(one)]),
      );
    const counts = (name: string, help: string, value: (figures: Figures) => number) =>
      this.#counter(name, help, [], () => [[{}, value(read())]]);
    const by = (
      name: string,
      help: string,
      label: string,
      values: (figures: Figures) => [value: string, count: number][],
    ) =>
      this.#counter(
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
      "Length of the events that wait for a service",
      (s) => s.waiting,
    );
    one("switchboard_send_buffer_bytes", "Bytes that wait for clients", (f) => f.buffered.total);
    one(
      "switchboard_send_buffer_most_bytes",
      "Bytes that wait for the client that most wait for",
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
      "Sessions closed, or messages left out, for a limit",
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
      "Isolates that ended and were started anew",
      "service",
      ({ services }) => services.map(({ service, restarts }) => [service, restarts]),
    );
    by(
      "switchboard_lost_events_total",
      "Events that an isolate had begun to handle when it ended",
      "service",
      ({ services }) => services.map(({ service, lostEvents }) => [service, lostEvents]),
    );
  }

  /** Notes how long a batch of events has taken, ms. */
  took(service: string, milliseconds: number): void {
    this.#latencies.took(service, milliseconds);
  }

  /** Forgets a service that is no more. */
  forget(service: string): void {
    this.#latencies.forget(service);
  }

  /** All figures, as Prometheus reads them. */
  async text(): Promise<string> {
    this.#figures = this.look();
    try {
      return await this.#registry.metrics();
    } finally {
      this.#figures = null;
    }
  }

  #gauge(name: string, help: string, labelNames: string[], read: Reading): void {
    new Gauge({
      name,
      help,
      labelNames,
      registers: [this.#registry],
      collect() {
        this.reset();
        for (const [labels, value] of read()) this.set(labels, value);
      },
    });
  }

  #counter(name: string, help: string, labelNames: string[], read: Reading): void {
    new Counter({
      name,
      help,
      labelNames,
      registers: [this.#registry],
      collect() {
        this.reset();
        for (const [labels, value] of read()) this.inc(labels, value);
      },
    });
  }
}

type Reading = () => [labels: Record<string, string>, value: number][];
