import { BaseHandler, type LevelName, Logger, type LogRecord } from "@std/log";
import { type Paint, painter } from "../../base/paint.ts";

/** The session or request of a line. */
export interface LogAbout {
  /** Id of a session. */
  session?: string;
  /** Id of a request; answers with an error say it in `x-request-id`. */
  request?: string;
}

/** Writes a line; `service` names whose line it is. */
export type Log = (level: string, text: string, service?: string, about?: LogAbout) => void;

/** How a log is written. */
export interface LogOptions {
  /** `text` for people, `json` for programs. */
  format: "text" | "json";
  color: boolean;
  /** Lines below it are dropped. */
  level?: LevelName;
  write(line: string): void;
}

/** Opens a log. */
export function openLog(options: LogOptions): Log {
  const format = options.format === "json" ? asJson : asText(painter(options.color));
  const handler = new LineHandler(options.level ?? "INFO", format, options.write);
  const logger = new Logger("switchboard", options.level ?? "INFO", { handlers: [handler] });
  return (level, text, service, about) => {
    switch (level) {
      case "DEBUG":
        logger.debug(text, service, about);
        break;
      case "WARN":
        logger.warn(text, service, about);
        break;
      case "ERROR":
        logger.error(text, service, about);
        break;
      default:
        logger.info(text, service, about);
    }
  };
}

class LineHandler extends BaseHandler {
  constructor(
    level: LevelName,
    formatter: (record: LogRecord) => string,
    private readonly write: (line: string) => void,
  ) {
    super(level, { formatter });
  }

  override log(line: string): void {
    this.write(line);
  }
}

function asJson({ datetime, levelName, msg, args }: LogRecord): string {
  return JSON.stringify({
    time: datetime.toISOString(),
    level: levelName,
    service: args[0],
    ...args[1] as LogAbout | undefined,
    message: msg,
  });
}

function asText(color: Paint): (record: LogRecord) => string {
  const paint: Record<string, (text: string) => string> = {
    DEBUG: color.dim,
    INFO: color.cyan,
    WARN: color.yellow,
    ERROR: color.red,
  };
  return ({ datetime, levelName, msg, args }) => {
    const time = datetime.toTimeString().slice(0, 8);
    const service = args[0] === undefined ? "" : `${color.bold(String(args[0]))} `;
    // A controller's text must not play with the operator's terminal.
    const text = msg.replace(
      CONTROL,
      (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, "0")}`,
    );
    return `${color.dim(time)} ${(paint[levelName] ?? String)(levelName.padEnd(5))} ${service}${
      text.replaceAll("\n", "\n  ")
    }`;
  };
}

// deno-lint-ignore no-control-regex
const CONTROL = /[\x00-\x08\x0b-\x1f\x7f\x80-\x9f]/g;
