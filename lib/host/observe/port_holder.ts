/** Most processes that are looked at. */
const MAX_PROCESSES = 10_000;

/** The program that listens on a port. */
export interface PortHolder {
  pid: number;
  /** The program's name. */
  program: string;
}

/**
 * The program that listens on a port of this machine, as far as `/proc` tells; null: none, or unknown. It
 * requests no permission, and never throws.
 */
export function portHolder(port: number): PortHolder | null {
  try {
    if (Deno.build.os !== "linux" || !mayReadAll()) return null;
    const sockets = new Set(["tcp", "tcp6"].flatMap((table) => listening(table, port)));
    if (sockets.size === 0) return null;
    const pids = [...Deno.readDirSync("/proc")].map(({ name }) => name)
      .filter((name) => /^\d+$/.test(name)).slice(0, MAX_PROCESSES);
    const pid = pids.find((pid) => holdsAny(pid, sockets));
    return pid === undefined ? null : { pid: Number(pid), program: programOf(pid) };
  } catch {
    return null;
  }
}

/** Deno requires all permissions to read `/proc`. */
function mayReadAll(): boolean {
  return Deno.permissions.querySync({ name: "read" }).state === "granted";
}

/** Inodes of the sockets that listen on the port. */
function listening(table: string, port: number): string[] {
  const wanted = port.toString(16).toUpperCase().padStart(4, "0");
  return textOf(`/proc/net/${table}`).split("\n").slice(1).flatMap((line) => {
    const [, local, , state, , , , , , inode] = line.trim().split(/\s+/);
    return local?.endsWith(`:${wanted}`) && state === "0A" ? [`socket:[${inode}]`] : [];
  });
}

function holdsAny(pid: string, sockets: ReadonlySet<string>): boolean {
  try {
    const folder = `/proc/${pid}/fd`;
    return [...Deno.readDirSync(folder)].some(({ name }) => {
      try {
        return sockets.has(Deno.readLinkSync(`${folder}/${name}`));
      } catch {
        // It was closed meanwhile.
        return false;
      }
    });
  } catch {
    // It belongs to another user, or has ended.
    return false;
  }
}

function programOf(pid: string): string {
  return textOf(`/proc/${pid}/comm`).trim();
}

function textOf(file: string): string {
  try {
    return Deno.readTextFileSync(file);
  } catch {
    return "";
  }
}
