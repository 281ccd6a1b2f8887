import { JsonFile } from "./json_file.ts";
import schema from "./manifest.schema.json" with { type: "json" };

/** Kinds of permission that Deno knows. */
export const PERMISSION_KINDS = [
  "net",
  "read",
  "write",
  "import",
  "env",
  "sys",
  "run",
  "ffi",
] as const;

/** One of {@linkcode PERMISSION_KINDS}. */
export type PermissionKind = typeof PERMISSION_KINDS[number];

/** `service.json`: what a service may do and use. Its JSON Schema is `manifest.schema.json`. */
export interface Manifest {
  /** Where editors find the schema. */
  $schema?: string;
  permissions?: Partial<Record<PermissionKind, string[] | boolean>>;
  trusted?: boolean;
  groups?: { join?: string[]; send?: string[] };
  memoryMb?: number;
  eventTimeoutMs?: number;
  allow?: string[];
  origins?: string[];
  maxMessageBytes?: number;
  idleTimeoutSec?: number;
  sendBufferBytes?: number;
  maxSessions?: number;
  messagesPerSec?: number;
}

/** Reads `service.json`. */
export const manifestFile: JsonFile<Manifest> = new JsonFile<Manifest>(
  "manifest",
  "SB_MANIFEST",
  schema,
);

/** What this version reads and does not enforce yet. */
export function unenforced(manifest: Manifest): string[] {
  return (["memoryMb", "messagesPerSec"] as const)
    .filter((key) => manifest[key] !== undefined)
    .map((key) => `"${key}" is not enforced yet`);
}
