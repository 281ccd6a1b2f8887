import { printable } from "../../printable.ts";
import { type Closed, type Conversation, describeClose } from "../../client/mod.ts";

/** What has gone over a connection, in lines that fit a narrow terminal. */
export function summary({ sent, received, connectedMs }: Conversation, closed: Closed): string {
  const time = connectedMs < 1000
    ? `${Math.round(connectedMs)} ms`
    : `${(connectedMs / 1000).toFixed(1)} s`;
  return [
    `Closed     ${printable(describeClose(closed.code, closed.reason))}`,
    `Connected  ${time}`,
    `Sent       ${counted(sent.messages, "message")}, ${counted(sent.bytes, "byte")}`,
    `Received   ${counted(received.messages, "message")}, ${counted(received.bytes, "byte")}`,
  ].join("\n");
}

/** A number and its noun: `1 message`, `2 messages`. */
export function counted(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
