import { plural } from "../../../base/plural.ts";
import { printable } from "../../../base/printable.ts";
import { type Closed, type Conversation, describeClose } from "../../client/mod.ts";

/** The summary of a connection, in lines that fit a narrow terminal. */
export function summary({ sent, received, connectedMs }: Conversation, closed: Closed): string {
  const time = connectedMs < 1000
    ? `${Math.round(connectedMs)} ms`
    : `${(connectedMs / 1000).toFixed(1)} s`;
  return [
    `Closed     ${printable(describeClose(closed.code, closed.reason))}`,
    `Connected  ${time}`,
    `Sent       ${plural(sent.messages, "message")}, ${plural(sent.bytes, "byte")}`,
    `Received   ${plural(received.messages, "message")}, ${plural(received.bytes, "byte")}`,
  ].join("\n");
}
