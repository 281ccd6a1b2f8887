import { dirname, extname, fromFileUrl, isAbsolute, join, resolve } from "@std/path";
import { messageOf, SwitchboardError } from "../../base/errors.ts";
import { plural } from "../../base/plural.ts";
import {
  authModuleDefinition,
  discover,
  readSettings,
  type ServiceDefinition,
} from "../../host/service/mod.ts";
import { entriesOf, isFolder, isWithin } from "../../base/files.ts";
import { abortOnSignal } from "./abort_on_signal.ts";
import { compilerFailure } from "./compiler_failure.ts";
import { type Embedded, embeddedOf, SERVED } from "./embedded_files.ts";
import { complain, print } from "./output.ts";
import type { Shell } from "./shell.ts";
import { Workshop } from "./workshop.ts";

/** Paths that are listed in full. */
const MAX_LISTED = 20;

/** Flags of `compile`. */
export interface CompileOptions {
  output?: string;
  target?: string;
}

/**
 * Makes a standalone binary of a root.
 *
 * @throws {SwitchboardError} `SB_COMPILE`, if it cannot be built; and the errors of a server of this root.
 */
export async function compile(
  given: string,
  { output, target }: CompileOptions,
  shell: Shell = Deno,
): Promise<void> {
  if (Deno.build.standalone) {
    throw new SwitchboardError(
      "SB_COMPILE",
      "Cannot compile from a compiled binary, which holds no compiler: " +
        "run deno run -A --unstable-worker-options jsr:@switchboard/switchboard/cli compile",
    );
  }
  const root = resolve(given);
  const services = discover(root);
  checkServices(root, services);
  const file = outputOf(output, target ?? Deno.build.target);
  checkOutput(file, root);
  const settings = readSettings(root);
  if (settings.auth.module !== undefined) authModuleDefinition(root, settings.auth);
  const embedded = embeddedOf(root, settings, ownLib());
  const abort = new AbortController();
  using _ = abortOnSignal(abort, shell);
  // Progress, which is not the command's output.
  const say = (text: string) => complain(text, shell);
  if (embedded.leftOut.length > 0) say(`Left out: ${listed(embedded.leftOut)}`);
  const warnings = services.flatMap((service) => warningsOf(root, service));
  for (const warning of warnings) say(`Warning: ${warning}`);
  say(`Compiling ${counted(services, embedded)} for ${target ?? Deno.build.target}`);
  using workshop = new Workshop(root, embedded);
  await runCompiler(workshop, file, target, abort.signal, shell);
  const megabytes = (Deno.statSync(file).size / 1e6).toFixed(1);
  print(`Wrote ${file} (${megabytes} MB)`, shell);
}

/** Paths on one line, as many as fit. */
function listed(paths: string[]): string {
  const more = paths.length - MAX_LISTED;
  return paths.slice(0, MAX_LISTED).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

function counted(services: ServiceDefinition[], { files }: Embedded): string {
  return `${plural(services.length, "service")} (${plural(files.size, "file")})`;
}

function checkServices(root: string, services: ServiceDefinition[]): void {
  if (services.length === 0) {
    throw new SwitchboardError(
      "SB_COMPILE",
      `There are no services in ${join(root, "services")}: ` +
        "put a controller at services/hello/hello.ts",
    );
  }
  const broken = services.flatMap(({ error, problems }) => error ?? problems);
  if (broken.length === 0) return;
  throw new SwitchboardError("SB_COMPILE", broken.map(({ message }) => message).join("\nerror: "));
}

/** Where it is written, with the end that its system wants. */
function outputOf(given: string | undefined, target: string): string {
  if (given === "") {
    throw new SwitchboardError("SB_COMPILE", 'Cannot write "": -o needs the name of a file');
  }
  const file = resolve(given ?? "app");
  return target.includes("windows") && extname(file).toLowerCase() !== ".exe"
    ? `${file}.exe`
    : file;
}

function checkOutput(file: string, root: string): void {
  const cannot = (why: string) =>
    new SwitchboardError("SB_COMPILE", `Cannot write "${file}": ${why}`);
  const folder = dirname(file);
  if (file.includes("\0")) throw cannot("a name cannot hold a zero byte");
  if (isFolder(file)) throw cannot("it is a folder; name a file with -o");
  if (!isFolder(folder)) throw cannot(`there is no folder "${folder}"`);
  const inside = SERVED.map((name) => join(root, name)).filter(isFolder)
    .find((served) => isWithin(Deno.realPathSync(folder), Deno.realPathSync(served)));
  if (inside !== undefined) {
    throw cannot(`all of "${inside}" is put into the binary; name a file elsewhere with -o`);
  }
  try {
    Deno.removeSync(Deno.makeTempFileSync({ dir: folder, prefix: ".switchboard_" }));
  } catch (error) {
    throw cannot(`the folder cannot be written to: ${messageOf(error)}`);
  }
}

/** The runtime's own `lib/`, which is in the binary anyway. */
function ownLib(): string[] {
  const lib = new URL("../../", import.meta.url);
  return lib.protocol === "file:" ? [Deno.realPathSync(fromFileUrl(lib))] : [];
}

/** Grants of a service that do not work in a binary, where its own folder is read-only. */
function warningsOf(root: string, { key, dir, manifest }: ServiceDefinition): string[] {
  const relative = (kind: "read" | "write") => {
    const paths = manifest.permissions?.[kind];
    return Array.isArray(paths) ? paths.filter((path) => !isAbsolute(path)) : [];
  };
  const isInside = (path: string) =>
    SERVED.some((name) => isWithin(resolve(dir, path), join(root, name)));
  return [
    ...relative("write").map((path) =>
      `service "${key}" is granted to write "${path}", which cannot be written in a binary: ` +
      "grant an absolute path"
    ),
    ...relative("read").filter((path) => !isInside(path)).map((path) =>
      `service "${key}" is granted to read "${path}", which is not put into the binary: ` +
      "grant an absolute path"
    ),
  ];
}

async function runCompiler(
  workshop: Workshop,
  file: string,
  target: string | undefined,
  signal: AbortSignal,
  shell: Shell,
): Promise<void> {
  const excluded = await unparsable(workshop.folder);
  const stopped = new SwitchboardError("SB_COMPILE", "Stopped; nothing was written");
  if (signal.aborted) throw stopped;
  const denort = shell.env.get("DENORT_BIN");
  const said = await deno({
    args: [
      "compile",
      // The host passes on to each service only the grants of its manifest.
      "--allow-all",
      "--no-prompt",
      "--no-check",
      "--exclude-unused-npm",
      ...workshop.include.flatMap((path) => ["--include", path]),
      ...excluded.flatMap((path) => ["--exclude", path]),
      ...(target === undefined ? [] : ["--target", target]),
      "--output",
      file,
      workshop.entry,
    ],
    cwd: workshop.folder,
    signal,
    ...denort !== undefined && { env: { DENORT_BIN: denort } },
  }, downloadTeller(shell));
  if (said.success) return;
  if (signal.aborted) throw stopped;
  const text = said.errors + said.output;
  const log = Deno.makeTempFileSync({ prefix: "switchboard_compile_", suffix: ".log" });
  Deno.writeTextFileSync(log, text);
  throw compilerFailure(text, log, file, { target: target ?? Deno.build.target, denort });
}

/** Says once that a runtime is downloaded, which takes a while. */
function downloadTeller(shell: Shell): (text: string) => void {
  let isTold = false;
  return (text) => {
    if (isTold || !/^Download \S+\/denort-/m.test(text)) return;
    isTold = true;
    complain(`Downloading the runtime of Deno ${Deno.version.deno}`, shell);
  };
}

/**
 * Folders of npm packages that the compiler must not look at: it takes the numbers that this one tests itself
 * with for a program, and runs out of stack.
 */
async function unparsable(cwd: string): Promise<string[]> {
  const { npmCache } = JSON.parse((await deno({ args: ["info", "--json"], cwd })).output);
  const folders = entriesOf(npmCache).map(({ name }) => join(npmCache, name, "bintrees"));
  const tests = folders.flatMap((folder) =>
    entriesOf(folder).map(({ name }) => join(folder, name, "test")).filter(isFolder)
  );
  // The cache may lie behind a link, and the compiler takes folders by their names.
  return [...new Set([...tests, ...tests.map((folder) => Deno.realPathSync(folder))])];
}

/** Runs Deno itself to its end. */
async function deno(
  options: Deno.CommandOptions,
  onError: (text: string) => void = () => {},
): Promise<{ success: boolean; output: string; errors: string }> {
  try {
    const process = new Deno.Command(Deno.execPath(), {
      ...options,
      env: { NO_COLOR: "1", ...options.env },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    let errors = "";
    const [output, { success }] = await Promise.all([
      new Response(process.stdout).text(),
      process.status,
      (async () => {
        for await (const text of process.stderr.pipeThrough(new TextDecoderStream())) {
          onError(errors += text);
        }
      })(),
    ]);
    return { success, output, errors };
  } catch (error) {
    throw new SwitchboardError("SB_COMPILE", `Cannot run ${Deno.execPath()}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
