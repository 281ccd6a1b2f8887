import { addToGroup, sendToGroup } from "/lib/xp/websocket";

export const get = () => ({ webSocket: {} });

export function webSocketEvent(event) {
  if (event.type === "open") addToGroup("all", event.session.id);
  if (event.type === "message") sendToGroup("all", event.message);
}
