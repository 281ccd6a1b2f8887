import { JsonFile } from "../../base/json_file.ts";
import schema from "./manifest.schema.json" with { type: "json" };

/** A kind of permission that Deno knows. */
export type PermissionKind =
  | "net"
  | "read"
  | "write"
  | "import"
  | "env"
  | "sys"
  | "run"
  | "ffi";

/** All kinds of permission. */
export const PERMISSION_KINDS: readonly PermissionKind[] = [
  "net",
  "read",
  "write",
  "import",
  "env",
  "sys",
  "run",
  "ffi",
];

/** `service.json`: permissions and limits of a service. Its JSON Schema is `manifest.schema.json`. */
export interface Manifest {
  /** Where editors find the schema. */
  $schema?: string;
  /** Permissions of the isolate, by kind; paths are relative to the service. */
  permissions?: Partial<Record<PermissionKind, string[] | boolean>>;
  /** Lets a permission be `true`, which grants all of its kind. */
  trusted?: boolean;
  /** Groups that the service may join and send to; `*` stands for any text. Default: all. */
  groups?: { join?: string[]; send?: string[] };
  /** The memory limit of the isolate, MiB. Default: 128. */
  memoryMb?: number;
  /** How long the isolate may be unresponsive, ms. Default: 5000. */
  eventTimeoutMs?: number;
  /** Principals that may enter, for example `role:system.authenticated`. Default: all. */
  allow?: string[];
  /** Origins that may connect, in place of the server's own. */
  origins?: string[];
  /** Largest inbound message, bytes; 0: no limit. Default: 65536. */
  maxMessageBytes?: number;
  /** Seconds without a message in either direction until a session is closed; 0: never. Default: 300. */
  idleTimeoutSec?: number;
  /** Bytes that may be queued for a slow client; 0: no limit. Default: 1048576. */
  sendBufferBytes?: number;
  /** Sessions at a time; 0: no limit. Default: 10000. */
  maxSessions?: number;
  /**
   * Modules, relative to the service, that clients of `/service/js` may run (docs/contracts/dirigible.md, section
   * 3).
   */
  messageModules?: string[];
  /** Inbound messages per second and session; 0: no limit. Default: the server's. */
  messagesPerSec?: number;
  /** Inbound bytes per second and session; 0: no limit. Default: the server's. */
  bytesPerSec?: number;
  /** What to do when a client exceeds its rate: close with 1008, or drop the message. Default: the server's. */
  overRate?: "close" | "drop";
  /** What to do when a client does not keep up. Default: the server's. */
  slowClient?: "close" | "drop";
}

/** Reads `service.json`. */
export const manifestFile: JsonFile<Manifest> = new JsonFile<Manifest>(
  "manifest",
  "SB_MANIFEST",
  schema,
);
