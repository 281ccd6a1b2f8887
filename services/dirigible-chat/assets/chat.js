// The page of the Dirigible chat: each message names the module that is to run.

const MODULE = "/dirigible-chat/chat_service.js";
const RETRY_MS = 1000;
/** The server does not report who has left, so the page asks. */
const LOOK_EVERY_MS = 5000;

/** @type {(id: string) => any} */
const $ = (id) => document.getElementById(id);
const log = $("log");

let socket = null;
let myName = "";

$("join-form").addEventListener("submit", () => {
  myName = $("name").value.trim();
  if (socket?.readyState === WebSocket.OPEN) send({ type: "welcome", from: myName });
  else connect();
});
$("join").addEventListener("cancel", (event) => event.preventDefault());

$("compose").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = $("text").value.trim();
  if (text === "" || $("to").value === "") return;
  send({ type: "message", to: $("to").value, text });
  $("text").value = "";
});

setInterval(() => socket?.readyState === WebSocket.OPEN && send({ type: "list" }), LOOK_EVERY_MS);
$("join").showModal();

function connect() {
  const url = new URL("/service/js", location.href);
  url.protocol = url.protocol.replace("http", "ws");
  socket = new WebSocket(url);
  socket.onopen = () => {
    $("status").textContent = "";
    send({ type: "welcome", from: myName });
  };
  socket.onmessage = ({ data }) => receive(JSON.parse(data));
  socket.onclose = () => {
    show(false);
    $("count").textContent = "Not connected";
    $("status").textContent = "Connection lost. Reconnecting…";
    setTimeout(connect, RETRY_MS);
  };
}

function send(params) {
  socket.send(JSON.stringify({ module: MODULE, params }));
}

function show(isOnline) {
  document.body.classList.toggle("online", isOnline);
  $("text").disabled = $("send").disabled = $("to").disabled = !isOnline;
}

function receive(news) {
  switch (news.type) {
    case "welcome":
      show(true);
      announce(`You are ${news.name}`);
      $("text").focus();
      break;
    case "taken":
      $("join-text").textContent = `${news.text}: choose another name.`;
      $("join").showModal();
      break;
    case "unknown":
      // The service has been started anew: it has forgotten us.
      send({ type: "welcome", from: myName });
      break;
    case "said":
      said(news);
      break;
    case "gone":
    case "error":
      announce(news.text);
      break;
  }
  if (news.error) announce(news.error.message);
  if (news.people) present(news.people);
}

function present(people) {
  $("count").textContent = people.length === 1 ? "1 person here" : `${people.length} people here`;
  const chosen = $("to").value;
  const others = people.filter((name) => name !== myName);
  $("to").replaceChildren(...others.map((name) => new Option(name, name, false, name === chosen)));
  if (others.length === 0) $("to").append(new Option("nobody yet", ""));
}

function said({ from, to, text }) {
  const item = element("li", from === myName ? "said mine" : "said");
  const who = element("div", "who");
  who.append(element("b", "", from), `to ${to}`);
  item.append(who, text);
  append(item);
}

function announce(text) {
  append(element("li", "news", text));
}

function append(item) {
  log.append(item);
  log.scrollTop = log.scrollHeight;
}

function element(name, className, text = "") {
  const result = document.createElement(name);
  result.className = className;
  result.textContent = text;
  return result;
}
