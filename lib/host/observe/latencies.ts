import type { MetricValueWithName, Registry } from "prom-client";

/** Upper ends of the buckets, ms. */
const BUCKETS_MS = [0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000];

/** How long batches of events have taken, by service. Noting one is to cost next to nothing: it comes with each. */
export class Latencies {
  readonly #services = new Map<string, { counts: Float64Array; sum: number }>();

  /** @param name Of the histogram. */
  constructor(private readonly name: string, private readonly help: string) {}

  /** Notes a batch, ms. */
  took(service: string, milliseconds: number): void {
    let known = this.#services.get(service);
    if (known === undefined) {
      known = { counts: new Float64Array(BUCKETS_MS.length + 1), sum: 0 };
      this.#services.set(service, known);
    }
    let bucket = 0;
    while (bucket < BUCKETS_MS.length && milliseconds > BUCKETS_MS[bucket]!) bucket++;
    known.counts[bucket]!++;
    known.sum += milliseconds;
  }

  /** Forgets a service that is no more. */
  forget(service: string): void {
    this.#services.delete(service);
  }

  /** Shows them as a histogram. */
  register(registry: Registry): void {
    const metric = { name: this.name, get: () => Promise.resolve(this.#histogram()) };
    registry.registerMetric(metric as never);
  }

  #histogram(): unknown {
    const values: MetricValueWithName<string>[] = [];
    for (const [service, { counts, sum }] of this.#services) {
      let count = 0;
      const add = (suffix: string, value: number, labels: Record<string, string | number> = {}) =>
        values.push({
          metricName: `${this.name}_${suffix}`,
          labels: { ...labels, service },
          value,
        });
      counts.forEach((more, index) => {
        count += more;
        const end = BUCKETS_MS[index];
        add("bucket", count, { le: end === undefined ? "+Inf" : end / 1000 });
      });
      add("sum", sum / 1000);
      add("count", count);
    }
    const { name, help } = this;
    return { name, help, type: "histogram", aggregator: "sum", values };
  }
}
