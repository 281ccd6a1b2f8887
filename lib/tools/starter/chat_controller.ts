// Not a file of its own: publishing to a registry rewrites the imports of every module in the package.
/** The controller of the chat that a new project begins with. */
export const CHAT_CONTROLLER = `import {
  addToGroup,
  getGroupSize,
  removeFromGroup,
  type Request,
  type Response,
  sendToGroup,
  type WebSocketEvent,
} from "/lib/xp/websocket";

const ROOM = "chat";
const LONGEST_NAME = 24;
const LONGEST_TEXT = 2000;

/** Accepts a websocket of who has a name; others get the page in assets/. */
export function get(req: Request): Response {
  if (!req.webSocket) return { redirect: \`\${req.contextPath}/assets/\` };
  const name = String(req.params.name ?? "").trim().slice(0, LONGEST_NAME);
  if (name === "") return { status: 400, body: "Say who you are: ?name=" };
  return { webSocket: { data: { name } } };
}

/** Called with each event of each websocket; \`data\` is what \`get\` gave it. */
export function webSocketEvent(event: WebSocketEvent<{ name: string }>): void {
  const { id } = event.session;
  const { name } = event.data;
  switch (event.type) {
    case "open":
      addToGroup(ROOM, id);
      tell({ news: \`\${name} joined\` });
      break;
    case "message": {
      const text = String(event.message).trim().slice(0, LONGEST_TEXT);
      if (text !== "") tell({ from: name, text });
      break;
    }
    case "close":
      removeFromGroup(ROOM, id);
      tell({ news: \`\${name} left\` });
      break;
  }
}

function tell(what: object): void {
  sendToGroup(ROOM, JSON.stringify({ ...what, here: getGroupSize(ROOM) }));
}
`;
