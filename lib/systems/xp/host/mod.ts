import { join } from "@std/path";
import { isFile } from "../../../base/files.ts";
import type { System } from "../../system.ts";
import { readDescriptor } from "./descriptor.ts";
import { findRoute, urlOf } from "./route.ts";
import { xpStarter } from "./starter.ts";

/** Extensions of controllers; where several files would do, the first counts. */
const EXTENSIONS = [".ts", ".js", ".mjs", ".cjs"];

/** Enonic XP: a controller is the file that has its folder's name. */
export const xp: System = {
  name: "xp",
  urls: { findRoute, urlOf },
  globals: ["app", "log", "resolve", "require"],
  namesItsGroups: true,
  starter: xpStarter,
  allow: readDescriptor,
  expected: (name) => `${name}{${EXTENSIONS.join(",")}}`,
  read: () => ({
    endpoints({ name, dir }, parts) {
      const file = EXTENSIONS.map((extension) => join(dir, name + extension))
        .find((controller) => !parts.includes(controller) && isFile(controller));
      return file === undefined ? [] : [{ id: "xp", system: "xp", file, paths: [] }];
    },
  }),
};
