import { resolve } from "@std/path";
import { KEEPABLE, projectFiles, wiringOf, writeFiles } from "../starter/mod.ts";
import { print } from "./output.ts";
import type { Shell } from "./shell.ts";
import { nextSteps } from "./next_steps.ts";

/** Deno would read one of the two, and that may be the other. */
const RIVALS = ["deno.jsonc"];

/**
 * Makes a project: its `deno.json`, a first chat, its test, and settings of the editor.
 *
 * @param dir Made, if it is not there.
 * @throws {SwitchboardError} `SB_STARTER`, if one of its files that cannot be kept is there already, or cannot be written.
 */
export function init(dir: string, shell: Shell = Deno): void {
  const files = projectFiles(wiringOf());
  const kept = writeFiles(resolve(dir), files, { rivals: RIVALS, keepable: KEEPABLE });
  const shown = Object.keys(files).map((path) => kept.includes(path) ? `${path} (kept)` : path);
  const next = nextSteps(dir, shown, {
    commands: ["deno task dev"],
    verb: "open",
    url: "http://127.0.0.1:8080/services/chat",
  });
  print(next, shell);
}
