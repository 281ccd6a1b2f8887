// The page of the Dirigible echo: sends straight, or through a connection of the server to itself.

/** @type {(id: string) => any} */
const $ = (id) => document.getElementById(id);
const url = new URL("/websockets/service/dirigible-echo", location.href);
url.protocol = url.protocol.replace("http", "ws");

let socket;
connect();

function connect() {
  socket = new WebSocket(url);
  socket.onopen = () => show(true, "Connected");
  socket.onclose = ({ code }) => {
    show(false, `Closed with ${code}. Reconnecting…`);
    setTimeout(connect, 1000);
  };
  socket.onmessage = ({ data }) => {
    const item = document.createElement("li");
    item.textContent = data;
    $("log").prepend(item);
  };
}

$("form").addEventListener("submit", (event) => {
  event.preventDefault();
  send($("text").value);
});
$("relay").addEventListener("click", () => send(`relay ${location.host} ${$("text").value}`));

function send(text) {
  if (socket.readyState !== WebSocket.OPEN) return;
  socket.send(text);
  $("text").select();
}

function show(isOpen, text) {
  $("send").disabled = $("relay").disabled = !isOpen;
  $("status").textContent = text;
}
