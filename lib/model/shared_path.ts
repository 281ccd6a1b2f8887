/** A path that several services share: each message names its service. */
export interface SharedPath {
  path: string;
  /**
   * Reads a message.
   *
   * @returns Key of the service that the message is for, or the reply to a message that is for none.
   */
  address(message: string | Uint8Array): { key: string } | { reply: string };
  /** The reply to a client that may not talk to a service, or cannot at the moment. */
  refusal(
    code: "UNKNOWN_MODULE" | "FORBIDDEN" | "UNAVAILABLE",
    message: string | Uint8Array,
  ): string;
}
