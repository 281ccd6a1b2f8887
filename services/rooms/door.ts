// Lets in who says who they are, and where they want to go.
import type { Context, TriggerEvent } from "/lib/lolo/types";
import { nameOf } from "./name.ts";

export function handler(ev: TriggerEvent, ctx: Context) {
  const { longestName, longestRoom } = ctx.params as Record<string, number>;
  const name = nameOf(ev);
  if (name === "" || name.length > longestName!) {
    return refuse(`Say who you are: ?name=…, at most ${longestName} characters`);
  }
  if (ev.params.room!.length > longestRoom!) {
    return refuse(`A room's name has at most ${longestRoom} characters`);
  }
  ctx.route(ev);

  function refuse(text: string) {
    ctx.emit("response", { body: { type: "refused", text }, end: true });
  }
}
