// The handler of echo.websocket, and of the clients that it opens: a message "relay HOST text" goes out through
// a connection to this very server, and what comes back is sent to whoever asked.
const websockets = require("net/v4/websockets");
const ws = require("lib/xp/websocket");

const OWN = /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/;
const MAX_WAITING = 100;

/** Pending answers: session and client, by number. */
const waiting = new Map();
let last = 0;

exports.onMessage = function (message, from) {
  // Without a session it is the answer to one of our own clients.
  if (from === undefined) return answered(message);
  const [, host, text] = /^relay (\S+) (.*)$/s.exec(message) || [];
  if (host === undefined) return message;
  if (!OWN.test(host)) return "cannot relay to " + host + ": only to this server itself";
  if (waiting.size >= MAX_WAITING) return "too many are waiting, try again later";
  const number = String(++last);
  const uri = "ws://" + host + "/websockets/service/dirigible-echo";
  const client = websockets.createWebsocket(uri, "dirigible-echo/echo-handler");
  waiting.set(number, { from: from, client: client });
  client.send(number + " " + text);
};

exports.onError = function (text, from) {
  if (from !== undefined) return;
  const [number, asker] = waiting.entries().next().value || [];
  waiting.delete(number);
  if (asker) ws.send(asker.from, "relay failed: " + text);
};

function answered(message) {
  const [, number, text] = /^(\d+) (.*)$/s.exec(message) || [];
  const asker = waiting.get(number);
  if (!asker) return;
  waiting.delete(number);
  asker.client.close();
  ws.send(asker.from, "relayed: " + text);
}
