import { SwitchboardError } from "../../../base/errors.ts";
import { RESERVED_PATHS } from "../../../base/reserved_paths.ts";
import type { Starter } from "../../../model/mod.ts";

/**
 * A flow with rooms, and the node that passes on each message to its room.
 *
 * @throws {SwitchboardError} `SB_STARTER`, if the server itself has the path that the flow would have.
 */
export function loloStarter(name: string, isJs: boolean): Starter {
  if (RESERVED_PATHS.includes(name)) {
    throw new SwitchboardError(
      "SB_STARTER",
      `Cannot make flow "${name}": the path /${name} is the server's own; choose another name`,
    );
  }
  const file = `say.${isJs ? "js" : "ts"}`;
  return {
    files: { [`${name}.flow.json`]: flow(name, file), [file]: isJs ? JAVASCRIPT : TYPESCRIPT },
    test: {
      path: `/${name}/den`,
      does: "what one says, everybody in the room hears",
      talk: `  bob.send("Hello");
  const said = '{"from":"Bob","text":"Hello"}';
  assertEquals([await ada.next(), await bob.next()], [said, said]);`,
    },
  };
}

const flow = (name: string, file: string) =>
  `{
  "description": "Who connects to /${name}/ROOM talks to all in that room",
  "nodes": {
    "socket": {
      "use": "lolo/Websocket Trigger",
      "params": { "path": "/${name}/:room" }
    },
    "manager": { "use": "lolo/Connection Manager" },
    "say": { "file": "./${file}" }
  },
  "edges": [
    ["socket.req", "manager.req"],
    ["socket.message", "say.in"],
    ["socket.close", "manager.close"],
    ["say.out", "manager.broadcast"]
  ]
}
`;

const BODY = `  const { message, params, query } = event;
  const from = query.name ?? "Somebody";
  route({ params, body: { from, text: String(message) } });
}
`;

const TYPESCRIPT = `import type { Context, TriggerEvent } from "/lib/lolo/types";

/** Passes on a message; \`params\` names its room. */
export function handler(event: TriggerEvent, { route }: Context): void {
${BODY}`;

const JAVASCRIPT = `// @ts-check
/** @import { Context, TriggerEvent } from "/lib/lolo/types" */

/**
 * Passes on a message; \`params\` names its room.
 *
 * @param {TriggerEvent} event
 * @param {Context} context
 */
export function handler(event, { route }) {
${BODY}`;
