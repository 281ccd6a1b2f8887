import { assertEquals, assertMatch } from "@std/assert";
import { DenoTransport } from "../../lib/host/gateway/deno_transport.ts";
import type { SocketEvents } from "../../lib/host/gateway/transport.ts";
import type { Connection } from "../../lib/host/hub/mod.ts";
import { frameOf, Raw } from "../helpers/raw.ts";

/** A server with nothing but the transport, and what its sockets reported. */
class Bare implements AsyncDisposable {
  readonly reported: unknown[] = [];
  readonly transport: DenoTransport;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  #wake: () => void = () => {};

  constructor(deadAfterSec: number, opened: (connection: Connection) => void = () => {}) {
    this.transport = new DenoTransport(deadAfterSec);
    const report = (...what: unknown[]) => {
      this.reported.push(what);
      this.#wake();
    };
    const events: SocketEvents = {
      oversized: () => {},
      opened: (connection) => (report("opened"), opened(connection)),
      message: (data) => report("message", data),
      closed: (code) => report("closed", code),
    };
    const options = { protocol: null, headers: new Headers(), maxMessageBytes: 0 };
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      (request) => this.transport.accept(request, options, events),
    );
  }

  async connect(): Promise<Raw> {
    const raw = await Raw.connect(this.#server.addr.port);
    assertMatch(await raw.handshake("/"), /^HTTP\/1\.1 101 /);
    return raw;
  }

  /** Waits for so many reports. */
  async reports(count: number): Promise<unknown[]> {
    while (this.reported.length < count) {
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    return this.reported;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

Deno.test("DenoTransport reports a peer that answers no ping as lost, once", async () => {
  await using bare = new Bare(1);
  using raw = await bare.connect();
  const ping = (await raw.frame())!;
  assertEquals([ping.opcode, ping.payload.length], [9, 0]);
  assertEquals(await bare.reports(2), [["opened"], ["closed", 1006]]);
  await raw.ends();
  // Deno fires its close event twice here: the second would have come by now.
  assertEquals(await bare.transport.allClosed(5000), true);
  assertEquals(bare.reported.length, 2);
});

Deno.test("DenoTransport reports a peer that answers its pings as alive", async () => {
  await using bare = new Bare(1);
  using raw = await bare.connect();
  for (let pings = 0; pings < 4; pings++) {
    assertEquals((await raw.frame())!.opcode, 9);
    await raw.write(frameOf(10));
  }
  await raw.write(frameOf(8, new Uint8Array([15, 160])));
  assertEquals(await bare.reports(2), [["opened"], ["closed", 4000]]);
  await raw.ends();
});

Deno.test("DenoTransport keeps the code of the side that closes first, and reports nothing afterwards", async () => {
  await using bare = new Bare(30, (connection) => {
    connection.send("first");
    connection.close(4001, "enough");
    connection.send("never");
    connection.close(4002, "again");
  });
  using raw = await bare.connect();
  assertEquals((await raw.frame())!.opcode, 1);
  const close = await raw.frame();
  assertEquals([close!.opcode, [...close!.payload.subarray(0, 2)]], [8, [15, 161]]);
  await raw.write(frameOf(8, close!.payload));
  assertEquals(await bare.reports(2), [["opened"], ["closed", 4001]]);
  await raw.ends();
});
