import { relative, resolve, SEPARATOR } from "@std/path";
import colors from "picocolors";
import { check as checkRoot, jsonReport, textReport } from "../check/mod.ts";
import { Progress } from "./progress.ts";

/** Flags of `check`. */
export interface CheckFlags {
  json?: boolean;
  strict?: boolean;
  types: boolean;
}

/**
 * Checks a root and prints what it has found.
 *
 * @returns The exit code: 1 if there is an error, or with `--strict` a warning.
 */
export async function check(given: string, { json, strict, types }: CheckFlags): Promise<number> {
  const root = resolve(given);
  using progress = new Progress();
  const findings = await checkRoot(root, { types, progress: (what) => progress.say(what) });
  progress.clear();
  const isOk = !findings.problems.some(({ severity }) => severity === "error" || strict);
  if (json) {
    console.log(jsonReport(findings.problems, isOk));
  } else {
    const paint = colors.createColors(Deno.stdout.isTerminal() && !Deno.noColor);
    console.log(textReport(findings, { paint, shown: (file) => fromHere(root, file) }));
  }
  return isOk ? 0 : 1;
}

/** A path as seen from where the user is, if it lies below. */
function fromHere(root: string, file: string): string {
  const path = resolve(root, file);
  const way = relative(Deno.cwd(), path);
  return way === ".." || way.startsWith(`..${SEPARATOR}`) ? path : way || ".";
}
