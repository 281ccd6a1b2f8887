/**
 * Stand-in for `jsr:@std/log` 0.224.14: the names that Switchboard uses.
 *
 * @module
 */

/** Level names, least to most severe. */
export type LevelName = "NOTSET" | "DEBUG" | "INFO" | "WARN" | "ERROR" | "CRITICAL";

const LEVELS: Record<LevelName, number> = {
  NOTSET: 0,
  DEBUG: 10,
  INFO: 20,
  WARN: 30,
  ERROR: 40,
  CRITICAL: 50,
};

function levelOf(name: LevelName): number {
  const level = LEVELS[name];
  if (level === undefined) throw new Error(`Cannot get log level: no level named ${name}`);
  return level;
}

/** One line to log. */
export interface LogRecord {
  readonly msg: string;
  readonly args: unknown[];
  readonly datetime: Date;
  readonly level: number;
  readonly levelName: string;
  readonly loggerName: string;
}

/** Receives records at or above its level; subclasses say where `log` writes. */
export abstract class BaseHandler {
  readonly levelName: LevelName;
  readonly level: number;
  formatter: (record: LogRecord) => string;

  constructor(levelName: LevelName, options?: { formatter?: (record: LogRecord) => string }) {
    this.levelName = levelName;
    this.level = levelOf(levelName);
    this.formatter = options?.formatter ?? (({ levelName, msg }) => `${levelName} ${msg}`);
  }

  handle(record: LogRecord): void {
    if (record.level >= this.level) this.log(this.format(record));
  }

  format(record: LogRecord): string {
    return this.formatter(record);
  }

  abstract log(msg: string): void;
}

/** Hands records to its handlers. */
export class Logger {
  readonly loggerName: string;
  readonly levelName: LevelName;
  readonly level: number;
  handlers: BaseHandler[];

  constructor(
    loggerName: string,
    levelName: LevelName,
    options: { handlers?: BaseHandler[] } = {},
  ) {
    this.loggerName = loggerName;
    this.levelName = levelName;
    this.level = levelOf(levelName);
    this.handlers = options.handlers ?? [];
  }

  #log(levelName: LevelName, msg: string, args: unknown[]): string {
    const level = LEVELS[levelName];
    if (level < this.level) return msg;
    const { loggerName } = this;
    const record = { msg, args, datetime: new Date(), level, levelName, loggerName };
    for (const handler of this.handlers) handler.handle(record);
    return msg;
  }

  debug(msg: string, ...args: unknown[]): string {
    return this.#log("DEBUG", msg, args);
  }
  info(msg: string, ...args: unknown[]): string {
    return this.#log("INFO", msg, args);
  }
  warn(msg: string, ...args: unknown[]): string {
    return this.#log("WARN", msg, args);
  }
  error(msg: string, ...args: unknown[]): string {
    return this.#log("ERROR", msg, args);
  }
}
