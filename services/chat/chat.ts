/**
 * A chat room: who is here, who comes and goes, and the last messages for those who join late.
 *
 * @module
 */
import {
  addToGroup,
  getGroupMembers,
  getSession,
  removeFromGroup,
  send,
  sendToGroup,
} from "/lib/websocket";
import type { Request, Response, WebSocketEvent } from "/lib/xp/websocket";

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
let people: Map<string, string> | undefined;
const history: Said[] = [];

export function get(req: Request): Response {
  if (!req.webSocket) return { redirect: `${req.contextPath}/assets/` };
  const name = String(req.params.name ?? "").replace(/\s+/g, " ").trim().slice(0, LONGEST_NAME);
  if (name === "") {
    return { status: 400, body: "Say who you are: ?name=…", contentType: "text/plain" };
  }
  return { webSocket: { data: { name: unused(name) } } };
}

export function webSocketEvent(event: WebSocketEvent<{ name: string }>): void {
  const { id } = event.session;
  const { name } = event.data;
  switch (event.type) {
    case "open": {
      present().set(id, name);
      tell({ type: "joined", name, people: names() });
      addToGroup(ROOM, id);
      send(id, JSON.stringify({ type: "welcome", name, people: names(), history }));
      break;
    }
    case "message": {
      const text = typeof event.message === "string" ? event.message.trim() : "";
      if (text !== "") say(name, text.slice(0, LONGEST_TEXT));
      break;
    }
    case "close": {
      present().delete(id);
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

/** When this file has been edited, its new version finds the people in the room. */
function present(): Map<string, string> {
  return people ??= new Map(
    getGroupMembers(ROOM).map((id) => [id, String(getSession(id)?.data.name)]),
  );
}

function names(): string[] {
  return [...present().values()];
}

/** The name, with a number if somebody has it already. */
function unused(name: string): string {
  const taken = new Set(names());
  if (!taken.has(name)) return name;
  for (let number = 2;; number++) {
    if (!taken.has(`${name} ${number}`)) return `${name} ${number}`;
  }
}
