/** Clock ticks of `/proc`, ms. */
const TICK_MS = 10;

/** Resident memory of a process, MB. */
export function rssOf(pid: number): number {
  const kb = /^VmRSS:\s*(\d+) kB$/m.exec(Deno.readTextFileSync(`/proc/${pid}/status`))![1];
  return Number(kb) / 1024;
}

/** CPU time of a process with all its threads, ms. */
export function cpuOf(pid: number): number {
  const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
  // The name, in brackets, may hold anything.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

/** Part of one core that a process uses over a time, percent. */
export async function busyOf(pid: number, ms: number): Promise<number> {
  const [cpu, start] = [cpuOf(pid), performance.now()];
  await new Promise((done) => setTimeout(done, ms));
  return (cpuOf(pid) - cpu) / (performance.now() - start) * 100;
}
