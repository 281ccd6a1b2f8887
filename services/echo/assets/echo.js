// The echo's page: sends, and times the way there and back.

/** @type {(id: string) => any} */
const $ = (id) => document.getElementById(id);
const url = new URL("..", location.href);
url.protocol = url.protocol.replace("http", "ws");
url.pathname = url.pathname.replace(/\/$/, "");

/** When each message went out that has not come back yet. */
const underWay = [];
let socket;
connect();

function connect() {
  socket = new WebSocket(url);
  socket.onopen = () => show(true, "Connected");
  socket.onclose = ({ code }) => {
    underWay.length = 0;
    show(false, `Closed with ${code}. Reconnecting…`);
    setTimeout(connect, 1000);
  };
  socket.onmessage = ({ data }) => {
    const item = document.createElement("li");
    const time = document.createElement("span");
    time.textContent = `${(performance.now() - underWay.shift()).toFixed(1)} ms`;
    item.append(data, time);
    $("log").prepend(item);
  };
}

$("form").addEventListener("submit", (event) => {
  event.preventDefault();
  if (socket.readyState !== WebSocket.OPEN) return;
  underWay.push(performance.now());
  socket.send($("text").value);
  $("text").select();
});

function show(isOpen, text) {
  $("send").disabled = !isOpen;
  $("status").textContent = text;
}
