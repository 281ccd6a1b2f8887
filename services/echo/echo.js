// Sends every message back to whoever sent it. CommonJS, as in an XP project.
const ws = require("/lib/websocket");

exports.get = function (req) {
  if (!req.webSocket) return { redirect: req.contextPath + "/assets/" };
  return { webSocket: {} };
};

exports.webSocketEvent = function (event) {
  if (event.type === "message") ws.send(event.session.id, event.message);
};
