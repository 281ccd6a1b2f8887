// The client of the landing page. It runs in the browser; a received text is never markup.
"use strict";
const MAX_FRAMES = 500;
const MAX_CHARACTERS = 10_000;
const MAX_BYTES = 2_000;
const CLOSE_NAMES = {
  1000: "normal closure",
  1001: "going away",
  1002: "protocol error",
  1003: "unsupported data",
  1005: "no code was sent",
  1006: "connection lost or refused",
  1007: "not UTF-8",
  1008: "policy violation",
  1009: "message too big",
  1010: "extension missing",
  1011: "internal error",
  1012: "service restart",
  1013: "try again later",
  1014: "bad gateway",
  1015: "TLS failed",
  3000: "unauthorized",
  3003: "forbidden",
  3008: "slow consumer",
};
/** @type {(id: string) => any} */
const byId = (id) => document.getElementById(id);
const [service, url, connect, state, problem] = ["service", "url", "connect", "state", "problem"]
  .map(byId);
const [frames, compose, message, clear] = ["frames", "compose", "message", "clear"].map(byId);
let socket = null;
let count = 0;
let queue = [];

function chosen() {
  return service.selectedOptions[0];
}

function choose() {
  const option = chosen();
  if (option === undefined) return;
  url.value = option.value;
  say(option.dataset.note ?? "");
}

/** Names of the chosen path's parameters that are still to be filled in. */
function unfilled() {
  const names = (chosen()?.dataset.params ?? "").split(" ").filter((name) => name !== "");
  return names.filter((name) => url.value.split("?")[0].includes(name));
}

function say(text) {
  problem.textContent = text;
}

function showState(text, kind) {
  state.textContent = text;
  state.className = kind;
  connect.querySelector("button").textContent = kind === "on"
    ? "Disconnect"
    : kind === "wait"
    ? "Cancel"
    : "Connect";
}

function target() {
  const [missing] = unfilled();
  if (missing !== undefined) {
    const at = url.value.indexOf(missing);
    url.focus();
    url.setSelectionRange(at, at + missing.length);
    say("Put a value in place of " + missing);
    return null;
  }
  const parsed = URL.parse(url.value.trim(), location.href);
  if (parsed === null || url.value.trim() === "") {
    say("Expected a path such as /services/chat");
    return null;
  }
  if (parsed.host !== location.host) {
    say(
      "Expected a path or a URL of " + location.host + ", got one of " +
        (parsed.host || parsed.protocol),
    );
    return null;
  }
  return location.protocol.replace("http", "ws") + "//" + parsed.host + parsed.pathname +
    parsed.search;
}

function open(address) {
  const opened = socket = new WebSocket(address);
  opened.binaryType = "arraybuffer";
  let wasOpen = false;
  const path = address.slice(address.indexOf("/", 6));
  showState("Connecting …", "wait");
  opened.onopen = () => {
    wasOpen = true;
    note("Connected to " + path);
    if (socket === opened) showState("Connected", "on");
    message.focus();
  };
  opened.onmessage = ({ data }) => show("in", data);
  opened.onclose = ({ code, reason }) => {
    const name = CLOSE_NAMES[code] ?? (code >= 4000 ? "the application's own" : "unknown");
    const text = wasOpen
      ? "Closed with " + code + " (" + name + ")" + (reason === "" ? "" : ": " + reason)
      : "No websocket at " + path + ": the log of the command says why";
    note(text);
    if (socket !== opened) return;
    socket = null;
    showState(wasOpen ? "Closed with " + code : "Refused", "off");
    if (!wasOpen) say(chosen()?.dataset.note ?? "");
  };
}

function bytesOf(text) {
  const digits = text.replace(/0x|[\s:,]/gi, "");
  const wrong = /[^0-9a-f]+/i.exec(digits);
  if (wrong !== null || digits.length % 2 > 0) {
    const got = wrong === null ? digits.length + " digits" : JSON.stringify(wrong[0]);
    throw new Error('Expected pairs of hex digits such as "48 69", got ' + got);
  }
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

function send() {
  if (socket?.readyState !== WebSocket.OPEN) {
    say("Connect first");
    return;
  }
  try {
    const data = compose.elements.as.value === "bytes" ? bytesOf(message.value) : message.value;
    socket.send(data);
    show("out", data);
    message.value = "";
    say("");
  } catch (error) {
    say(error.message);
  }
}

function note(text) {
  add({ kind: "note", text });
}

function show(kind, data) {
  if (typeof data === "string") {
    const size = new TextEncoder().encode(data).length;
    add({ kind, size, text: cut(data, MAX_CHARACTERS, data.slice(0, MAX_CHARACTERS)) });
  } else {
    const bytes = new Uint8Array(data);
    const pairs = Array.from(
      bytes.subarray(0, MAX_BYTES),
      (byte) => byte.toString(16).padStart(2, "0"),
    );
    add({ kind, size: bytes.length, text: cut(bytes, MAX_BYTES, pairs.join(" ")), isBytes: true });
  }
}

function cut(whole, most, shown) {
  return whole.length > most ? shown + " … " + (whole.length - most) + " more" : shown;
}

/** Frames are shown once a screen: a flood of them must not hold up the page. */
function add(frame) {
  if (queue.length === 0) requestAnimationFrame(flush);
  queue.push({ ...frame, at: new Date() });
  count++;
  if (queue.length > 2 * MAX_FRAMES) queue = queue.slice(-MAX_FRAMES);
}

function flush() {
  const isAtEnd = frames.scrollHeight - frames.scrollTop - frames.clientHeight < 40;
  frames.append(...queue.slice(-MAX_FRAMES).map(row));
  queue = [];
  while (frames.childElementCount > MAX_FRAMES) frames.firstElementChild.remove();
  byId("count").textContent = count > MAX_FRAMES ? "The last " + MAX_FRAMES + " of " + count : "";
  if (isAtEnd) frames.scrollTop = frames.scrollHeight;
}

function row({ kind, size, text, isBytes, at }) {
  const element = part("div", "frame " + kind, "");
  const pad = (number, length) => String(number).padStart(length, "0");
  const time = [at.getHours(), at.getMinutes(), at.getSeconds()].map((one) => pad(one, 2)).join(
    ":",
  );
  element.append(part("time", "", time + "." + pad(at.getMilliseconds(), 3)));
  if (kind !== "note") {
    const arrow = part("span", "arrow", kind === "in" ? "←" : "→");
    arrow.setAttribute("role", "img");
    arrow.setAttribute("aria-label", kind === "in" ? "received" : "sent");
    element.append(arrow, part("span", "size", size + " B"));
  }
  element.append(part("bdi", isBytes ? "bytes" : "", text === "" ? "(empty)" : text));
  return element;
}

function part(tag, className, text) {
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = text;
  return element;
}

service.addEventListener("change", choose);
connect.addEventListener("submit", (event) => {
  event.preventDefault();
  if (socket !== null) {
    socket.close(1000);
    return;
  }
  say("");
  const address = target();
  if (address !== null) open(address);
});
compose.addEventListener("submit", (event) => {
  event.preventDefault();
  send();
});
message.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  send();
});
clear.addEventListener("click", () => {
  queue = [];
  count = 0;
  frames.replaceChildren();
  byId("count").textContent = "";
});
choose();
