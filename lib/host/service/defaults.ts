import { WAITS } from "../../base/waits.ts";
import type { Manifest } from "./manifest.ts";
import type { Settings } from "./settings.ts";

/** Manifest fields that a service does not set. The schema and docs/manifest.md are tested against this table. */
export const DEFAULT_MANIFEST = {
  trusted: false,
  memoryMb: 128,
  eventTimeoutMs: WAITS.eventMs,
  maxMessageBytes: 65_536,
  idleTimeoutSec: 300,
  sendBufferBytes: 1_048_576,
  maxSessions: 10_000,
} as const satisfies Manifest;

/** Settings that nothing sets. The schema and docs/manifest.md are tested against this table. */
export const DEFAULT_SETTINGS: Settings = {
  app: "app",
  config: {},
  hostname: "127.0.0.1",
  port: 8080,
  auth: {},
  limits: {
    sessions: 100_000,
    sessionsPerUser: 100,
    sessionsPerAddress: 1000,
    handshakesPerSecPerAddress: 100,
    wrongCredentialsPerMinPerAddress: 30,
    messagesPerSec: 0,
    bytesPerSec: 0,
    overRate: "close",
    groupsPerSession: 1000,
    headerBytes: 16384,
    bodyBytes: 1048576,
    requestTimeoutMs: 10000,
  },
  trustProxy: [],
  origins: [],
  transport: "deno",
  compression: false,
  slowClient: "close",
  pingIntervalSec: 30,
  metrics: "local",
  tls: null,
  drain: { deadlineSec: 30, spreadSec: 5 },
};
