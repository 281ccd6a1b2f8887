import { Client } from "./client.ts";
import { frameOf, Raw } from "./raw.ts";
import { Random } from "./random.ts";
import type { Served } from "./served.ts";

/** The actions of a fuzzer on a connection. */
const ATTACKS: Record<string, (random: Random, raw: Raw) => Promise<void>> = {
  "bytes instead of a request": async (random, raw) =>
    await raw.write(random.bytes(1 + random.below(300))),
  "a request with a byte changed": async (random, raw) => {
    const bytes = new TextEncoder().encode(request(random));
    for (let n = 0; n <= random.below(4); n++) {
      bytes[random.below(bytes.length)] = random.below(256);
    }
    await raw.write(bytes);
    await raw.head();
  },
  "a request that is cut off": async (random, raw) => {
    const text = request(random);
    await raw.write(text.slice(0, random.below(text.length)));
  },
  "headers twice and out of order": async (random, raw) => {
    const [first, ...lines] = request(random).split("\r\n").filter((line) => line !== "");
    const mixed = Array.from({ length: lines.length + 3 }, () => random.of(lines));
    await raw.write(`${[first, ...mixed].join("\r\n")}\r\n\r\n`);
    await raw.head();
  },
  "bytes instead of frames": async (random, raw) => {
    if (await upgrade(raw)) await raw.write(random.bytes(1 + random.below(2000)));
  },
  "frames with odd heads": async (random, raw) => {
    if (!await upgrade(raw)) return;
    for (let n = 0; n < 5; n++) {
      const frame = frameOf(
        random.below(16),
        random.bytes(random.below(200)),
        random.below(2) === 0,
      );
      frame[random.below(2)]! ^= 1 << random.below(8);
      await raw.write(frame);
    }
  },
  "a length that never comes": async (random, raw) => {
    if (!await upgrade(raw)) return;
    const head = new Uint8Array([0x80 | random.below(16), 0x80 | 127, ...random.bytes(12)]);
    head[2]! &= 0x7f;
    await raw.write(head);
    await raw.write(random.bytes(random.below(1000)));
  },
  "fragments in any order": async (random, raw) => {
    if (!await upgrade(raw)) return;
    for (let n = 0; n < 10; n++) {
      await raw.write(
        frameOf(
          random.of([0, 0, 1, 2, 8, 9, 10]),
          random.bytes(random.below(120)),
          random.below(3) === 0,
        ),
      );
    }
  },
  "text that is none": async (random, raw) => {
    if (await upgrade(raw)) await raw.write(frameOf(1, random.bytes(1 + random.below(300))));
  },
  "pings and pongs": async (random, raw) => {
    if (!await upgrade(raw)) return;
    for (let n = 0; n < 50; n++) {
      await raw.write(frameOf(random.of([9, 10]), random.bytes(random.below(126))));
    }
  },
  "closes with odd codes": async (random, raw) => {
    if (!await upgrade(raw)) return;
    for (let n = 0; n < 3; n++) await raw.write(frameOf(8, random.bytes(random.below(126))));
  },
  "messages that are fine": async (random, raw) => {
    if (!await upgrade(raw)) return;
    for (let n = 0; n < 20; n++) await raw.write(frameOf(2, random.bytes(random.below(500))));
  },
};

/** The result of a run. */
export interface FuzzResult {
  rounds: number;
  /** Messages of the honest client, each answered with itself, in order. */
  honest: number;
}

/**
 * Drives bytes at a server, the same for the same seed, while an honest client talks to the same service. The
 * service must answer each message with itself, at `/services/echo`.
 *
 * @param isOver Asked before each round.
 * @throws {Error} If the honest client gets anything but its own messages, in order; the message has the seed
 * and the round.
 */
export async function fuzz(
  server: Served,
  seed: number,
  isOver: (round: number) => boolean,
): Promise<FuzzResult> {
  const random = new Random(seed);
  const names = Object.keys(ATTACKS);
  await using honest = await Client.open(server.ws("/services/echo"));
  let round = 0;
  let talked = 0;
  for (; !isOver(round); round++) {
    const name = random.of(names);
    try {
      const attack = attackWith(server, name, random);
      for (let n = 0; n < 3; n++) {
        const message = `honest ${talked}`;
        honest.send(message);
        const answer = await honest.next();
        if (answer !== message) throw new Error(`expected "${message}", got "${answer}"`);
        talked++;
      }
      await attack;
    } catch (cause) {
      throw new Error(`Seed ${seed}, round ${round}, ${name}: ${(cause as Error).message}`, {
        cause,
      });
    }
  }
  return { rounds: round, honest: talked };
}

async function attackWith(server: Served, name: string, random: Random): Promise<void> {
  using raw = await Raw.connect(server.port);
  // A server that hangs up in the middle has done right; one that never answers is left alone.
  const timer = setTimeout(() => raw[Symbol.dispose](), 1000);
  try {
    await ATTACKS[name]!(random, raw);
  } catch (error) {
    if (!isHangUp(error)) throw error;
  } finally {
    clearTimeout(timer);
  }
}

async function upgrade(raw: Raw): Promise<boolean> {
  return / 101 /.test(await raw.handshake("/services/echo"));
}

function request(random: Random): string {
  return [
    `${random.of(["GET", "GET", "POST", "PUT", "\0"])} ${random.of(PATHS)} HTTP/1.${
      random.below(3)
    }`,
    `Host: ${random.of(["127.0.0.1", "", "[::1", "a b", "x".repeat(300)])}`,
    "Upgrade: websocket",
    `Connection: ${random.of(["Upgrade", "keep-alive", "close, upgrade", ","])}`,
    `Sec-WebSocket-Key: ${random.of(["dGhlIHNhbXBsZSBub25jZQ==", "x", ""])}`,
    `Sec-WebSocket-Version: ${random.of(["13", "8", "x"])}`,
    `Content-Length: ${random.of(["0", "-1", "99999999999999999999", "5"])}`,
    `Authorization: ${random.of(["Bearer x", "Basic x", "\u00ff"])}`,
    "",
    "",
  ].join("\r\n");
}

const PATHS = [
  "/services/echo",
  "/services/../../etc/passwd",
  "/%00",
  "/%",
  "//",
  "*",
  "http://evil.test/",
  "/service/js",
  `/${"a/".repeat(500)}`,
  "/services/echo?%zz",
];

function isHangUp(error: unknown): boolean {
  return error instanceof Deno.errors.BrokenPipe || error instanceof Deno.errors.ConnectionReset ||
    error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted ||
    error instanceof Deno.errors.ConnectionAborted || error instanceof Deno.errors.NotConnected;
}
