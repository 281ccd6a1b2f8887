// Tells a room who is in it, whenever somebody has come or gone.
import type { Context, TriggerEvent } from "/lib/lolo/types";
import { getGroupMembers, getSession } from "/lib/websocket";
import { nameOf } from "./name.ts";

export function handler(ev: TriggerEvent, ctx: Context) {
  const { params } = ev;
  // The manager keeps each room's connections in a group, so that a new version of this file finds them too.
  const room = `lolo:${ctx.appId}/manager?${new URLSearchParams(params)}`;
  const people = getGroupMembers(room).flatMap((id) => {
    const session = getSession(id);
    return session === null ? [] : [nameOf({ query: session.params })];
  });
  ctx.route({ params, body: { type: "here", people } });
}
