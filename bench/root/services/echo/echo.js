import { send } from "/lib/xp/websocket";

export const get = () => ({ webSocket: {} });

export function webSocketEvent(event) {
  if (event.type === "message") send(event.session.id, event.message);
}
