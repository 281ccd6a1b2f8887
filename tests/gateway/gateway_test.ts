import { Quotas } from "../../lib/host/gateway/quotas.ts";
import { URLS } from "../../lib/host/service/systems.ts";
import { assertEquals } from "@std/assert";
import { Gateway, type GatewayService } from "../../lib/host/gateway/mod.ts";
import type { SocketEvents, Transport } from "../../lib/host/gateway/transport.ts";
import { type Connection, Hub, type SessionOwner } from "../../lib/host/hub/mod.ts";
import type { NeutralReply } from "../../lib/model/mod.ts";
import { NO_LIMITS } from "../helpers/no_limits.ts";

/** Accepts requests, and opens their sockets when the test says so. */
class SlowTransport implements Transport {
  readonly name = "slow";
  readonly accepted: SocketEvents[] = [];

  accept(_request: Request, _options: unknown, events: SocketEvents): Response {
    this.accepted.push(events);
    return new Response("accepted");
  }

  listen(): Promise<never> {
    return Promise.reject(new Error("not in this test"));
  }

  allClosed(): Promise<boolean> {
    return Promise.resolve(true);
  }
}

class Recorder implements Connection {
  readonly closes: number[] = [];

  send(): void {}

  buffered(): number {
    return 0;
  }

  close(code: number): void {
    this.closes.push(code);
  }
}

const ACCEPTED: NeutralReply = {
  status: 101,
  headers: [],
  cookies: [],
  body: null,
  accept: { data: "{}", params: "{}", memo: "", protocols: [], origin: null },
};

/** A gateway with one service, in which a websocket is accepted and not open yet. */
async function withAccepted(
  run: (parts: {
    gateway: Gateway;
    hub: Hub;
    open: () => Recorder;
  }) => void,
): Promise<void> {
  const hub = new Hub();
  try {
    const owner: SessionOwner = {
      name: "a",
      opened() {},
      received() {},
      failed() {},
      closed: (session) => hub.remove(session),
      forgotten: () => true,
      memberships: 0,
    };
    const service: GatewayService = {
      isUp: true,
      ownEndpoint: "xp",
      settled: Promise.resolve(),
      assets: null,
      allow: null,
      origins: undefined,
      sharedEndpoint: null,
      mounts: [],
      maxSessions: 0,
      sessions: 0,
      limits: { ...NO_LIMITS, closeTimeoutMs: 1000 },
      owner,
      request: () => Promise.resolve(ACCEPTED),
    };
    const transport = new SlowTransport();
    const gateway = new Gateway({
      hub,
      app: "app",
      bodyBytes: 0,
      requestTimeoutMs: 1000,
      trustProxy: [],
      origins: [],
      headerBytes: 0,
      quotas: new Quotas({
        sessions: 0,
        sessionsPerUser: 0,
        sessionsPerAddress: 0,
        handshakesPerSecPerAddress: 0,
        wrongCredentialsPerMinPerAddress: 0,
      }),
      refused() {},
      transport,
      services: new Map([["a", service]]),
      urls: URLS,
      shared: [],
      pages: {},
      log() {},
    });
    const request = new Request("http://127.0.0.1/services/a", {
      headers: {
        "host": "127.0.0.1",
        "upgrade": "websocket",
        "connection": "Upgrade",
        "sec-websocket-version": "13",
        "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
      },
    });
    assertEquals(await (await gateway.handle(request, { address: "" })).text(), "accepted");
    const open = () => {
      const connection = new Recorder();
      transport.accepted[0]!.opened(connection);
      return connection;
    };
    run({ gateway, hub, open });
  } finally {
    hub.stop();
  }
}

Deno.test("A websocket that opens while the server serves becomes a session", async () => {
  await withAccepted(({ hub, open }) => {
    assertEquals(open().closes, []);
    assertEquals(hub.stats().sessions, 1);
  });
});

Deno.test("A websocket that was accepted before the server stops, and opens after, is closed with 1001", async () => {
  await withAccepted(({ gateway, hub, open }) => {
    gateway.draining = true;
    hub.closeAll(1001, "server stopping");
    assertEquals(open().closes, [1001]);
    assertEquals(hub.stats().sessions, 0);
  });
});
