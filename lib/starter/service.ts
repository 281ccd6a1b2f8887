import { SwitchboardError } from "../errors.ts";
import { RESERVED_PATHS } from "../service/mod.ts";
import type { Files } from "./files.ts";
import { dirigibleStarter } from "./dirigible.ts";
import type { StarterKind } from "./kinds.ts";
import { loloStarter } from "./lolo.ts";
import type { Starter } from "./starter.ts";
import { testOf } from "./test.ts";
import { xpStarter } from "./xp.ts";

const STARTERS: Record<StarterKind, (name: string, isJs: boolean) => Starter> = {
  xp: xpStarter,
  dirigible: dirigibleStarter,
  lolo: loloStarter,
};

/**
 * A service that runs, and its test.
 *
 * @param name Its name, as {@linkcode nameProblem} lets it pass.
 * @param isJs Whether it is JavaScript, its types in comments; otherwise it is TypeScript.
 * @returns Its files, relative to the project, and the path of its websocket.
 * @throws {SwitchboardError} `SB_STARTER`, if the server itself has the path that it would have.
 */
export function serviceStarter(
  name: string,
  kind: StarterKind,
  isJs: boolean,
): { files: Files; path: string } {
  if (kind === "lolo" && RESERVED_PATHS.includes(name)) {
    throw new SwitchboardError(
      "SB_STARTER",
      `Cannot make flow "${name}": the path /${name} is the server's own; choose another name`,
    );
  }
  const { files, test } = STARTERS[kind](name, isJs);
  const own = Object.entries(files).map(([file, text]) => [`services/${name}/${file}`, text]);
  return {
    files: {
      ...Object.fromEntries(own),
      [`tests/${name}_test.ts`]: testOf({ name, ...test }),
    },
    path: test.path,
  };
}
