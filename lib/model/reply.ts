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

/** The acceptance of an upgrade request. */
export interface Acceptance {
  /** The session's data, as JSON. */
  data: string;
  /** The session's parameters, as JSON. */
  params: string;
  /** Data that the system needs again at each event; no other service sees it. */
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
