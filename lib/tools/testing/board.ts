import { SwitchboardError } from "../../base/errors.ts";
import { OPTION_KEYS, type SwitchboardOptions, unknownOption } from "../../host/options.ts";
import { nearest } from "../../base/nearest.ts";
import { Switchboard } from "../../host/switchboard.ts";
import { callSite, placed } from "./call_site.ts";
import { Changes } from "./changes.ts";
import { type ConnectOptions, DEADLINE_MS, TestClient } from "./client.ts";
import { type Files, Folder } from "./folder.ts";
import { type LogLine, warningsOf } from "./log_lines.ts";

/** The services to test, and any of the settings except the address. */
export interface TestBoardOptions
  extends Omit<SwitchboardOptions, "services" | "log" | "hostname" | "port" | "tls"> {
  /** The service or services to start. Default: all of the root. */
  service?: string | readonly string[];
  /** Files of a root for this test only, in place of `root`. */
  files?: Files;
  /** Time limit of each wait, ms. Default: 5,000. */
  deadlineMs?: number;
}

/** Options that a test cannot set. */
const NOT_THEIRS = ["services", "log", "hostname", "port", "tls"];
/** Options that a test can set. */
const KEYS = [
  "service",
  "files",
  "deadlineMs",
  ...OPTION_KEYS.filter((key) => !NOT_THEIRS.includes(key)),
];

/**
 * A server for a test: a real one, on a free port, with one service or all of a root. Any number of them can run
 * in a process at a time.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { TestBoard } from "@switchboard/switchboard/testing";
 *
 * await using board = await TestBoard.start({
 *   files: {
 *     "services/hello/hello.js": `
 *       import { addToGroup } from "/lib/xp/websocket";
 *       export const get = () => ({ webSocket: {} });
 *       export const webSocketEvent = ({ type, session }) =>
 *         type === "open" && addToGroup("all", session.id);
 *     `,
 *   },
 * });
 * await using ann = await board.connect("hello");
 * await board.untilGroup("all", 1);
 * board.switchboard.sendToGroup("all", "news");
 * assertEquals(await ann.next(), "news");
 * ```
 */
export class TestBoard implements AsyncDisposable {
  /** The server itself. */
  readonly switchboard: Switchboard;
  /** Its URL, for example `http://127.0.0.1:40123`. */
  readonly url: string;
  /** All log lines, the oldest first; none of them is printed. */
  readonly log: readonly LogLine[];
  readonly #deadlineMs: number;
  readonly #folder: Folder | null;
  readonly #changes: Changes;
  readonly #clients = new Set<TestClient>();
  #isClosed = false;
  #closing: Promise<void> | null = null;

  private constructor(
    switchboard: Switchboard,
    url: string,
    log: readonly LogLine[],
    deadlineMs: number,
    folder: Folder | null,
    changes: Changes,
  ) {
    this.switchboard = switchboard;
    this.url = url;
    this.log = log;
    this.#deadlineMs = deadlineMs;
    this.#folder = folder;
    this.#changes = changes;
  }

  /**
   * Starts a server and waits until its services run.
   *
   * @param options The services to start; none: all services of the current folder.
   * @throws {SwitchboardError} If a service does not start, with file and line; as `Switchboard.open()`;
   * `SB_SETTINGS`, if an option is invalid; `SB_SERVICE`, if there is no service.
   */
  static async start(options: TestBoardOptions = {}): Promise<TestBoard> {
    const { service, files, deadlineMs = DEADLINE_MS, ...settings } = checked(options);
    const folder = files === undefined ? null : Folder.make(files);
    const log: LogLine[] = [];
    const changes = new Changes();
    let switchboard: Switchboard | null = null;
    try {
      switchboard = await Switchboard.open({
        drain: { deadlineSec: deadlineMs / 1000, spreadSec: 0 },
        ...settings,
        ...(folder !== null && { root: folder.root }),
        ...(service !== undefined && { services: [service].flat() }),
        hostname: "127.0.0.1",
        port: 0,
        tls: null,
        log: (level, message, service, about) => {
          log.push({ level, message, ...(service !== undefined && { service }), ...about });
          changes.tell();
        },
      });
      const { url } = await switchboard.listen();
      await switchboard.settled();
      checkServices(switchboard);
      return new TestBoard(switchboard, url, log, deadlineMs, folder, changes);
    } catch (error) {
      await switchboard?.close();
      folder?.[Symbol.dispose]();
      throw error;
    }
  }

  /**
   * Connects a client. The board closes it at the latest.
   *
   * @param target Key of a service, such as `chat`, or a path, such as `/services/chat?name=Ann`.
   * @param options How to connect.
   * @throws {HandshakeError} If the handshake is refused, with status and body.
   * @throws {SwitchboardError} `SB_SERVICE`, if there is no such service; `SB_CLOSED`, if the board is closed.
   */
  // deno-lint-ignore no-explicit-any
  async connect<Received = any, Sent = unknown>(
    target: string,
    options: ConnectOptions = {},
  ): Promise<TestClient<Received, Sent>> {
    this.#checkOpen();
    const url = this.url.replace(/^http/, "ws") + this.#pathOf(target);
    const client = await TestClient.open<Received, Sent>(url, {
      deadlineMs: this.#deadlineMs,
      ...options,
      explain: () => warningsOf(this.log),
    });
    this.#clients.add(client);
    return client;
  }

  /**
   * Sends an HTTP request. It does not follow redirects; the caller must read or cancel the response's body.
   *
   * @param path Key of a service, or a path.
   * @param init As for the global `fetch()`.
   * @throws {SwitchboardError} `SB_SERVICE`, if there is no such service; `SB_CLOSED`, if the board is closed.
   */
  async fetch(path: string, init: RequestInit = {}): Promise<Response> {
    this.#checkOpen();
    return await fetch(this.url + this.#pathOf(path), { redirect: "manual", ...init });
  }

  /**
   * Number of sessions in a group, now: {@linkcode untilGroup} waits for one.
   *
   * @param group Name of the group.
   */
  getGroupSize(group: string): number {
    return this.switchboard.getGroupSize(group);
  }

  /**
   * Waits until a group has a number of members.
   *
   * @param group Name of the group.
   * @param size Number of its members; 0: it is empty.
   * @throws {SwitchboardError} `SB_TIMEOUT`, if it does not come to that in time; `SB_CLOSED`, if the board is
   * closed.
   */
  async untilGroup(group: string, size: number): Promise<void> {
    const now = () => this.getGroupSize(group);
    await this.#wait(
      () => now() === size ? true : undefined,
      () => `Group "${group}" has ${now()}, expected ${size} members`,
      true,
    );
  }

  /**
   * Waits for a line of the log; existing lines count.
   *
   * @param isWanted Whether a line is the expected one.
   * @returns The first expected line.
   * @throws {SwitchboardError} `SB_TIMEOUT`, if it does not come in time; `SB_CLOSED`, if the board is closed.
   */
  untilLogged(isWanted: (line: LogLine) => boolean): Promise<LogLine> {
    return this.#wait(
      () => this.log.find(isWanted),
      () => `The expected line is not among the ${this.log.length} of the log`,
    );
  }

  /** Closes the clients and the server, and removes the folder if it was made for this board. */
  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  /** Like {@linkcode close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#isClosed = true;
    this.#changes.tell();
    try {
      await Promise.allSettled(this.#clients.values().map((client) => client.close()));
      await this.switchboard.close();
    } finally {
      this.#folder?.[Symbol.dispose]();
    }
  }

  #wait<T>(look: () => T | undefined, problem: () => string, isUntold = false): Promise<T> {
    const site = callSite();
    return this.#changes.wait({
      look: () => {
        if (this.#isClosed) throw placed(closed(), site);
        return look();
      },
      isUntold,
      deadlineMs: this.#deadlineMs,
      failure: () => {
        const text = `${problem()}, after ${this.#deadlineMs / 1000} s${warningsOf(this.log)}`;
        return placed(new SwitchboardError("SB_TIMEOUT", text), site);
      },
    });
  }

  #checkOpen(): void {
    if (this.#isClosed) throw closed();
  }

  #pathOf(target: string): string {
    if (typeof target !== "string") {
      throw new TypeError(`Expected a service or a path, got ${Deno.inspect(target)}`);
    }
    if (target.startsWith("/")) return target;
    const { services } = this.switchboard;
    const service = services.find(({ key }) => key === target);
    if (service === undefined) {
      const known = services.map(({ key }) => key);
      const near = nearest(target, known);
      throw new SwitchboardError(
        "SB_SERVICE",
        `There is no service "${target}" here, ` +
          (near === null
            ? `expected ${known.join(", ")}, or a path such as /services/` +
              `${known[0] ?? "chat"}`
            : `did you mean "${near}"?`),
      );
    }
    const isOwnPath = service.definition.endpoints.some(({ paths }) => paths.includes(service.url));
    if (!isOwnPath || !/[:*]/.test(service.url)) return service.url;
    throw new SwitchboardError(
      "SB_SERVICE",
      `Service "${target}" is at many paths: connect to one that matches ${service.url}`,
    );
  }
}

function checked(options: TestBoardOptions): TestBoardOptions {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw problem(`expected options such as { service: "chat" }, got ${Deno.inspect(options)}`);
  }
  const { deadlineMs, files, root, service } = options;
  for (const key of NOT_THEIRS) {
    if (Object.hasOwn(options, key)) throw problem(`"${key}" cannot be set in a test`);
  }
  const unknown = unknownOption(options, KEYS);
  if (unknown !== null) throw problem(unknown);
  const isTime = typeof deadlineMs === "number" && deadlineMs > 0 && deadlineMs < 2 ** 31;
  if (deadlineMs !== undefined && !isTime) {
    throw problem(`"deadlineMs" must be a number above 0, got ${Deno.inspect(deadlineMs)}`);
  }
  if (files !== undefined && root !== undefined) {
    throw problem('"root" and "files" exclude each other: files make a root of their own');
  }
  const isMap = typeof files === "object" && files !== null && !Array.isArray(files);
  if (files !== undefined && !isMap) {
    throw problem(`"files" must be texts by their paths, got ${Deno.inspect(files)}`);
  }
  if (service !== undefined && ![service].flat().every((key) => typeof key === "string")) {
    throw problem(
      `"service" must be a key such as "chat", or several, got ${Deno.inspect(service)}`,
    );
  }
  return options;
}

const closed = () => new SwitchboardError("SB_CLOSED", "The test board has been closed");

function problem(text: string): SwitchboardError {
  return new SwitchboardError("SB_SETTINGS", `Cannot start the test board: ${text}`);
}

/** @throws {SwitchboardError} Why one does not run. */
function checkServices({ services, root }: Switchboard): void {
  if (services.length === 0) {
    throw new SwitchboardError("SB_SERVICE", `There is no service in "${root}"`);
  }
  const errors = services.flatMap(({ error, definition }) => error ?? definition.problems);
  if (errors.length === 1) throw errors[0]!;
  if (errors.length > 1) {
    throw new SwitchboardError(
      errors[0]!.code,
      errors.map(({ message }) => message).join("\n"),
      { cause: new AggregateError(errors) },
    );
  }
}
