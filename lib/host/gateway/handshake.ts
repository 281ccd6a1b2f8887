/** Why an upgrade request is refused. */
export interface HandshakeProblem {
  status: number;
  message: string;
  headers?: Record<string, string>;
}

/** Whether the client asks for a websocket, well or badly. */
export function wantsWebSocket(headers: Headers): boolean {
  return listed(headers.get("upgrade"), "websocket");
}

/** The problem with an upgrade request (RFC 6455, section 4.2.1); null: none. */
export function handshakeProblem(request: Request): HandshakeProblem | null {
  const { headers, method } = request;
  if (method !== "GET") {
    return {
      status: 405,
      message: `A websocket handshake is a GET request, got ${method}`,
      headers: { allow: "GET" },
    };
  }
  if (!headers.get("host")) {
    return { status: 400, message: "A websocket handshake needs the header Host" };
  }
  if (!listed(headers.get("connection"), "upgrade")) {
    return { status: 400, message: 'A websocket handshake needs the header "Connection: Upgrade"' };
  }
  const version = headers.get("sec-websocket-version");
  if (version !== "13") {
    return {
      status: 426,
      message: `This server speaks websocket version 13, got ${version ?? "none"}`,
      headers: { "sec-websocket-version": "13" },
    };
  }
  if (!/^[A-Za-z0-9+/]{21}[AQgw]==$/.test(headers.get("sec-websocket-key")?.trim() ?? "")) {
    return { status: 400, message: "Sec-WebSocket-Key must be 16 bytes in Base64" };
  }
  return null;
}

/**
 * The first protocol that the client asked for, in its order, and the service speaks. The pair `bearer, <token>`
 * asks for none; but where nothing else is asked for, `bearer` is the answer, for browsers want one: the token
 * never is.
 */
export function chooseProtocol(headers: Headers, spoken: readonly string[]): string | null {
  const wanted = (headers.get("sec-websocket-protocol") ?? "").split(",").map((name) =>
    name.trim()
  );
  const bearer = wanted.indexOf("bearer");
  const others = bearer < 0 ? wanted : wanted.toSpliced(bearer, 2);
  const chosen = others.find((name) => name !== "" && spoken.includes(name));
  return chosen ?? (bearer >= 0 && others.length === 0 ? "bearer" : null);
}

function listed(header: string | null, token: string): boolean {
  return (header ?? "").split(",").some((item) => item.trim().toLowerCase() === token);
}
