import { Raw } from "./raw.ts";

/** A websocket server for one client, whose every byte is written by hand. */
export class HandServer implements Disposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  #client: Raw | null = null;

  /** Where it listens. */
  get url(): string {
    return `ws://127.0.0.1:${(this.#listener.addr as Deno.NetAddr).port}/`;
  }

  /** Waits for the client and answers its request with this; returns the request. */
  async answer(response: string): Promise<string> {
    this.#client = Raw.over(await this.#listener.accept());
    const request = await this.#client.head();
    await this.#client.write(response);
    return request;
  }

  /** Waits for the client and makes it a websocket. */
  async accept(): Promise<void> {
    this.#client = Raw.over(await this.#listener.accept());
    const key = /^sec-websocket-key: (\S+)/mi.exec(await this.#client.head())![1];
    const hash = await crypto.subtle.digest(
      "SHA-1",
      new TextEncoder().encode(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`),
    );
    await this.#client.write(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
        `Sec-WebSocket-Accept: ${new Uint8Array(hash).toBase64()}\r\n\r\n`,
    );
  }

  /** Sends a frame of at most 125 bytes. */
  async frame(opcode: number, payload: string | number[] = ""): Promise<void> {
    const bytes = typeof payload === "string" ? new TextEncoder().encode(payload) : payload;
    await this.#client!.write(Uint8Array.of(0x80 | opcode, bytes.length, ...bytes));
  }

  /** Waits until the client ends the connection. */
  async ended(): Promise<void> {
    await this.#client!.ends();
  }

  /** Says goodbye, and ends its side of the connection. */
  async close(code?: number, reason = ""): Promise<void> {
    const bytes = code === undefined ? [] : [code >> 8, code & 255];
    await this.frame(8, [...bytes, ...new TextEncoder().encode(reason)]);
    await this.#client!.connection.closeWrite();
  }

  /** Ends the connection without a word. */
  drop(): void {
    this.#client![Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    this.#client?.[Symbol.dispose]();
    this.#listener.close();
  }
}
