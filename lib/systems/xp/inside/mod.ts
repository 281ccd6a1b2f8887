import { link } from "../../../inside/link.ts";
import type { InsideSystem } from "../../../inside/system.ts";
import * as auth from "./auth.ts";
import { XpController } from "./controller.ts";
import * as event from "./event.ts";
import { installGlobals } from "./globals.ts";
import * as portal from "./portal.ts";
import * as websocket from "./websocket.ts";

/** Controllers written for Enonic XP. */
export const xp: InsideSystem = {
  controllers: {
    async xp({ file }, loader) {
      installGlobals(file, loader);
      return new XpController(await loader.load(file), link());
    },
  },
  library: {
    "lib/xp/auth": { url: import.meta.resolve("./auth.ts"), module: auth },
    "lib/xp/event": { url: import.meta.resolve("./event.ts"), module: event },
    "lib/xp/portal": { url: import.meta.resolve("./portal.ts"), module: portal },
    "lib/xp/websocket": { url: import.meta.resolve("./websocket.ts"), module: websocket },
  },
};
