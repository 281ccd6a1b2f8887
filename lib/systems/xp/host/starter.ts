import type { Starter } from "../../../model/mod.ts";

/** An XP controller: who connects is in a group, and what one says goes to all of it. */
export function xpStarter(name: string, isJs: boolean): Starter {
  return {
    files: isJs ? { [`${name}.js`]: javaScript(name) } : { [`${name}.ts`]: typeScript(name) },
    test: {
      path: `/services/${name}`,
      does: "what one says, everybody hears",
      talk: `  bob.send("Hello");
  assertEquals(await ada.next(), "Bob: Hello");
  assertEquals(await bob.next(), "Bob: Hello");`,
    },
  };
}

const typeScript = (name: string) =>
  `import {
  addToGroup,
  type Request,
  type Response,
  sendToGroup,
  type WebSocketEvent,
} from "/lib/xp/websocket";

const GROUP = "${name}";

/** Answers a request; \`webSocket\` accepts one, with \`data\` for its events. */
export function get(req: Request): Response {
  if (!req.webSocket) {
    return { body: "Connect a websocket here\\n", contentType: "text/plain" };
  }
  const name = String(req.params.name ?? "Somebody");
  return { webSocket: { data: { name } } };
}

/** Called with each event of each websocket. */
export function webSocketEvent(event: WebSocketEvent<{ name: string }>): void {
  const { session, data } = event;
  if (event.type === "open") addToGroup(GROUP, session.id);
  if (event.type === "message") {
    sendToGroup(GROUP, \`\${data.name}: \${event.message}\`);
  }
}
`;

const javaScript = (name: string) =>
  `// @ts-check
import { addToGroup, sendToGroup } from "/lib/xp/websocket";

/** @import { Request, Response, WebSocketEvent } from "/lib/xp/websocket" */

const GROUP = "${name}";

/**
 * Answers a request; \`webSocket\` accepts one, with \`data\` for its events.
 *
 * @param {Request} req
 * @returns {Response}
 */
export function get(req) {
  if (!req.webSocket) {
    return { body: "Connect a websocket here\\n", contentType: "text/plain" };
  }
  const name = String(req.params.name ?? "Somebody");
  return { webSocket: { data: { name } } };
}

/**
 * Called with each event of each websocket.
 *
 * @param {WebSocketEvent<{ name: string }>} event
 */
export function webSocketEvent(event) {
  const { session, data } = event;
  if (event.type === "open") addToGroup(GROUP, session.id);
  if (event.type === "message") {
    sendToGroup(GROUP, \`\${data.name}: \${event.message}\`);
  }
}
`;
