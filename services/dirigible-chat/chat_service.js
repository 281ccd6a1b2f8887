// A chat of Dirigible's second version: this module is run anew for each message of a client of /service/js.
//   {"module": "/dirigible-chat/chat_service.js", "params": {"type": "welcome", "from": "Tom"}}
//   {"module": …, "params": {"type": "message", "to": "Eva", "text": "Hello"}}
//   {"module": …, "params": {"type": "list"}}
const context = require("core/context");
const globals = require("core/globals");
const websocket = require("net/websocket");

const LONGEST_NAME = 24;
const LONGEST_TEXT = 2000;

const session = websocket.getSession();
const users = here();
const me = users.find(function (user) {
  return user.session === session;
});

switch (context.get("type")) {
  case "welcome":
    welcome(String(context.get("from") || "").trim().slice(0, LONGEST_NAME));
    break;
  case "message":
    if (me) tell(String(context.get("to") || ""), String(context.get("text") || ""));
    else answer({ type: "unknown", text: "Say who you are first" });
    break;
  case "list":
    if (me) answer({ type: "list", people: names() });
    else answer({ type: "unknown", text: "Say who you are first" });
    break;
  default:
    answer({ type: "error", text: "Expected type welcome, message or list" });
}

/** Those who are still connected; the list itself is kept, with the sessions in it. */
function here() {
  let known = globals.get("users");
  if (known === null) known = [];
  const open = known.filter(function (user) {
    return user.session.isOpen();
  });
  globals.set("users", open);
  return open;
}

function welcome(name) {
  if (name === "") return answer({ type: "error", text: "A name is missing" });
  const taken = users.some(function (user) {
    return user.name === name && user !== me;
  });
  if (taken) return answer({ type: "taken", text: name + " is here already" });
  if (me) me.name = name;
  else users.push({ name: name, session: session });
  answer({ type: "welcome", name: name });
  users.forEach(function (user) {
    user.session.sendText(JSON.stringify({ type: "list", people: names() }));
  });
}

function tell(to, text) {
  const other = users.find(function (user) {
    return user.name === to;
  });
  if (!other) return answer({ type: "gone", text: to + " is not here any more", people: names() });
  const said = { type: "said", from: me.name, to: to, text: text.slice(0, LONGEST_TEXT) };
  other.session.sendTextAsync(JSON.stringify(said));
  if (other !== me) answer(said);
}

function names() {
  return users.map(function (user) {
    return user.name;
  });
}

function answer(value) {
  session.sendText(JSON.stringify(value));
}
