/** A cookie to set. */
export interface NeutralCookie {
  name: string;
  value: string;
  path?: string;
  domain?: string;
  /** Seconds. */
  maxAge?: number;
  httpOnly?: boolean;
  secure?: boolean;
  sameSite?: "Strict" | "Lax" | "None";
}

/** What makes an upgrade request a websocket. */
export interface Acceptance {
  /** The session's data, as JSON. */
  data: string;
  /** The session's parameters, as JSON. */
  params: string;
  /** What the system wants to know again at each event; nobody else gets to see it. */
  memo: string;
  /** Sub-protocols that the service speaks. */
  protocols: string[];
  /** The controller's own verdict on the `Origin`; null: it has none. */
  origin: boolean | null;
}

/** A reply, free of any system's calling convention. */
export interface NeutralReply {
  status: number;
  headers: [string, string][];
  cookies: NeutralCookie[];
  body: string | Uint8Array | null;
  accept: Acceptance | null;
}
