import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";

/** Cost of a hash: 16 MiB and some 50 ms (RFC 7914). */
const COST = { N: 16384, r: 8, p: 1 };
/** The highest cost of a hash in a file: the author of the file must not stall the server. */
const MAX_COST = { N: 1 << 20, r: 32, p: 16 };
const KEY_BYTES = 32;

const derive = promisify<string, Uint8Array, number, object, Uint8Array>(scrypt as never);

/** `scrypt$N$r$p$salt$key`, salt and key as Base64. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  const key = await derive(password.normalize("NFC"), salt, KEY_BYTES, options(COST));
  return ["scrypt", COST.N, COST.r, COST.p, encode(salt), encode(key)].join("$");
}

/** Whether a text is a hash of ours. */
export function isHash(text: string): boolean {
  return parse(text) !== null;
}

/** Whether the password is the one that was hashed; takes as long for a wrong one. */
export async function matches(password: string, hash: string): Promise<boolean> {
  const parsed = parse(hash);
  if (parsed === null) return false;
  const { cost, salt, key } = parsed;
  const own = await derive(password.normalize("NFC"), salt, key.length, options(cost));
  return timingSafeEqual(own, key);
}

function parse(text: string) {
  const found = /^scrypt\$(\d{1,7})\$(\d{1,2})\$(\d{1,2})\$([A-Za-z0-9+/=]+)\$([A-Za-z0-9+/=]+)$/
    .exec(text);
  if (found === null) return null;
  const [N, r, p] = found.slice(1, 4).map(Number) as [number, number, number];
  const isPower = N > 1 && (N & (N - 1)) === 0;
  if (!isPower || N > MAX_COST.N || r < 1 || r > MAX_COST.r || p < 1 || p > MAX_COST.p) return null;
  try {
    const [salt, key] = found.slice(4).map((part) => Uint8Array.fromBase64(part));
    if (salt!.length < 8 || key!.length < 16 || key!.length > 64) return null;
    return { cost: { N, r, p }, salt: salt!, key: key! };
  } catch {
    return null;
  }
}

function options({ N, r, p }: typeof COST): object {
  return { N, r, p, maxmem: 256 * N * r };
}

function encode(bytes: Uint8Array): string {
  return new Uint8Array(bytes).toBase64();
}
