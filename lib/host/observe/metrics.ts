import type { Registry } from "prom-client";
import type { Figures } from "./figures.ts";
import { Latencies } from "./latencies.ts";

/** The server's figures as Prometheus reads them. They are counted anyway, and read at each request. */
export class Metrics {
  /** Made by the first request for metrics: the client library takes a tenth of a second to load. */
  #registry: Promise<Registry> | null = null;
  readonly #latencies = new Latencies(
    "switchboard_event_seconds",
    "From the arrival of a batch's first event until the batch has been taken",
  );

  /** Read once for all metrics of a request. */
  #figures: Figures | null = null;

  constructor(private readonly look: () => Figures) {}

  /** Notes how long a batch of events has taken, ms. */
  took(service: string, milliseconds: number): void {
    this.#latencies.took(service, milliseconds);
  }

  /** Forgets a service that is no more. */
  forget(service: string): void {
    this.#latencies.forget(service);
  }

  /** All figures, as Prometheus reads them, and their content type. */
  async text(): Promise<{ text: string; contentType: string }> {
    const registry = await (this.#registry ??= this.#open());
    this.#figures = this.look();
    try {
      return { text: await registry.metrics(), contentType: registry.contentType };
    } finally {
      this.#figures = null;
    }
  }

  async #open(): Promise<Registry> {
    const { registryOf } = await import("./registry.ts");
    return registryOf(() => this.#figures ?? this.look(), this.#latencies);
  }
}
