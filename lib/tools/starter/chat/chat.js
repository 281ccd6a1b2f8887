// Asks for a name, keeps a socket open, and opens it anew when it breaks.

const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 10_000;

/** @type {(id: string) => any} */
const $ = (id) => document.getElementById(id);
const send = $("compose").querySelector("button");

let socket;
let name = "";
/** What was sent and has not come back yet. Not by the name: others may have the same. */
let sent = [];
let retryMs = FIRST_RETRY_MS;
let retry;

$("join").addEventListener("submit", (event) => {
  event.preventDefault();
  name = $("name").value.trim();
  $("join").hidden = true;
  $("compose").hidden = false;
  connect();
});

$("compose").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = $("text").value.trim();
  if (text === "" || socket.readyState !== WebSocket.OPEN) return;
  socket.send(text);
  sent.push(text);
  $("text").value = "";
});

// Back in the network: no need to wait.
addEventListener("online", () => {
  if (name !== "" && socket.readyState === WebSocket.CLOSED) connect();
});

function connect() {
  clearTimeout(retry);
  const url = new URL("../" + location.search, location.href);
  url.protocol = url.protocol.replace("http", "ws");
  url.pathname = url.pathname.replace(/\/$/, "");
  url.searchParams.set("name", name);
  socket = new WebSocket(url);
  send.disabled = true;
  socket.onopen = () => {
    retryMs = FIRST_RETRY_MS;
    sent = [];
    send.disabled = false;
    $("text").focus();
  };
  socket.onmessage = ({ data }) => show(JSON.parse(data));
  socket.onclose = () => {
    send.disabled = true;
    $("here").textContent = "Connection lost. Reconnecting…";
    retry = setTimeout(connect, retryMs);
    // Spread out, so that a server that comes back is not met by all at once.
    retryMs = Math.min(retryMs * (1.5 + Math.random()), LONGEST_RETRY_MS);
  };
}

function show({ news, from, text, here }) {
  $("here").textContent = here === 1 ? "Only you are here" : here + " are here";
  const item = document.createElement("li");
  if (news !== undefined) {
    item.className = "news";
    item.textContent = news;
  } else {
    const who = document.createElement("b");
    who.textContent = from;
    item.append(who, text);
    if (from === name && text === sent[0]) {
      sent.shift();
      item.className = "mine";
    }
  }
  const log = $("log");
  const isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 80;
  log.append(item);
  if (isAtEnd) log.scrollTop = log.scrollHeight;
}
