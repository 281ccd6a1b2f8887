import type { SharedPath } from "../../../model/mod.ts";
import { BadMessage, readMessage, unknownModule } from "../message.ts";

const WORDS = {
  FORBIDDEN: "You are not allowed to use this service",
  UNAVAILABLE: "The service is not running, or has reached its limit of sessions",
};

/**
 * `/service/js`, as the front door sees it: the one thing of Dirigible that runs outside of an isolate, for
 * only a message says which service it is for (docs/contracts/dirigible.md, section 3).
 */
export const messagePath: SharedPath = {
  path: "/service/js",

  /** The service that a message names, or the error for its sender. */
  address(message: string | Uint8Array): { key: string } | { reply: string } {
    try {
      return { key: readMessage(message).service };
    } catch (error) {
      if (error instanceof BadMessage) return { reply: error.text };
      throw error;
    }
  },

  /** The error for a client that may not talk to a service. */
  refusal(
    code: "UNKNOWN_MODULE" | "FORBIDDEN" | "UNAVAILABLE",
    message: string | Uint8Array,
  ): string {
    if (code === "UNKNOWN_MODULE") return unknownModule(readMessage(message).named).text;
    return JSON.stringify({ error: { code, message: WORDS[code] } });
  },
};
