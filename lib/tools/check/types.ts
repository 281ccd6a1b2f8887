import { join } from "@std/path";
import { messageOf } from "../../base/errors.ts";
import { isWithin } from "../../base/files.ts";
import { type Diagnostic, diagnosticsOf, fatalOf, pathOf, plain } from "./diagnostics.ts";
import { globalsOf } from "../../host/service/systems.ts";
import { RUNTIME } from "./library.ts";
import { shownBelow } from "./places.ts";
import type { Problem } from "./problem.ts";
import { type Project, projectOf } from "./project.ts";

/** How long checking the types may take, ms: packages may have to be fetched. */
const DEADLINE_MS = 180_000;

/** Hosts that Deno takes modules from without being told to. */
const USUAL_HOSTS = [
  "deno.land:443",
  "jsr.io:443",
  "esm.sh:443",
  "raw.esm.sh:443",
  "cdn.jsdelivr.net:443",
  "raw.githubusercontent.com:443",
  "gist.githubusercontent.com:443",
];

/** A service, as far as its types are concerned. */
export interface Typed {
  key: string;
  name: string;
  dir: string;
  /** Systems that its controllers are written for. */
  systems: readonly string[];
  /** Scripts that it consists of, by path. */
  modules: ReadonlyMap<string, string>;
  /** Hosts that it may load modules from; `true`: all. */
  hosts: readonly string[] | true;
}

/** The output of a run of `deno check`. */
interface Outcome {
  success: boolean;
  output: string;
}

/**
 * Checks the types of all services, by `deno check`. What keeps that from being done is a warning.
 *
 * @throws The signal's reason, if that stops it.
 */
export async function typeProblems(
  root: string,
  services: readonly Typed[],
  stop: AbortSignal,
  deadlineMs = DEADLINE_MS,
): Promise<Problem[]> {
  const project = projectOf(root, services);
  const typed = services.map((service) => ({ service, files: typedFiles(service, project) }))
    .filter(({ files }) => files.length > 0);
  if (typed.length === 0) return [];
  // In a compiled binary, the program that would be started is the binary itself.
  if (Deno.build.standalone) return [unchecked("a compiled binary has no type checker; use deno")];
  const deadline = AbortSignal.timeout(deadlineMs);
  const signal = AbortSignal.any([stop, deadline]);
  let folder: string | null = null;
  try {
    folder = Deno.makeTempDirSync({ prefix: "switchboard_check_" });
    const args = argumentsOf(project, folder, services);
    return await new TypeCheck(root, services, args, signal).run(typed.map(({ files }) => files));
  } catch (error) {
    stop.throwIfAborted();
    const why = deadline.aborted
      ? `it took longer than ${deadlineMs / 1000} s`
      : error instanceof Deno.errors.NotFound
      ? `there is no deno at ${Deno.execPath()}`
      : messageOf(error);
    return [unchecked(why)];
  } finally {
    if (folder !== null) Deno.removeSync(folder, { recursive: true });
  }
}

/** Runs `deno check` until it has seen all that it can see. */
class TypeCheck {
  readonly #problems: Problem[] = [];

  constructor(
    private readonly root: string,
    private readonly services: readonly Typed[],
    private readonly args: readonly string[],
    private readonly signal: AbortSignal,
  ) {}

  /** @param groups Files of each service. */
  async run(groups: string[][]): Promise<Problem[]> {
    const { success, output } = await this.#check(groups.flat());
    if (success) return this.#problems;
    const diagnostics = diagnosticsOf(output);
    for (const diagnostic of diagnostics) this.#add(diagnostic);
    if (diagnostics.length > 0) return this.#problems;
    // A file with a syntax error prevents the check of all the others, too.
    const fatal = fatalOf(output);
    const others = groups.filter((files) => !files.includes(pathOf(fatal) ?? ""));
    if (fatal.url !== null && groups.length > 1 && others.length === groups.length) {
      for (const group of groups) await this.run([group]);
    } else {
      this.#add(fatal);
      if (others.length > 0 && others.length < groups.length) await this.run(others);
    }
    return this.#problems;
  }

  async #check(files: string[]): Promise<Outcome> {
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [...this.args, ...files],
      cwd: this.root,
      env: { NO_COLOR: "1", RUST_BACKTRACE: "0", DENO_NO_UPDATE_CHECK: "1" },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      signal: this.signal,
    }).output();
    if (this.signal.aborted) throw this.signal.reason;
    const decoder = new TextDecoder();
    return { success, output: plain(decoder.decode(stdout) + decoder.decode(stderr)) };
  }

  #add(diagnostic: Diagnostic): void {
    const { message, line, column, tsCode } = diagnostic;
    const path = pathOf(diagnostic);
    const service = this.services.find(({ dir }) => path !== null && isWithin(path, dir));
    if (path !== null && service === undefined && RUNTIME !== null && isWithin(path, RUNTIME)) {
      return;
    }
    if (service !== undefined && isGlobal(tsCode, message, globalsOf(service.systems))) return;
    this.#problems.push({
      ...path === null
        ? { file: null, line: null, column: null }
        : { file: shownBelow(this.root, path), line, column },
      service: service?.key ?? null,
      severity: "error",
      code: "SB_TYPE",
      message: tsCode === null ? message : `${message} (${tsCode})`,
    });
  }
}

/** Whether an error is about a name that controllers find in the global scope, and the type checker does not. */
function isGlobal(tsCode: string | null, message: string, globals: readonly string[]): boolean {
  const [, name] = /^Cannot find name '(\w+)'/.exec(message) ?? [];
  return /^TS(?:2304|2552|2580|2591)$/.test(tsCode ?? "") && globals.includes(name!);
}

/** Scripts that have types: JavaScript only where it asks for them to be checked. */
function typedFiles({ modules, dir }: Typed, { checksJs }: Project): string[] {
  return [...modules].filter(([path, text]) =>
    isWithin(path, dir) &&
    (/\.[cm]?tsx?$/.test(path) || checksJs || /^\s*\/\/\s*@ts-check/m.test(text))
  ).map(([path]) => path);
}

function argumentsOf(
  { config, lock, importMap }: Project,
  folder: string,
  services: readonly Typed[],
): string[] {
  const args = ["check", "--quiet", "--unstable-sloppy-imports"];
  const hosts = services.some(({ hosts }) => hosts === true) ? [] : [
    ...USUAL_HOSTS,
    ...services.flatMap(({ hosts }) => hosts === true ? [] : hosts),
    ...RUNTIME === null ? [new URL(import.meta.url).host] : [],
  ];
  args.push(hosts.length === 0 ? "--allow-import" : `--allow-import=${[...new Set(hosts)]}`);
  if (lock === null) {
    args.push("--no-lock");
  } else {
    // A copy: looking at a project does not change it.
    Deno.copyFileSync(lock, join(folder, "deno.lock"));
    args.push(`--lock=${join(folder, "deno.lock")}`);
  }
  if (config === null) {
    const lib = ["deno.window", "deno.worker", "deno.unstable"];
    const path = join(folder, "deno.json");
    Deno.writeTextFileSync(path, JSON.stringify({ compilerOptions: { lib }, ...importMap }));
    return [...args, `--config=${path}`];
  }
  const path = join(folder, "import_map.json");
  Deno.writeTextFileSync(path, JSON.stringify(importMap));
  return [...args, `--config=${config}`, `--import-map=${path}`];
}

/** A warning that says why the types were not checked. */
function unchecked(why: string): Problem {
  return {
    file: null,
    line: null,
    column: null,
    service: null,
    severity: "warning",
    code: "SB_TYPES_UNCHECKED",
    message: `Types were not checked: ${why}`,
  };
}
