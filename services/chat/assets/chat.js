// The chat's page: asks for a name, keeps a socket open, and opens it anew when it breaks.

const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 10_000;

/** @type {(id: string) => any} */
const $ = (id) => document.getElementById(id);
const log = $("log");

let socket = null;
let myName = "";
let retryMs = FIRST_RETRY_MS;
let retryTimer = 0;

$("join-form").addEventListener("submit", () => {
  myName = $("name").value.trim();
  sessionStorage.setItem("name", myName);
  connect();
});
// A name is required: Escape does not close the question.
$("join").addEventListener("cancel", (event) => event.preventDefault());

$("compose").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = $("text").value.trim();
  if (text === "" || socket?.readyState !== WebSocket.OPEN) return;
  socket.send(text);
  $("text").value = "";
});

addEventListener("online", retryNow);
document.addEventListener("visibilitychange", () => document.hidden || retryNow());
document.addEventListener("click", (event) => {
  if (!$("presence").contains(event.target)) $("presence").open = false;
});

const remembered = sessionStorage.getItem("name");
if (remembered) {
  myName = remembered;
  connect();
} else {
  $("join").showModal();
}

function connect() {
  clearTimeout(retryTimer);
  retryTimer = 0;
  const url = new URL("..", location.href);
  url.protocol = url.protocol.replace("http", "ws");
  url.pathname = url.pathname.replace(/\/$/, "");
  url.search = new URLSearchParams({ name: myName }).toString();
  socket = new WebSocket(url);
  socket.onopen = () => {
    retryMs = FIRST_RETRY_MS;
    show(true);
  };
  socket.onmessage = ({ data }) => receive(JSON.parse(data));
  socket.onclose = () => {
    show(false);
    retryTimer = setTimeout(connect, retryMs);
    // Spread out, so that a server that comes back is not met by everybody at once.
    retryMs = Math.min(retryMs * (1.5 + Math.random()), LONGEST_RETRY_MS);
  };
}

function retryNow() {
  if (retryTimer !== 0) connect();
}

function show(isOnline) {
  document.body.classList.toggle("online", isOnline);
  $("text").disabled = $("send").disabled = !isOnline;
  $("status").textContent = isOnline ? "" : "Connection lost. Reconnecting…";
  if (isOnline) $("text").focus();
  else $("count").textContent = "Not connected";
}

function receive(news) {
  switch (news.type) {
    case "welcome":
      myName = news.name;
      log.replaceChildren();
      news.history.forEach(said);
      announce(`You are ${news.name}`);
      break;
    case "joined":
      announce(`${news.name} joined`);
      break;
    case "left":
      announce(`${news.name} left`);
      break;
    case "said":
      said(news);
      break;
  }
  if (news.people) present(news.people);
}

function present(people) {
  $("count").textContent = people.length === 1 ? "1 person here" : `${people.length} people here`;
  $("people").replaceChildren(...people.map((name) => element("li", "", name)));
}

function said({ from, text, at }) {
  const item = element("li", from === myName ? "said mine" : "said");
  const time = element("time", "", new Date(at).toLocaleTimeString([], { timeStyle: "short" }));
  time.dateTime = new Date(at).toISOString();
  const who = element("div", "who");
  who.append(element("b", "", from), time);
  item.append(who, text);
  append(item);
}

function announce(text) {
  append(element("li", "news", text));
}

function append(item) {
  const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 80;
  log.append(item);
  if (atEnd || item.classList.contains("mine")) log.scrollTop = log.scrollHeight;
}

function element(name, className, text = "") {
  const result = document.createElement(name);
  result.className = className;
  result.textContent = text;
  return result;
}
