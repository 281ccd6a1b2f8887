/** A frame of the server. */
export interface Frame {
  opcode: number;
  /** Whether its first reserved bit says so (RFC 7692). */
  isCompressed: boolean;
  payload: Uint8Array<ArrayBuffer>;
}

/** Bytes that there is room for before each read, at the least. */
const LEAST_ROOM = 4096;

/** A TCP connection that speaks HTTP and websocket by hand, for what no client library would send. */
export class Raw implements Disposable {
  /** Received bytes that were not taken yet are in the middle of it. */
  #bytes = new Uint8Array(LEAST_ROOM);
  #start = 0;
  #end = 0;

  private constructor(readonly connection: Deno.TcpConn | Deno.TlsConn) {}

  /** Speaks over a connection that is there already. */
  static over(connection: Deno.TcpConn | Deno.TlsConn): Raw {
    return new Raw(connection);
  }

  static async connect(port: number): Promise<Raw> {
    return new Raw(await Deno.connect({ hostname: "127.0.0.1", port }));
  }

  /** Sends a handshake; headers that are null are left out. */
  async handshake(
    path: string,
    headers: Record<string, string | null> = {},
    method = "GET",
  ): Promise<string> {
    const all: Record<string, string | null> = {
      "Host": "127.0.0.1",
      "Upgrade": "websocket",
      "Connection": "Upgrade",
      "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
      "Sec-WebSocket-Version": "13",
      ...headers,
    };
    const lines = Object.entries(all).filter(([, value]) => value !== null)
      .map(([name, value]) => `${name}: ${value}`);
    await this.write(`${method} ${path} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`);
    return await this.head();
  }

  async write(data: string | Uint8Array): Promise<void> {
    let bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
    while (bytes.length > 0) bytes = bytes.subarray(await this.connection.write(bytes));
  }

  /** The head of the response. */
  async head(): Promise<string> {
    while (true) {
      const text = new TextDecoder("latin1").decode(this.#buffer);
      const end = text.indexOf("\r\n\r\n");
      if (end >= 0) {
        this.#start += end + 4;
        return text.slice(0, end);
      }
      if (!await this.#more()) return text;
    }
  }

  /** The next frame of the server; null: the connection has ended. */
  async frame(): Promise<Frame | null> {
    const need = async (count: number) => {
      while (this.#end - this.#start < count) if (!await this.#more()) return false;
      return true;
    };
    if (!await need(2)) return null;
    let length = this.#buffer[1]! & 127;
    let head = 2;
    if (length === 126) {
      if (!await need(4)) return null;
      length = this.#buffer[2]! << 8 | this.#buffer[3]!;
      head = 4;
    }
    if (!await need(head + length)) return null;
    const frame = {
      opcode: this.#buffer[0]! & 15,
      isCompressed: (this.#buffer[0]! & 0x40) !== 0,
      payload: this.#buffer.slice(head, head + length),
    };
    this.#start += head + length;
    return frame;
  }

  /** Whether the server ends the connection; what it still sends is dropped. */
  async ends(): Promise<boolean> {
    const chunk = new Uint8Array(65536);
    while (await this.connection.read(chunk).catch(() => null) !== null);
    return true;
  }

  /** All further bytes until the server ends the connection. */
  async rest(): Promise<string> {
    while (await this.#more());
    return new TextDecoder().decode(this.#buffer);
  }

  get #buffer(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(this.#start, this.#end);
  }

  async #more(): Promise<boolean> {
    if (this.#bytes.length - this.#end < LEAST_ROOM) {
      const kept = this.#buffer;
      // In its place, unless it takes up most of it.
      const isFull = 2 * kept.length > this.#bytes.length - LEAST_ROOM;
      if (isFull) this.#bytes = new Uint8Array(2 * this.#bytes.length);
      this.#bytes.set(kept);
      [this.#start, this.#end] = [0, kept.length];
    }
    const count = await this.connection.read(this.#bytes.subarray(this.#end)).catch(() => null);
    if (count === null) return false;
    this.#end += count;
    return true;
  }

  /** Closes the connection, if it is still there. */
  [Symbol.dispose](): void {
    try {
      this.connection.close();
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource)) throw error;
    }
  }
}

/** A client's frame, masked with zeros; longer than 125 bytes with an extended length. */
export function frameOf(opcode: number, payload: string | Uint8Array = "", fin = true): Uint8Array {
  const bytes = typeof payload === "string" ? new TextEncoder().encode(payload) : payload;
  const extended = bytes.length > 65535 ? 8 : bytes.length > 125 ? 2 : 0;
  const frame = new Uint8Array(2 + extended + 4 + bytes.length);
  frame[0] = (fin ? 0x80 : 0) | opcode;
  frame[1] = 0x80 | (extended === 8 ? 127 : extended === 2 ? 126 : bytes.length);
  const view = new DataView(frame.buffer);
  if (extended === 2) view.setUint16(2, bytes.length);
  if (extended === 8) view.setBigUint64(2, BigInt(bytes.length));
  frame.set(bytes, 6 + extended);
  return frame;
}
