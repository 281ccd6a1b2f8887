// The rooms' page: a column for each room, each with a socket of its own. The address says which are open.

const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 10_000;

/** @type {(id: string) => any} */
const $ = (id) => document.getElementById(id);
const rooms = new Map();
let myName = sessionStorage.getItem("name") ?? "";

/** One room: its column, and its socket, opened anew when it breaks. */
class Room {
  #socket = null;
  #retryMs = FIRST_RETRY_MS;
  #retryTimer = 0;
  #isLeft = false;

  constructor(name) {
    this.name = name;
    this.column = $("template").content.firstElementChild.cloneNode(true);
    this.log = this.#find(".log");
    this.input = this.#find(".compose input");
    const title = this.#find("h2");
    title.textContent = name;
    this.column.setAttribute("aria-label", `Room ${name}`);
    this.log.setAttribute("aria-label", `Messages in ${name}`);
    this.input.setAttribute("aria-label", `Message to ${name}`);
    this.#find(".people").setAttribute("aria-label", `Who is in ${name}`);
    this.#find(".leave").setAttribute("aria-label", `Leave ${name}`);
    this.#find(".leave").addEventListener("click", () => leave(this));
    this.#find(".compose").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send();
    });
    $("rooms").append(this.column);
    this.connect();
  }

  connect() {
    clearTimeout(this.#retryTimer);
    this.#retryTimer = 0;
    const url = new URL(`/rooms/${encodeURIComponent(this.name)}`, location.href);
    url.protocol = url.protocol.replace("http", "ws");
    url.search = new URLSearchParams({ name: myName }).toString();
    this.#socket = new WebSocket(url);
    this.#socket.onopen = () => {
      this.#retryMs = FIRST_RETRY_MS;
      this.#show("", true);
    };
    this.#socket.onmessage = ({ data }) => this.#receive(JSON.parse(data));
    this.#socket.onclose = ({ code }) => {
      if (this.#isLeft || code === 1000) return;
      this.#show("Connection lost. Reconnecting…", false);
      this.#retryTimer = setTimeout(() => this.connect(), this.#retryMs);
      // Spread out, so that a server that comes back is not met by everybody at once.
      this.#retryMs = Math.min(this.#retryMs * (1.5 + Math.random()), LONGEST_RETRY_MS);
    };
  }

  retryNow() {
    if (this.#retryTimer !== 0) this.connect();
  }

  leave() {
    this.#isLeft = true;
    clearTimeout(this.#retryTimer);
    this.#socket?.close();
    this.column.remove();
  }

  #find(selector) {
    return this.column.querySelector(selector);
  }

  #send() {
    const text = this.input.value.trim();
    if (text === "" || this.#socket?.readyState !== WebSocket.OPEN) return;
    this.#socket.send(text);
    this.input.value = "";
  }

  #show(status, isOnline) {
    this.column.classList.toggle("online", isOnline);
    this.input.disabled = this.#find(".compose button").disabled = !isOnline;
    this.#find(".status").textContent = status;
    if (!isOnline) this.#find(".count").textContent = "Not connected";
  }

  #receive(news) {
    if (news.type === "said") this.#said(news);
    else if (news.type === "here") this.#present(news.people);
    else if (news.type === "refused") this.#show(news.text, false);
  }

  #present(people) {
    this.#find(".count").textContent = people.length === 1
      ? "1 person here"
      : `${people.length} people here`;
    this.#find(".people").replaceChildren(...people.map((name) => element("li", "", name)));
  }

  #said({ from, text, at }) {
    const item = element("li", from === myName ? "said mine" : "said");
    const time = element("time", "", new Date(at).toLocaleTimeString([], { timeStyle: "short" }));
    time.dateTime = new Date(at).toISOString();
    const who = element("div", "who");
    who.append(element("b", "", from), time);
    item.append(who, text);
    const { log } = this;
    const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 80;
    log.append(item);
    if (atEnd || from === myName) log.scrollTop = log.scrollHeight;
  }
}

$("open").addEventListener("submit", (event) => {
  event.preventDefault();
  enter($("room").value.trim());
  $("room").value = "";
});

$("join").addEventListener("close", () => {
  myName = $("name").value.replace(/\s+/g, " ").trim();
  sessionStorage.setItem("name", myName);
  enterAll();
});
// A name is required: Escape does not close the question.
$("join").addEventListener("cancel", (event) => event.preventDefault());

addEventListener("online", retryNow);
document.addEventListener("visibilitychange", () => document.hidden || retryNow());
document.addEventListener("click", (event) => {
  for (const presence of document.querySelectorAll(".presence[open]")) {
    const target = /** @type {Node} */ (event.target);
    if (!presence.contains(target)) presence.removeAttribute("open");
  }
});

if (myName === "") $("join").showModal();
else enterAll();

function enterAll() {
  const named = location.hash.slice(1).split(",").map(decode).filter((name) => name !== "");
  for (const name of named.length > 0 ? named : ["lobby"]) enter(name);
}

function enter(name) {
  if (name === "") return;
  const room = rooms.get(name) ?? new Room(name);
  rooms.set(name, room);
  remember();
  room.column.scrollIntoView({ inline: "nearest", block: "nearest" });
}

function leave(room) {
  room.leave();
  rooms.delete(room.name);
  remember();
  $("room").focus();
}

function remember() {
  const hash = [...rooms.keys()].map(encodeURIComponent).join(",");
  history.replaceState(null, "", `#${hash}`);
}

function retryNow() {
  for (const room of rooms.values()) room.retryNow();
}

function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}

function element(name, className, text = "") {
  const result = document.createElement(name);
  result.className = className;
  result.textContent = text;
  return result;
}
