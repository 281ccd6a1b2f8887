import { join, resolve } from "@std/path";
import { SwitchboardError } from "../../base/errors.ts";
import { entriesOf, isFolder } from "../../base/files.ts";
import { nearest } from "../../base/nearest.ts";
import { readImportMap } from "../../host/service/mod.ts";
import { SYSTEMS } from "../../host/service/systems.ts";
import { serviceStarter, wiringOf, writeFiles } from "../starter/mod.ts";
import { print } from "./output.ts";
import type { Shell } from "./shell.ts";
import { nextSteps } from "./next_steps.ts";

const PACKAGE = "@switchboard/switchboard";

const NO_PROJECT = `The test and the types need a deno.json
that maps ${PACKAGE}:
"init" makes one`;

/** Flags of `new`. */
export interface NewOptions {
  /** Name of a system. */
  kind: string;
  js?: boolean;
}

/** Why a service cannot be of this kind, which is the name of a system; null, if it can. */
export function kindProblem(kind: string): string | null {
  const kinds = SYSTEMS.map(({ name }) => name);
  if (kinds.includes(kind)) return null;
  const near = nearest(kind, kinds);
  return `Expected ${kinds.slice(0, -1).join(", ")} or ${kinds.at(-1)}.${
    near === null ? "" : ` Did you mean ${near}?`
  }`;
}

/**
 * Makes a service that runs, and its test.
 *
 * @throws {SwitchboardError} `SB_STARTER`, if there is one of that name, or it cannot be written; `SB_ROOT`, if
 * there is no folder to make it in; `SB_IMPORTS`, if the project's `deno.json` cannot be read.
 */
export function create(
  name: string,
  root: string,
  { kind, js = false }: NewOptions,
  shell: Shell = Deno,
): void {
  const folder = resolve(root);
  if (!isFolder(folder)) {
    throw new SwitchboardError(
      "SB_ROOT",
      `Cannot make a service in "${folder}": it is not a folder`,
    );
  }
  const { files, path } = serviceStarter(name, kind, js);
  const isProject = leadsHere(folder);
  refuseExisting(folder, name);
  writeFiles(folder, files);
  const next = nextSteps(root, Object.keys(files), {
    commands: isProject ? ["deno task dev", "deno task test"] : [`${wiringOf().command} dev`],
    verb: "connect to",
    url: `ws://127.0.0.1:8080${path}?name=Ada`,
  });
  print(next, shell);
  if (!isProject) print(NO_PROJECT, shell);
}

/** Whether the project says where Switchboard is: its tests and its editor need that. */
function leadsHere(folder: string): boolean {
  return readImportMap(folder).some(([id]) => id === PACKAGE);
}

function refuseExisting(folder: string, name: string): void {
  const dir = join(folder, "services", name);
  if (isFolder(dir) && entriesOf(dir).length > 0) {
    throw new SwitchboardError(
      "SB_STARTER",
      `There is a service "${name}" already, in "${dir}", and nothing is overwritten; ` +
        "choose another name",
    );
  }
}
