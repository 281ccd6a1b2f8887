/** A message to send: text, or bytes as a binary message. */
export type Message = string | Uint8Array | ArrayBuffer;

/** How to send to a group. */
export interface GroupSendOptions {
  /** Ids of members that do not receive the message. */
  except?: string | readonly string[];
}
