import type { Lines } from "./lines.ts";
import type { Site } from "./site.ts";
import { pause } from "./until.ts";

/** How long counts may take to become as they should, ms. */
const PATIENCE_MS = 15_000;

/** A line of the JSON log. */
export interface LogLine {
  time: string;
  level: string;
  service?: string;
  message: string;
}

/** The counts of `/healthz`. */
export interface Counts {
  sessions: number;
  groups: number;
}

/** A server that listens on 127.0.0.1, and its log. */
export abstract class Served {
  /** The JSON log, as the command writes it to standard error. */
  abstract readonly log: Lines;
  abstract readonly port: number;
  /** The folder that it serves. */
  abstract readonly site: Site;

  /** `http://127.0.0.1:PORT` and a path. */
  http(path: string): string {
    return `http://127.0.0.1:${this.port}${path}`;
  }

  /** `ws://127.0.0.1:PORT` and a path. */
  ws(path: string): string {
    return `ws://127.0.0.1:${this.port}${path}`;
  }

  /** Fetches a path without following redirects. */
  fetch(path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(this.http(path), { redirect: "manual", ...init });
  }

  /** The status of the answer at a path. */
  async status(path: string): Promise<number> {
    const { status, body } = await this.fetch(path);
    await body?.cancel();
    return status;
  }

  /** The text at a path. */
  async text(path: string, init: RequestInit = {}): Promise<string> {
    return await (await this.fetch(path, init)).text();
  }

  /** Sessions and groups, now. */
  async counts(): Promise<Counts> {
    const { sessions, groups } = await (await this.fetch("/healthz")).json();
    return { sessions, groups };
  }

  /** Waits until no client is connected and nothing of them is left. */
  settled(): Promise<Counts> {
    return this.until(({ sessions, groups }) => sessions === 0 && groups === 0);
  }

  /** Waits until the counts are so, and returns them; also if they do not become so in time. */
  async until(isSo: (counts: Counts) => boolean): Promise<Counts> {
    const until = performance.now() + PATIENCE_MS;
    while (true) {
      const counts = await this.counts();
      if (isSo(counts) || performance.now() > until) return counts;
      await pause();
    }
  }

  /** The next log line that this one is true of. */
  async logged(isWanted: (line: LogLine) => boolean): Promise<LogLine> {
    const line = await this.log.next((text) => isWanted(parse(text)));
    return parse(line);
  }
}

function parse(text: string): LogLine {
  try {
    return JSON.parse(text);
  } catch {
    return { time: "", level: "", message: text };
  }
}
