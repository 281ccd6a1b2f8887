/**
 * A newsfeed: the server pushes headlines to a group from a timer, and whoever has news posts it:
 *
 *     curl -d 'Switchboard speaks curl' http://localhost:8080/services/ticker
 *
 * @module
 */
import { addToGroup, getGroupSize, send, sendToGroup } from "/lib/websocket";

const READERS = "ticker";
const EVERY_MS = 5000;
const REMEMBERED = 20;
const LONGEST = 200;

const STANDING = [
  "Groups are shared by all services of a server",
  "The host owns the sockets: a controller that fails harms its own service only",
  "One group send crosses the wire once, whatever the group's size",
  "A controller that throws in a message handler is told so, and its socket stays open",
];

const headlines = [];
let next = 0;

setInterval(() => push(STANDING[next++ % STANDING.length], "timer"), EVERY_MS);

export function get(req) {
  if (req.webSocket) return { webSocket: {} };
  if (req.params.format === "json") return { body: { headlines } };
  return { redirect: `${req.contextPath}/assets/` };
}

export function post(req) {
  const text = headlineOf(req).replace(/\s+/g, " ").trim();
  if (text === "" || text.length > LONGEST) {
    return { status: 400, body: { error: `A headline has 1 to ${LONGEST} characters` } };
  }
  push(text, "reader");
  return { status: 202, body: { readers: getGroupSize(READERS) } };
}

export function webSocketEvent({ type, session }) {
  if (type !== "open") return;
  addToGroup(READERS, session.id);
  send(session.id, JSON.stringify({ headlines }));
}

/** The headline of a JSON body, a form, or a plain text. */
function headlineOf(req) {
  if (/json/.test(req.contentType ?? "")) {
    try {
      return String(JSON.parse(req.body)?.headline ?? "");
    } catch {
      return "";
    }
  }
  if (typeof req.params.headline === "string") return req.params.headline;
  return typeof req.body === "string" ? req.body : "";
}

function push(text, source) {
  headlines.push({ text, source, at: Date.now() });
  if (headlines.length > REMEMBERED) headlines.shift();
  sendToGroup(READERS, JSON.stringify({ headlines: headlines.slice(-1) }));
}
