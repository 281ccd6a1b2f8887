/**
 * A chat room: who is here, who comes and goes, and the last messages for those who join late.
 *
 * @module
 */
import {
  addToGroup,
  removeFromGroup,
  type Request,
  type Response,
  send,
  sendToGroup,
  type WebSocketEvent,
} from "/lib/xp/websocket";

const ROOM = "chat";
const LONGEST_NAME = 24;
const LONGEST_TEXT = 2000;
const REMEMBERED = 30;

interface Said {
  type: "said";
  from: string;
  text: string;
  at: number;
}

/** Names of those present, by session. */
const people = new Map<string, string>();
const history: Said[] = [];

export function get(req: Request): Response {
  if (!req.webSocket) return { redirect: `${req.contextPath}/assets/` };
  const name = String(req.params.name ?? "").replace(/\s+/g, " ").trim().slice(0, LONGEST_NAME);
  if (name === "") {
    return { status: 400, body: "Say who you are: ?name=…", contentType: "text/plain" };
  }
  return { webSocket: { data: { name } } };
}

export function webSocketEvent(event: WebSocketEvent<{ name: string }>): void {
  const { id } = event.session;
  switch (event.type) {
    case "open": {
      const name = unused(event.data.name);
      people.set(id, name);
      tell({ type: "joined", name, people: names() });
      addToGroup(ROOM, id);
      send(id, JSON.stringify({ type: "welcome", name, people: names(), history }));
      break;
    }
    case "message": {
      const text = typeof event.message === "string" ? event.message.trim() : "";
      if (text !== "") say(people.get(id)!, text.slice(0, LONGEST_TEXT));
      break;
    }
    case "close": {
      const name = people.get(id);
      people.delete(id);
      removeFromGroup(ROOM, id);
      tell({ type: "left", name, people: names() });
      break;
    }
  }
}

function say(from: string, text: string): void {
  const said: Said = { type: "said", from, text, at: Date.now() };
  history.push(said);
  if (history.length > REMEMBERED) history.shift();
  tell(said);
}

function tell(news: object): void {
  sendToGroup(ROOM, JSON.stringify(news));
}

function names(): string[] {
  return [...people.values()];
}

/** The name, with a number if somebody has it already. */
function unused(name: string): string {
  const taken = new Set(people.values());
  if (!taken.has(name)) return name;
  for (let number = 2;; number++) {
    if (!taken.has(`${name} ${number}`)) return `${name} ${number}`;
  }
}
