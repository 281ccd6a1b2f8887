import type { Manifest } from "./manifest.ts";

/** How JSON Web Tokens are checked; one of the four sources of keys must be given. */
export interface JwtSettings {
  /** Those that count, and no others. */
  algorithms: ("HS256" | "RS256" | "ES256" | "EdDSA")[];
  /** Environment variable with the secret, for HS256. */
  secretEnv?: string;
  /** File with the secret, for HS256. */
  secretFile?: string;
  /** PEM file with the public key, for the others. */
  publicKeyFile?: string;
  /** URL of the public keys. */
  jwksUrl?: string;
  /** The required `iss`. */
  issuer?: string;
  /** The required `aud`, or one of its entries. */
  audience?: string;
  /** How far clocks may differ, s. Default: 5. */
  clockSkewSec?: number;
  /** Refuses tokens without `exp`. Default: false. */
  requireExpiry?: boolean;
  /** Closes a session with 1008 when its token expires. Default: true. */
  closeOnExpiry?: boolean;
  /** Cookie that may hold the token. */
  cookie?: string | null;
  /** Query parameter that may hold the token. */
  queryParam?: string | null;
  /** Claim with the roles, or the path to it. Default: `roles`. */
  rolesClaim?: string;
}

/** How users authenticate. */
export interface AuthSettings {
  /** JSON Web Tokens. */
  jwt?: JwtSettings;
  /** Names and passwords, in a file. */
  basic?: { file: string };
  /** Module that exports `authenticate(request)`. */
  module?: string;
  /** Permissions of the module, as in a manifest. */
  permissions?: NonNullable<Manifest["permissions"]>;
}

/** What to do about a client that does not keep up, or sends too fast. */
export type OverLimit = "close" | "drop";

/** Settings of a server. */
export interface Settings {
  /** Name of the application in its URLs. */
  app: string;
  /** The value of `app.config` in controllers. */
  config: Record<string, unknown>;
  /** Address to listen on. */
  hostname: string;
  /** 0: any free one. */
  port: number;
  /** How users authenticate; empty: not at all. */
  auth: AuthSettings;
  /** Limits of requests and sessions; 0: no limit. */
  limits: {
    /** Sessions at a time. */
    sessions: number;
    /** Sessions of a user at a time. */
    sessionsPerUser: number;
    /** Sessions of an address at a time. */
    sessionsPerAddress: number;
    /** Handshakes of an address a second. */
    handshakesPerSecPerAddress: number;
    /** Wrong credentials of an address a minute. */
    wrongCredentialsPerMinPerAddress: number;
    /** Messages of a session a second. */
    messagesPerSec: number;
    /** Bytes of a session a second. */
    bytesPerSec: number;
    /** What to do when a client exceeds its rate. */
    overRate: OverLimit;
    /** Groups that a session may be in. */
    groupsPerSession: number;
    /** Headers of a request, bytes. */
    headerBytes: number;
    /** Largest request body, bytes; 0: no limit. */
    bodyBytes: number;
    /** How long a controller may take to answer a request, ms; 0: no limit. */
    requestTimeoutMs: number;
  };
  /** Addresses of proxies whose `X-Forwarded-*` headers count, and ranges such as `10.0.0.0/8`. */
  trustProxy: string[];
  /** Origins that may connect beside the server's own, for services that list none. */
  origins: string[];
  /** How sockets are served: by Deno itself, or by npm `ws` on `node:http`. */
  transport: "deno" | "ws";
  /** Whether messages are compressed for clients that offer it (RFC 7692); takes the transport `ws`. */
  compression: boolean;
  /** What to do when a client does not keep up. */
  slowClient: OverLimit;
  /** Seconds between pings; a client that answers neither of two is dead; 0: never. */
  pingIntervalSec: number;
  /** Access to `/metrics`: from programs on the same machine, from everywhere, or off. */
  metrics: "local" | "all" | "off";
  /** Files with certificate and key; null: no TLS. */
  tls: { cert: string; key: string } | null;
  /** How the server stops. */
  drain: {
    /** How long a stopping server waits for its controllers, seconds. */
    deadlineSec: number;
    /** Time that the closing of many sockets is spread over, s. */
    spreadSec: number;
  };
}

/** Any of the settings. */
export type PartialSettings = {
  [K in keyof Settings]?: Settings[K] extends unknown[] | string | number | boolean ? Settings[K]
    : Partial<Settings[K]>;
};
