// Hands on what somebody says to the room that they are in.
import type { Context, TriggerEvent } from "/lib/lolo/types";
import { nameOf } from "./name.ts";

export function handler(ev: TriggerEvent, ctx: Context) {
  const { params, message } = ev;
  const text = typeof message === "string" ? message.trim() : "";
  if (text === "") return;
  const said = text.slice(0, ctx.params.longestText as number);
  ctx.route({ params, body: { type: "said", from: nameOf(ev), text: said, at: Date.now() } });
}
