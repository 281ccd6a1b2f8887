import { dirname, fromFileUrl, SEPARATOR } from "@std/path";
import type { Grants } from "../service/mod.ts";

/** The runtime's own folder, or where it comes from if that is no folder. */
export const RUNTIME: string = import.meta.url.startsWith("file:")
  ? dirname(dirname(fromFileUrl(import.meta.url)))
  : new URL(import.meta.url).host;

/**
 * What has to be read to start an isolate, and given up before the service's code is loaded; null, if the
 * service is granted it anyway: to give it up would take that grant too.
 */
export function runtimeGrant({ read }: Grants): string | null {
  if (!import.meta.url.startsWith("file:") || read === true) return null;
  return read.some((path) => RUNTIME === path || RUNTIME.startsWith(withSeparator(path)))
    ? null
    : RUNTIME;
}

/** The permissions of a cell: the service's, and what it takes to start. */
export function cellPermissions(grants: Grants): Deno.PermissionOptionsObject {
  const runtime = runtimeGrant(grants);
  const read = runtime === null || grants.read === true ? grants.read : [...grants.read, runtime];
  // A list grants what it names; an empty one must become `false`, for Deno would take it for "all".
  return Object.fromEntries(
    Object.entries({ ...grants, read }).map(([kind, granted]) => [
      kind,
      granted !== true && granted.length === 0 ? false : granted,
    ]),
  );
}

function withSeparator(path: string): string {
  return path.endsWith(SEPARATOR) ? path : path + SEPARATOR;
}
