import type { GatewayService } from "./gateway/mod.ts";
import type { SessionLimits } from "./hub/mod.ts";
import { Isolate, type IsolateHost } from "./isolate/mod.ts";
import { messageOf, SwitchboardError } from "./errors.ts";
import type { ServiceDefinition } from "./service/mod.ts";
import type { BusEvent, NeutralReply, NeutralRequest } from "./wire/mod.ts";

/** One service that is being served: its definition, and the isolate that runs it. */
export class ServiceHost implements GatewayService {
  readonly settled: Promise<void>;
  readonly limits: SessionLimits;
  /** Why it is not running. */
  error: SwitchboardError | null;
  readonly #isolate: Isolate;

  /** @param onError Told once, if it does not start. */
  constructor(
    readonly definition: ServiceDefinition,
    host: IsolateHost,
    onError: (error: SwitchboardError) => void,
  ) {
    const { manifest } = definition;
    this.error = definition.error;
    this.limits = {
      maxMessageBytes: manifest.maxMessageBytes ?? 65536,
      idleTimeoutMs: (manifest.idleTimeoutSec ?? 300) * 1000,
      sendBufferBytes: manifest.sendBufferBytes ?? 1048576,
      closeTimeoutMs: manifest.eventTimeoutMs ?? 5000,
    };
    this.#isolate = new Isolate(definition, host);
    this.settled = (this.error === null ? this.#isolate.start() : Promise.reject(this.error)).catch(
      (error) => {
        this.error = error instanceof SwitchboardError
          ? error
          : new SwitchboardError("SB_LOAD", messageOf(error));
        if (this.#isolate.state !== "stopped") onError(this.error);
      },
    );
  }

  /** Where it is in its life. */
  get state(): string {
    return this.error === null ? this.#isolate.state : "failed";
  }

  get isRunning(): boolean {
    return this.state === "running";
  }

  get assets(): string | null {
    return this.definition.assets;
  }

  get allow(): readonly string[] | null {
    return this.definition.allow;
  }

  get origins(): readonly string[] | undefined {
    return this.definition.manifest.origins;
  }

  get maxSessions(): number {
    return this.definition.manifest.maxSessions ?? 10000;
  }

  get sessionCount(): number {
    return this.#isolate.sessions.size;
  }

  get owner(): Isolate {
    return this.#isolate;
  }

  request(request: NeutralRequest, timeoutMs: number): Promise<NeutralReply> {
    return this.#isolate.request(request, timeoutMs);
  }

  /** Hands an event of the bus to the controllers. */
  publish(event: BusEvent): void {
    this.#isolate.publish(event);
  }

  /** Ends the isolate. */
  stop(): void {
    this.#isolate.stop();
  }
}
