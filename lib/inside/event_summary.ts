import { Event } from "../wire/mod.ts";
import type { SessionEvent } from "./endpoint.ts";

/** Characters of a text message that are shown. */
const SHOWN_CHARACTERS = 120;
/** Bytes of a binary one. */
const SHOWN_BYTES = 24;

// Held on to before a controller can put something else in their place.
const { call } = Function.prototype;
const encode = TextEncoder.prototype.encode.bind(new TextEncoder());
const slice = call.bind(String.prototype.slice) as (
  text: string,
  from: number,
  to: number,
) => string;
const subarray = call.bind(Uint8Array.prototype.subarray) as (
  bytes: Uint8Array,
  from: number,
  to: number,
) => Uint8Array;
const toHex = call.bind(Uint8Array.prototype.toHex) as (bytes: Uint8Array) => string;

/** The fields of `Op.BEGUN`, less the handle. */
export function described(event: SessionEvent, bodies: boolean): [number, number, string] {
  switch (event.type) {
    case "message": {
      const { message } = event;
      const size = typeof message === "string" ? encode(message).length : message.length;
      return [Event.MESSAGE, size, bodies ? beginning(message) : ""];
    }
    case "close":
      return [Event.CLOSE, event.code, event.reason];
    case "error":
      return [Event.ERROR, 0, event.error];
    default:
      return [Event.OPEN, 0, ""];
  }
}

/** The beginning of a message; bytes as hexadecimal digits. */
function beginning(message: string | Uint8Array): string {
  const most = typeof message === "string" ? SHOWN_CHARACTERS : SHOWN_BYTES;
  const more = message.length > most ? "…" : "";
  return (typeof message === "string"
    ? slice(message, 0, most)
    : toHex(subarray(message, 0, most))) + more;
}
