import type { Starter } from "../../../model/mod.ts";

/** A Dirigible endpoint: an artefact and its handler. */
export function dirigibleStarter(name: string, isJs: boolean): Starter {
  // A file that is called like its service would be an XP controller.
  const handler = name === "handler" ? "events" : "handler";
  const artefact = {
    handler: `${name}/${handler}`,
    endpoint: name,
    description: "What one says, everybody hears",
  };
  return {
    files: {
      [`${name}.websocket`]: `${JSON.stringify(artefact, null, 2)}\n`,
      [`${handler}.${isJs ? "js" : "ts"}`]: isJs ? javaScript(name) : typeScript(name),
    },
    test: {
      path: `/websockets/service/${name}`,
      does: "what one says, everybody hears",
      talk: `  bob.send("Hello");
  assertEquals(await ada.next(), "Hello");
  assertEquals(await bob.next(), "Hello");
  assertEquals(await bob.next(), "You said: Hello");`,
    },
  };
}

const typeScript = (name: string) =>
  `import { addToGroup, sendToGroup } from "lib/xp/websocket";

const GROUP = "${name}";

/** A client has connected; \`from\` is the id of its session. */
export function onOpen(from: string): void {
  addToGroup(GROUP, from);
}

/** A client has sent a message; a returned value is sent back. */
export function onMessage(message: string, _from: string): string {
  sendToGroup(GROUP, message);
  return \`You said: \${message}\`;
}

/** A connection has broken. */
export function onError(text: string, from: string): void {
  console.warn(from, text);
}

/** A client has left, with a close code; it is no longer in any group. */
export function onClose(from: string, code: number): void {
  console.debug(from, code);
}
`;

const javaScript = (name: string) =>
  `// @ts-check
import { addToGroup, sendToGroup } from "lib/xp/websocket";

const GROUP = "${name}";

/**
 * A client has connected.
 *
 * @param {string} from Id of the session.
 */
export function onOpen(from) {
  addToGroup(GROUP, from);
}

/**
 * A client has sent a message; a returned value is sent back.
 *
 * @param {string} message
 * @param {string} _from
 */
export function onMessage(message, _from) {
  sendToGroup(GROUP, message);
  return \`You said: \${message}\`;
}

/**
 * A connection has broken.
 *
 * @param {string} text
 * @param {string} from
 */
export function onError(text, from) {
  console.warn(from, text);
}

/**
 * A client has left; it is no longer in any group.
 *
 * @param {string} from
 * @param {number} code The close code.
 */
export function onClose(from, code) {
  console.debug(from, code);
}
`;
