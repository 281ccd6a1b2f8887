import type { SessionLimits, SessionOwner } from "../hub/mod.ts";
import type { RoutePattern } from "../../base/route_pattern.ts";
import type { NeutralReply, NeutralRequest } from "../../model/mod.ts";

/** A path that leads to a controller. */
export interface Mount {
  pattern: RoutePattern;
  endpoint: string;
}

/** The parts of a service that the gateway needs. */
export interface GatewayService {
  /** Whether it takes requests: it runs, or will in a moment. */
  readonly isUp: boolean;
  /** Resolves when it has started, or failed to. */
  readonly settled: Promise<void>;
  /** Absolute folder of its static files. */
  readonly assets: string | null;
  /** Principals that may enter; null: all. */
  readonly allow: readonly string[] | null;
  /** Origins that may connect; undefined: the server's own. */
  readonly origins: readonly string[] | undefined;
  /** The controller at the service's own URL; null: there is none. */
  readonly ownEndpoint: string | null;
  /** The controller that takes part in a shared path; null: none does. */
  readonly sharedEndpoint: string | null;
  /** Controllers at other paths. */
  readonly mounts: readonly Mount[];
  /** Sessions at a time; 0: no limit. */
  readonly maxSessions: number;
  /** Sessions that it has. */
  readonly sessions: number;
  readonly limits: SessionLimits;
  /** The handler of its sessions' events. */
  readonly owner: SessionOwner;
  /** @throws {SwitchboardError} `SB_TIMEOUT` or `SB_ISOLATE_GONE`. */
  request(request: NeutralRequest, timeoutMs: number): Promise<NeutralReply>;
}
