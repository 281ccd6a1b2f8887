// The ticker's page: shows what comes, posts what is written.

/** @type {(id: string) => any} */
const $ = (id) => document.getElementById(id);
const service = new URL("..", location.href);
service.pathname = service.pathname.replace(/\/$/, "");
connect();

function connect() {
  const url = new URL(service);
  url.protocol = url.protocol.replace("http", "ws");
  const socket = new WebSocket(url);
  socket.onopen = () => {
    $("status").textContent = "Live";
    $("news").replaceChildren();
  };
  socket.onclose = () => {
    $("status").textContent = "Connection lost. Reconnecting…";
    setTimeout(connect, 1000 + Math.random() * 1000);
  };
  socket.onmessage = ({ data }) => JSON.parse(data).headlines.forEach(show);
}

$("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const body = new URLSearchParams({ headline: $("headline").value });
  const response = await fetch(service, { method: "POST", body }).catch(() => null);
  if (response?.ok) {
    $("headline").value = "";
  } else {
    $("status").textContent = response
      ? (await response.json()).error
      : "The server cannot be reached";
  }
});

function show({ text, source, at }) {
  const item = document.createElement("li");
  item.className = source;
  const time = document.createElement("time");
  time.dateTime = new Date(at).toISOString();
  time.textContent = new Date(at).toLocaleTimeString();
  item.append(text, time);
  $("news").prepend(item);
}
