import type { User } from "./identity.ts";

/** A session as `getSession` describes it. */
export interface SessionInfo {
  /** Its id. */
  id: string;
  /** Name of the service that the session belongs to. */
  service: string;
  /** Path of the request that opened it. */
  path: string;
  /** Query parameters of that request. */
  params: Record<string, string | string[]>;
  /** The data that the controller accepted it with. */
  data: Record<string, unknown>;
  /** Absent for anonymous sessions. */
  user?: User;
}
