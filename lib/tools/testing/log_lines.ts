/** One line of the server's log. */
export interface LogLine {
  /** `DEBUG`, `INFO`, `WARN` or `ERROR`. */
  level: string;
  /** Its text; lines of a controller have the level `INFO`. */
  message: string;
  /** Key of the service that it is about. */
  service?: string;
  /** Id of the session that it is about. */
  session?: string;
  /** Id of the request that it is about. */
  request?: string;
}

/** Lines that an error shows, at the most. */
const SHOWN = 5;

/** The warnings of the log, for the text of an error; empty: none. */
export function warningsOf(lines: readonly LogLine[]): string {
  const found = lines.filter(({ level }) => level === "WARN" || level === "ERROR").slice(-SHOWN)
    .map(({ level, service, message }) => `${[level, service].join(" ").trimEnd()} ${message}`);
  return found.length === 0 ? "" : `\nThe log warns:\n${found.join("\n")}`;
}
