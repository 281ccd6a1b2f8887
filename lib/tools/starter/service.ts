import { SYSTEMS } from "../../host/service/systems.ts";
import type { Files } from "../../model/mod.ts";
import { testOf } from "./test.ts";

/**
 * A service that runs, and its test.
 *
 * @param name Its name, as {@linkcode nameProblem} lets it pass.
 * @param kind Name of the system that it is written for.
 * @param isJs Whether it is JavaScript, its types in comments; otherwise it is TypeScript.
 * @returns Its files, relative to the project, and the path of its websocket.
 * @throws {SwitchboardError} `SB_STARTER`, if no service of this system can have that name.
 */
export function serviceStarter(
  name: string,
  kind: string,
  isJs: boolean,
): { files: Files; path: string } {
  const { files, test } = SYSTEMS.find((system) => system.name === kind)!.starter(name, isJs);
  const own = Object.entries(files).map(([file, text]) => [`services/${name}/${file}`, text]);
  return {
    files: {
      ...Object.fromEntries(own),
      [`tests/${name}_test.ts`]: testOf({ name, ...test }),
    },
    path: test.path,
  };
}
