import { SwitchboardError } from "../../base/errors.ts";

/** What the system answers that no programmer can mend: files, addresses, permissions. */
const OF_THE_SYSTEM = [
  Deno.errors.NotCapable,
  Deno.errors.PermissionDenied,
  Deno.errors.NotFound,
  Deno.errors.NotADirectory,
  Deno.errors.IsADirectory,
  Deno.errors.FilesystemLoop,
];

/** What to tell people of an error; null: it is ours, and its stack is needed. */
export function problemOf(error: unknown): string | null {
  if (error instanceof SwitchboardError) return error.message;
  return OF_THE_SYSTEM.some((kind) => error instanceof kind) ? (error as Error).message : null;
}
