/** The page of the chat that a new project begins with. */
export const CHAT_HTML = `<!DOCTYPE html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta
      http-equiv="Content-Security-Policy"
      content="default-src 'self'; img-src data:"
    >
    <title>Chat</title>
    <link rel="icon" href="data:,">
    <link rel="stylesheet" href="chat.css">
    <script type="module" src="chat.js"></script>
  </head>
  <body>
    <header>
      <h1>Chat</h1>
      <p id="here" role="status">Not connected</p>
    </header>
    <ol
      id="log"
      role="log"
      aria-label="Messages"
      tabindex="0"
      data-empty="Nobody has said anything yet."
    ></ol>
    <form id="join">
      <label for="name">Your name</label>
      <input
        id="name"
        autocomplete="nickname"
        maxlength="24"
        required
        pattern=".*\\S.*"
        enterkeyhint="go"
        autofocus
      >
      <button>Join</button>
    </form>
    <form id="compose" hidden>
      <label for="text">Message</label>
      <input id="text" autocomplete="off" maxlength="2000" enterkeyhint="send">
      <button>Send</button>
    </form>
    <noscript>This page needs JavaScript: it keeps a websocket open.</noscript>
  </body>
</html>
`;

/** Its style: light and dark, from a phone up. */
export const CHAT_CSS = `:root {
  color-scheme: light dark;
  --ink: light-dark(#16302b, #e4efeb);
  --soft: light-dark(#52706a, #94aea7);
  --paper: light-dark(#eef5f2, #101917);
  --card: light-dark(#ffffff, #1b2724);
  --line: light-dark(#cbdcd6, #30413c);
  --accent: light-dark(#0b6e5b, #4fc4a8);
  --on-accent: light-dark(#ffffff, #06201a);
}

* {
  box-sizing: border-box;
}

[hidden] {
  display: none !important;
}

body {
  display: flex;
  flex-direction: column;
  height: 100dvh;
  max-width: 42rem;
  margin: 0 auto;
  background: var(--paper);
  color: var(--ink);
  font: 1rem / 1.5 system-ui, sans-serif;
}

header {
  display: flex;
  justify-content: space-between;
  align-items: baseline;
  padding: 1rem;
  border-bottom: 1px solid var(--line);
}

h1 {
  margin: 0;
  font-size: 1.375rem;
}

#here {
  margin: 0;
  color: var(--soft);
}

#log {
  flex: 1;
  margin: 0;
  padding: 1rem;
  overflow-y: auto;
  list-style: none;
}

#log:empty::before {
  content: attr(data-empty);
  color: var(--soft);
}

#log li {
  width: fit-content;
  max-width: 85%;
  margin-bottom: 0.5rem;
  padding: 0.5rem 0.875rem;
  background: var(--card);
  border: 1px solid var(--line);
  border-radius: 0.875rem;
  overflow-wrap: anywhere;
}

#log li.mine {
  margin-left: auto;
  background: var(--accent);
  border-color: transparent;
  color: var(--on-accent);
}

#log li.news {
  margin-inline: auto;
  padding: 0;
  background: none;
  border: 0;
  color: var(--soft);
  font-size: 0.875rem;
}

#log b {
  display: block;
  font-size: 0.8125rem;
}

form {
  display: grid;
  grid-template-columns: 1fr auto;
  gap: 0.25rem 0.5rem;
  padding: 0.75rem 1rem max(0.75rem, env(safe-area-inset-bottom));
  border-top: 1px solid var(--line);
}

label {
  grid-column: 1 / -1;
  color: var(--soft);
  font-size: 0.875rem;
}

input,
button {
  min-width: 0;
  min-height: 2.75rem;
  padding: 0 1rem;
  border: 1px solid var(--line);
  border-radius: 0.75rem;
  background: var(--card);
  color: inherit;
  font: inherit;
}

button {
  border-color: transparent;
  background: var(--accent);
  color: var(--on-accent);
  font-weight: 600;
  cursor: pointer;
}

button:disabled {
  opacity: 0.5;
  cursor: default;
}

:focus-visible {
  outline: 3px solid var(--accent);
  outline-offset: 2px;
}

#log:focus-visible {
  outline-offset: -3px;
}
`;

/** Its script: asks for a name, keeps a socket open, and opens it anew when it breaks. */
export const CHAT_JS = `// Asks for a name, keeps a socket open, and opens it anew when it breaks.

const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 10_000;

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
  const url = new URL("../../" + location.search, location.href);
  url.protocol = url.protocol.replace("http", "ws");
  url.pathname = url.pathname.replace(/\\/$/, "");
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
`;
