import type { GatewayService, Mount } from "./gateway/mod.ts";
import type { SessionLimits } from "./hub/mod.ts";
import { type ServiceCounts, Supervisor, type SupervisorOptions } from "./supervisor/mod.ts";
import { messageOf, SwitchboardError } from "../base/errors.ts";
import { RoutePattern } from "../base/route_pattern.ts";
import { DEFAULT_MANIFEST, type ServiceDefinition, type Settings } from "./service/mod.ts";
import type { BusEvent, NeutralReply, NeutralRequest } from "../model/mod.ts";

/** Defaults of a server for all its services. */
export type SessionDefaults = Pick<Settings, "limits" | "slowClient">;

/** A service that is being served: its definition and its supervisor. */
export class RunningService implements GatewayService {
  readonly settled: Promise<void>;
  readonly limits: SessionLimits;
  /** The definition that is being served. */
  definition: ServiceDefinition;
  /** The reason why it, or its newest version, is not running. */
  error: SwitchboardError | null;
  mounts: readonly Mount[];
  readonly #supervisor: Supervisor;
  readonly #eventMs: number;

  /**
   * @param defaults Values for fields that its manifest does not set.
   * @param onError Told once, if it does not start.
   */
  constructor(
    definition: ServiceDefinition,
    host: SupervisorOptions,
    private readonly defaults: SessionDefaults,
    onError: (error: SwitchboardError) => void,
  ) {
    this.definition = definition;
    this.error = definition.error;
    this.#eventMs = host.waits.eventMs;
    this.limits = limitsOf(definition, defaults, this.#eventMs);
    this.mounts = mountsOf(definition);
    this.#supervisor = new Supervisor(definition, host);
    const started = this.error === null ? this.#supervisor.start() : Promise.reject(this.error);
    this.settled = started.catch((error) => {
      // A newer version may have come meanwhile: then it counts.
      if (this.state === "running") return;
      this.error = asSwitchboardError(error);
      if (this.#supervisor.state !== "stopped") onError(this.error);
    });
  }

  /** Where it is in its life. */
  get state(): string {
    const { state } = this.#supervisor;
    return state === "starting" && this.definition.error !== null ? "failed" : state;
  }

  get isUp(): boolean {
    return this.state === "running" || this.state === "restarting";
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

  get ownEndpoint(): string | null {
    const { endpoints } = this.definition;
    return endpoints.find(({ paths, isShared }) => paths.length === 0 && isShared !== true)?.id ??
      null;
  }

  get sharedEndpoint(): string | null {
    return this.definition.endpoints.find(({ isShared }) => isShared === true)?.id ?? null;
  }

  get maxSessions(): number {
    return this.definition.manifest.maxSessions ?? DEFAULT_MANIFEST.maxSessions;
  }

  get sessions(): number {
    return this.#supervisor.sessions.size;
  }

  get owner(): Supervisor {
    return this.#supervisor;
  }

  /** Its counters. */
  get counts(): ServiceCounts {
    return this.#supervisor.counts;
  }

  request(request: NeutralRequest, timeoutMs: number): Promise<NeutralReply> {
    return this.#supervisor.request(request, timeoutMs);
  }

  /** Hands an event of the bus to the controllers. */
  publish(event: BusEvent): void {
    this.#supervisor.publish(event);
  }

  /**
   * Swaps in the files on disk, with its sockets open. A version that does not start replaces nothing.
   *
   * @throws {SwitchboardError} Why it does not start.
   */
  async reload(definition: ServiceDefinition): Promise<void> {
    try {
      if (definition.error !== null) throw definition.error;
      if (this.isUp && definition.problems.length > 0) {
        // Its other controllers could run; but clients of this one would be disconnected.
        this.#supervisor.narrow(definition);
        throw together(definition.problems);
      }
      await this.#supervisor.swap(definition, () => {
        this.definition = definition;
        // The sessions hold this very object: the new limits are theirs too.
        Object.assign(this.limits, limitsOf(definition, this.defaults, this.#eventMs));
        this.mounts = mountsOf(definition);
      });
      this.error = null;
    } catch (error) {
      this.error = asSwitchboardError(error);
      throw this.error;
    }
  }

  /** Restarts the isolate, with its sockets open. */
  restart(): void {
    this.#supervisor.restart();
  }

  /** Ends the isolate. */
  stop(): Promise<void> {
    return this.#supervisor.stop();
  }
}

function limitsOf(
  { manifest }: ServiceDefinition,
  defaults: SessionDefaults,
  eventMs: number,
): SessionLimits {
  return {
    messagesPerSec: manifest.messagesPerSec ?? defaults.limits.messagesPerSec,
    bytesPerSec: manifest.bytesPerSec ?? defaults.limits.bytesPerSec,
    dropsOverRate: (manifest.overRate ?? defaults.limits.overRate) === "drop",
    dropsWhenSlow: (manifest.slowClient ?? defaults.slowClient) === "drop",
    maxMessageBytes: manifest.maxMessageBytes ?? DEFAULT_MANIFEST.maxMessageBytes,
    idleTimeoutMs: (manifest.idleTimeoutSec ?? DEFAULT_MANIFEST.idleTimeoutSec) * 1000,
    sendBufferBytes: manifest.sendBufferBytes ?? DEFAULT_MANIFEST.sendBufferBytes,
    closeTimeoutMs: manifest.eventTimeoutMs ?? eventMs,
  };
}

function mountsOf({ endpoints }: ServiceDefinition): Mount[] {
  return endpoints.flatMap(({ id, paths }) =>
    paths.map((path) => ({ pattern: new RoutePattern(path), endpoint: id }))
  );
}

function together(errors: readonly SwitchboardError[]): SwitchboardError {
  return new SwitchboardError(errors[0]!.code, errors.map(({ message }) => message).join("\n"));
}

function asSwitchboardError(error: unknown): SwitchboardError {
  return error instanceof SwitchboardError
    ? error
    : new SwitchboardError("SB_LOAD", messageOf(error));
}
