import type { SessionLimits } from "../../lib/host/hub/mod.ts";

/** Limits of a session that has none. */
export const NO_LIMITS: SessionLimits = {
  maxMessageBytes: 0,
  idleTimeoutMs: 0,
  sendBufferBytes: 0,
  messagesPerSec: 0,
  bytesPerSec: 0,
  dropsOverRate: false,
  dropsWhenSlow: false,
  closeTimeoutMs: 60_000,
};
