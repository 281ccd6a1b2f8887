import { SwitchboardError } from "../../base/errors.ts";
import { Hub } from "../../host/hub/mod.ts";
import { Supervisor, type SupervisorOptions } from "../../host/supervisor/mod.ts";
import type { ServiceDefinition, Settings } from "../../host/service/mod.ts";
import { Semaphore } from "../../base/semaphore.ts";
import { VERSION } from "../../base/version.ts";
import { WAITS, type Waits } from "../../base/waits.ts";

/** Lines of one service that are kept: it may write as many as it likes. */
const MAX_LINES = 256;

/** A line that a server would have logged. */
export interface LogLine {
  level: string;
  text: string;
}

/** Starts services as a server does, without clients. */
export class Starts implements Disposable {
  readonly #root: string;
  readonly #settings: Settings;
  readonly #waits: Waits;
  readonly #hub: Hub;
  readonly #starts = new Semaphore(Math.max(8, 8 * navigator.hardwareConcurrency));
  readonly #lines = new Map<string, LogLine[]>();

  /** @param root The root that is checked. */
  constructor(root: string, settings: Settings, waits: Partial<Waits> = {}) {
    this.#root = root;
    this.#settings = settings;
    this.#waits = { ...WAITS, ...waits };
    this.#hub = new Hub({ groupsPerSession: settings.limits.groupsPerSession });
  }

  /** The parts of a server that an isolate needs. */
  hostOf(key: string): SupervisorOptions {
    const { app, config } = this.#settings;
    const lines: LogLine[] = [];
    this.#lines.set(key, lines);
    return {
      hub: this.#hub,
      root: this.#root,
      app: { name: app, version: VERSION, config },
      waits: this.#waits,
      keepWarm: false,
      inTurn: (start) => this.#starts.run(start),
      log: (level, text) => {
        if (lines.length < MAX_LINES && isComplaint(level, text)) lines.push({ level, text });
      },
      onBatchLatency: () => {},
      emit: () => {},
    };
  }

  /**
   * Starts a service, and stops it again.
   *
   * @returns The files that it was loaded from.
   * @throws {SwitchboardError} Why it does not start.
   */
  async tryOut(definition: ServiceDefinition): Promise<readonly string[]> {
    const supervisor = new Supervisor(definition, this.hostOf(definition.key));
    try {
      await supervisor.start();
      const { files } = supervisor;
      return files;
    } finally {
      // Its log lines so far come before its end.
      await supervisor.stop();
    }
  }

  /** Warnings and errors that a server would have logged about the started services. */
  linesOf(key: string): readonly LogLine[] {
    return this.#lines.get(key) ?? [];
  }

  [Symbol.dispose](): void {
    this.#hub.stop();
  }
}

/** Keeps the log lines of the runtime itself; the others are a service's own. */
function isComplaint(level: string, text: string): boolean {
  return level === "WARN" && /^Denied /.test(text) ||
    level === "ERROR" && /^(?:Uncaught |Unhandled rejection: |Service ")/.test(text);
}

/** An error of a line of the log. */
export function complaintOf({ level, text }: LogLine): SwitchboardError {
  if (level === "WARN") return new SwitchboardError("SB_GRANT", text);
  if (text.startsWith('Service "')) return new SwitchboardError("SB_ISOLATE_GONE", text);
  return new SwitchboardError("SB_LOAD", text);
}
