import { relative, resolve, SEPARATOR } from "@std/path";
import { painter } from "../../base/paint.ts";
import { check as checkRoot, type Findings, jsonReport, textReport } from "../check/mod.ts";
import { abortOnSignal, ToldToEnd } from "./abort_on_signal.ts";
import { print } from "./output.ts";
import { Progress } from "./progress.ts";
import type { Shell } from "./shell.ts";

/** Flags of `check`. */
export interface CheckFlags {
  json?: boolean;
  strict?: boolean;
  types: boolean;
}

/**
 * Checks a root and prints the findings.
 *
 * @returns The exit code: 1 if there is an error, or with `--strict` a warning; 128 and the signal's number, if a
 * signal has stopped it.
 */
export async function check(
  given: string,
  { json, strict, types }: CheckFlags,
  shell: Shell = Deno,
): Promise<number> {
  const root = resolve(given);
  const findings = await findingsOf(root, types, shell);
  if (findings instanceof ToldToEnd) return findings.exitCode;
  const isOk = !findings.problems.some(({ severity }) => severity === "error" || strict);
  if (json) {
    print(jsonReport(findings.problems, isOk), shell);
  } else {
    const paint = painter(shell.stdout.isTerminal() && !shell.noColor);
    print(textReport(findings, { paint, shown: (file) => fromHere(root, file) }), shell);
  }
  return isOk ? 0 : 1;
}

async function findingsOf(
  root: string,
  types: boolean,
  shell: Shell,
): Promise<Findings | ToldToEnd> {
  const abort = new AbortController();
  using _ = abortOnSignal(abort, shell);
  using progress = new Progress(shell);
  try {
    return await checkRoot(root, {
      types,
      signal: abort.signal,
      progress: (what) => progress.say(what),
    });
  } catch (error) {
    if (error instanceof ToldToEnd) return error;
    throw error;
  }
}

/** A path as seen from where the user is, if it lies below. */
function fromHere(root: string, file: string): string {
  const path = resolve(root, file);
  const way = relative(Deno.cwd(), path);
  return way === ".." || way.startsWith(`..${SEPARATOR}`) ? path : way || ".";
}
