/** How long the tests of each file took together, seconds, by the file's path; from a report in JUnit's format. */
export function secondsByFile(report: string): Map<string, number> {
  const files = new Map<string, number>();
  // Steps are listed beside their tests, whose time contains theirs.
  for (const [, name, file, time] of report.matchAll(CASE)) {
    if (name!.includes(" &gt; ")) continue;
    const path = file!.replace(/^\.\//, "");
    files.set(path, (files.get(path) ?? 0) + Number(time));
  }
  return files;
}

const CASE = /<testcase name="([^"]*)" classname="([^"]*)" time="([\d.]+)"/g;

/** The files that took longest, a line each, the slowest first. */
export function slowest(files: ReadonlyMap<string, number>, count: number): string[] {
  return [...files].sort(([, a], [, b]) => b - a).slice(0, count)
    .map(([path, seconds]) => `${seconds.toFixed(1).padStart(7)} s  ${path}`);
}
