import { frameOf, Raw } from "../helpers/raw.ts";

/** How an HTTP request was answered. */
export interface Answer {
  status: number;
  head: string;
  body: string;
}

/** Where a site is, and how to trust it. */
export interface Place {
  /** Name in the certificate, in `Host` and in `Origin`. */
  name: string;
  /** Address that the proxy listens on. */
  address: string;
  port: number;
  /** PEM of the authority. */
  authority: string;
}

/** Somebody on the internet: speaks TLS to a proxy, and sends whatever headers it likes. */
export class Visitor implements Disposable {
  private constructor(private readonly raw: Raw) {}

  static async #connect({ name, address, port, authority }: Place): Promise<Raw> {
    const connection = await Deno.connect({ hostname: address, port });
    return Raw.over(await Deno.startTls(connection, { hostname: name, caCerts: [authority] }));
  }

  /** Sends a request; its target goes out as it is. */
  static async ask(
    place: Place,
    target: string,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    using raw = await Visitor.#connect(place);
    const all = { Host: place.name, Connection: "close", ...headers };
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`).join("");
    await raw.write(`GET ${target} HTTP/1.1\r\n${lines}\r\n`);
    const head = await raw.head();
    return { status: statusOf(head), head, body: await raw.rest() };
  }

  /** Asks for a websocket and hangs up; how it was answered. */
  static async knock(
    place: Place,
    path: string,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    using raw = await Visitor.#connect(place);
    const head = await raw.handshake(path, { Host: place.name, ...headers });
    return { status: statusOf(head), head, body: "" };
  }

  /** Opens a websocket, as a page of the site would. */
  static async enter(
    place: Place,
    path: string,
    headers: Record<string, string> = {},
  ): Promise<Visitor> {
    const raw = await Visitor.#connect(place);
    const origin = `https://${place.name}`;
    const head = await raw.handshake(path, { Host: place.name, Origin: origin, ...headers });
    if (statusOf(head) !== 101) {
      raw[Symbol.dispose]();
      throw new Error(`No websocket at ${path}: ${head}`);
    }
    return new Visitor(raw);
  }

  send(message: string | Uint8Array): Promise<void> {
    return this.raw.write(frameOf(typeof message === "string" ? 1 : 2, message));
  }

  close(code: number): Promise<void> {
    return this.raw.write(frameOf(8, new Uint8Array([code >> 8, code & 255])));
  }

  /** The next frame; pings are answered first. Null: the connection has ended without a goodbye. */
  async frame(): Promise<{ opcode: number; payload: Uint8Array } | null> {
    const frame = await this.raw.frame();
    if (frame?.opcode === 9) await this.raw.write(frameOf(10, frame.payload));
    return frame;
  }

  /** The next text, or bytes; or the code and the reason of the end. */
  async next(): Promise<string | Uint8Array> {
    while (true) {
      const frame = await this.frame();
      if (frame === null) return "1006";
      const text = () => new TextDecoder().decode(frame.payload);
      if (frame.opcode === 1) return text();
      if (frame.opcode === 2) return frame.payload;
      if (frame.opcode === 8) {
        const code = frame.payload[0]! << 8 | frame.payload[1]!;
        return `${code} ${text().slice(2)}`.trim();
      }
    }
  }

  /** Vanishes without a word. */
  [Symbol.dispose](): void {
    this.raw[Symbol.dispose]();
  }
}

function statusOf(head: string): number {
  return Number(/^HTTP\/1\.1 (\d+)/.exec(head)?.[1]);
}
