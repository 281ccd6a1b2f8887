import { dirname, fromFileUrl } from "@std/path";
import { isWithin } from "../../base/files.ts";
import type { Grants } from "../service/mod.ts";
import type { Revocation } from "../../wire/mod.ts";

/** The permission that loading the runtime takes: its own folder's, or that of the host it comes from. */
export const RUNTIME: { name: "read" | "import"; item: string } = permissionFor(
  new URL("../../", import.meta.url),
);

/**
 * Permissions that a cell gets to load the runtime, and gives back before it loads the service's code; none,
 * if the service is granted it anyway: to take it back would take that grant too.
 */
export function loanFor(grants: Grants): Revocation {
  const granted = grants[RUNTIME.name];
  const covers = RUNTIME.name === "read"
    ? (folder: string) => isWithin(RUNTIME.item, folder)
    : (host: string) => holdsHost(host, RUNTIME.item);
  return granted === true || granted.some(covers) ? [] : [RUNTIME];
}

/** The permissions of a cell: the service's, and those needed to start. */
export function cellPermissions(grants: Grants): Deno.PermissionOptionsObject {
  const lent = loanFor(grants);
  return Object.fromEntries(
    Object.entries(grants).map(([kind, granted]) => {
      if (granted === true) return [kind, true];
      const all = [
        ...granted,
        ...lent.flatMap(({ name, item }) => name === kind ? [item] : []),
      ];
      // A list grants what it names; an empty one must become `false`, because Deno would take it for "all".
      return [kind, all.length === 0 ? false : all];
    }),
  );
}

function permissionFor(folder: URL): typeof RUNTIME {
  if (folder.protocol === "file:") {
    return { name: "read", item: dirname(fromFileUrl(new URL("x", folder))) };
  }
  const { protocol, hostname, port } = folder;
  return {
    name: "import",
    item: `${hostname}:${port !== "" ? port : protocol === "https:" ? 443 : 80}`,
  };
}

/** Whether a grant of hosts, `example.com`, `example.com:443` or `*.example.com`, is one of this host. */
function holdsHost(granted: string, host: string): boolean {
  const name = host.replace(/:\d+$/, "");
  const [, pattern, port] = /^(.*?)(:\d+)?$/.exec(granted)!;
  if (port !== undefined && !host.endsWith(port)) return false;
  return pattern!.startsWith("*.") ? name.endsWith(pattern!.slice(1)) : name === pattern;
}
