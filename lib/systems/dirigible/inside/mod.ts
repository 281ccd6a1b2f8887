import { link } from "../../../inside/link.ts";
import type { InsideSystem } from "../../../inside/system.ts";
import * as context from "./context.ts";
import * as globals from "./globals.ts";
import { Handler } from "./handler.ts";
import { HandlerEndpoint } from "./handler_endpoint.ts";
import { MessageEndpoint } from "./message_endpoint.ts";
import { loadHandlersWith } from "./require_handler.ts";
import * as websocket from "./websocket.ts";
import * as websockets from "./websockets.ts";

const WEBSOCKET = { url: import.meta.resolve("./websocket.ts"), module: websocket };
const WEBSOCKETS = { url: import.meta.resolve("./websockets.ts"), module: websockets };

/** Controllers written for Eclipse Dirigible. */
export const dirigible: InsideSystem = {
  controllers: {
    /** Handlers of `*.websocket` artefacts. */
    async dirigible({ file }, loader) {
      return new HandlerEndpoint(await Handler.load(file, loader), link());
    },
    /** Message modules of Dirigible 2, which `/service/js` runs. */
    "dirigible-v2": ({ modules = [] }, loader) =>
      Promise.resolve(new MessageEndpoint(modules, loader, link())),
  },
  library: {
    "core/context": { url: import.meta.resolve("./context.ts"), module: context },
    "core/globals": { url: import.meta.resolve("./globals.ts"), module: globals },
    "net/websocket": WEBSOCKET,
    "service/websocket": WEBSOCKET,
    "net/websockets": WEBSOCKETS,
    "net/v4/websockets": WEBSOCKETS,
  },
  start: loadHandlersWith,
};
