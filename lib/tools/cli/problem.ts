import { SwitchboardError } from "../../base/errors.ts";

/** Errors of the operating system that are not bugs: files, addresses, permissions. */
const OF_THE_SYSTEM = [
  Deno.errors.NotCapable,
  Deno.errors.PermissionDenied,
  Deno.errors.NotFound,
  Deno.errors.NotADirectory,
  Deno.errors.IsADirectory,
  Deno.errors.FilesystemLoop,
];

/** The message of an error for users; null: it is a bug, and its stack is needed. */
export function problemOf(error: unknown): string | null {
  if (error instanceof SwitchboardError) return error.message;
  return OF_THE_SYSTEM.some((kind) => error instanceof kind) ? (error as Error).message : null;
}
