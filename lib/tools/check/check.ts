import { join, resolve } from "@std/path";
import { Authentication } from "../../host/authentication.ts";
import { messageOf, SwitchboardError } from "../../base/errors.ts";
import {
  DEFAULT_SETTINGS,
  discoverAll,
  readSettings,
  type ServiceDefinition,
  type Settings,
} from "../../host/service/mod.ts";
import { isFile } from "../../base/files.ts";
import { checkKeyPair, readKeyPair } from "../../host/tls.ts";
import type { Waits } from "../../base/waits.ts";
import { unusedGrants } from "./grants.ts";
import { type Concerned, jsonPlace, problemsOf, startOf } from "./places.ts";
import { type Problem, Problems } from "./problem.ts";
import { type Reach, reachOf } from "./reach.ts";
import { complaintOf, Starts } from "./starts.ts";
import { typeProblems } from "./types.ts";

/** How to check. */
export interface CheckOptions {
  /** Whether to check types, too. */
  types: boolean;
  /** Stops it. */
  signal: AbortSignal;
  /** Called with the current task. */
  progress(what: string): void;
  /** Waits that differ from a server's, for tests. */
  waits?: Partial<Waits>;
}

/** The findings of a check. */
export interface Findings {
  /** How many services there are. */
  services: number;
  problems: Problem[];
}

/**
 * Checks a root: every error of a server, and problems that a server would not notice. Opens no port.
 *
 * @throws The signal's reason, when it has stopped and cleared up.
 */
export async function check(root: string, options: CheckOptions): Promise<Findings> {
  const run = new Check(root, options);
  try {
    return { services: await run.all(), problems: run.problems.sorted };
  } catch (error) {
    options.signal.throwIfAborted();
    run.complain(error, { root, service: null, file: null });
    return { services: 0, problems: run.problems.sorted };
  }
}

/** One run over a root. */
class Check {
  readonly problems = new Problems();

  constructor(private readonly root: string, private readonly options: CheckOptions) {}

  /** @returns How many services there are. */
  async all(): Promise<number> {
    const { root } = this;
    const { services: definitions, strays } = discoverAll(root);
    const settings = this.#settings();
    if (definitions.length === 0) this.#sayThatThereAreNone();
    for (const error of strays) {
      this.complain(error, { root, service: null, file: null });
    }
    using starts = new Starts(root, settings, this.options.waits);
    await this.#unlessStopped(this.#front(settings, starts));
    let done = 0;
    const progress = () =>
      this.options.progress(`Starting services, ${done++} of ${definitions.length} done`);
    progress();
    const reaches = await this.#unlessStopped(Promise.all(definitions.map(async (definition) => {
      const reach = await this.#service(definition, starts, settings);
      progress();
      return reach;
    })));
    if (this.options.types) {
      this.options.progress("Checking types");
      const typed = definitions.map((definition, index) => ({
        ...definition,
        modules: reaches[index]!.modules,
        hosts: definition.grants.import,
      }));
      this.problems.addTypes(await typeProblems(root, typed, this.options.signal));
    }
    return definitions.length;
  }

  /** Does not wait for running handlers of isolates, because one may loop. */
  async #unlessStopped<Result>(work: Promise<Result>): Promise<Result> {
    const { signal } = this.options;
    signal.throwIfAborted();
    const { promise, reject } = Promise.withResolvers<never>();
    const stop = () => reject(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
    try {
      return await Promise.race([work, promise]);
    } finally {
      signal.removeEventListener("abort", stop);
    }
  }

  /** Adds an error of any kind. */
  complain(error: unknown, concerned: Concerned, severity: Problem["severity"] = "error"): void {
    const known = error instanceof SwitchboardError
      ? error
      : new SwitchboardError("SB_ROOT", `Cannot check "${concerned.root}": ${messageOf(error)}`);
    this.problems.add(
      ...problemsOf(known, concerned).map((problem) => ({
        ...problem,
        severity,
        message: problem.message.replace(/^Cannot serve (?="\/|"\w:)/, "Cannot check "),
      })),
    );
  }

  #settings(): Settings {
    try {
      return readSettings(this.root);
    } catch (error) {
      this.complain(error, { root: this.root, service: null, file: null });
      return DEFAULT_SETTINGS;
    }
  }

  #sayThatThereAreNone(): void {
    this.problems.add({
      file: null,
      line: null,
      column: null,
      service: null,
      severity: "warning",
      code: "SB_SERVICE",
      message: `No services in ${join(this.root, "services")}. ` +
        "Put a controller at services/hello/hello.ts",
    });
  }

  /** Checks that come before the services: certificate and key, and authentication. */
  async #front(settings: Settings, starts: Starts): Promise<void> {
    const { tls, auth: { jwt, basic, module, permissions } } = settings;
    if (tls !== null) {
      await this.#setting("tls", () => checkKeyPair(readKeyPair(this.root, tls)));
    }
    // One by one, so that a problem of one does not hide the others.
    const ways = { jwt: { jwt }, basic: { basic }, module: { module, permissions } };
    for (const [name, auth] of Object.entries(ways)) {
      await this.#setting(`auth.${name}`, async () => {
        const opened = await Authentication.open(
          this.root,
          { ...settings, auth },
          (key) => starts.hostOf(key),
        );
        await opened?.stop();
      });
    }
  }

  async #setting(name: string, tryOut: () => unknown): Promise<void> {
    try {
      await tryOut();
    } catch (error) {
      const file = join(this.root, "switchboard.json");
      const known = error instanceof SwitchboardError
        ? error
        : new SwitchboardError("SB_AUTH", messageOf(error));
      const [first, ...others] = problemsOf(known, { root: this.root, service: null, file: null });
      const isPlaced = first!.file !== null && first!.file !== "switchboard.json";
      const place = isPlaced || !isFile(file) ? {} : jsonPlace(this.root, file, name.split("."));
      this.problems.add({ ...first!, ...place }, ...others);
    }
  }

  /** One service: its problems and its modules. */
  async #service(
    definition: ServiceDefinition,
    starts: Starts,
    { config }: Settings,
  ): Promise<Reach> {
    const { root } = this;
    const { key, error, problems, warnings } = definition;
    const concerned = { root, service: key, file: mainFile(definition) };
    for (const problem of problems) this.complain(problem, concerned);
    for (const warning of warnings) {
      this.complain(new SwitchboardError("SB_SERVICE", warning), concerned, "warning");
    }
    try {
      if (error !== null) throw error;
      const files = await starts.tryOut(definition);
      const reach = reachOf(root, definition, files);
      // A controller that is not served hides the files that it leads to.
      if (problems.length === 0) {
        this.problems.add(...unusedGrants(root, definition, reach.modules, config));
        this.#sayUnreachable(definition, reach);
      }
      return reach;
    } catch (error) {
      this.complain(error, concerned);
      return reachOf(root, definition, []);
    } finally {
      for (const line of starts.linesOf(key)) {
        const manifest = resolve(definition.dir, "service.json");
        this.complain(
          complaintOf(line),
          line.level === "WARN" && isFile(manifest) ? { ...concerned, file: manifest } : concerned,
          line.level === "WARN" ? "warning" : "error",
        );
      }
    }
  }

  #sayUnreachable({ key }: ServiceDefinition, { unreachable }: Reach): void {
    for (const file of unreachable) {
      this.problems.add({
        ...startOf(this.root, file),
        service: key,
        severity: "warning",
        code: "SB_UNREACHABLE",
        message: "No controller, flow or artefact leads to this file; " +
          'remove it, or start its name with "_" to keep it',
      });
    }
  }
}

/** The file that stands for a service. */
function mainFile({ dir, endpoints }: ServiceDefinition): string {
  const file = endpoints.map(({ file }) => file).find(isFile);
  const manifest = join(dir, "service.json");
  return file ?? (isFile(manifest) ? manifest : dir);
}
