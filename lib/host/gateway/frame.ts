import { constants, deflateRawSync } from "node:zlib";

const encoder = new TextEncoder();

/** The least that is worth the work, bytes. */
const MIN_DEFLATED = 1024;
/** The most bytes that delay other clients. */
const MAX_DEFLATED = 4 * 1024 * 1024;
/** Higher ones take three times as long for a tenth less. */
const LEVEL = 3;
/** The end of a flushed block, which both sides know (RFC 7692, section 7.2.1). */
const TAIL = 4;
/** Bit of the first byte: the payload is compressed. */
const RSV1 = 0x40;

/**
 * A message as one frame of a server (RFC 6455, section 5.2): without a mask, and so the same for every client that
 * gets it.
 */
export function frameOf(message: string | Uint8Array): Uint8Array<ArrayBuffer> {
  return frame(opcodeOf(message), payloadOf(message));
}

/**
 * The same, compressed where that makes it smaller (RFC 7692). It refers to no message before it, and so it, too,
 * is the same for every client.
 */
export function deflatedFrameOf(message: string | Uint8Array): Uint8Array<ArrayBuffer> {
  const opcode = opcodeOf(message);
  const payload = payloadOf(message);
  if (payload.length < MIN_DEFLATED || payload.length > MAX_DEFLATED) return frame(opcode, payload);
  const deflated = deflateRawSync(payload, { finishFlush: constants.Z_SYNC_FLUSH, level: LEVEL });
  const length = deflated.length - TAIL;
  if (length >= payload.length) return frame(opcode, payload);
  return frame(RSV1 | opcode, deflated.subarray(0, length));
}

function opcodeOf(message: string | Uint8Array): number {
  return typeof message === "string" ? 1 : 2;
}

function payloadOf(message: string | Uint8Array): Uint8Array {
  return typeof message === "string" ? encoder.encode(message) : message;
}

function frame(first: number, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const { length } = payload;
  const head = length < 126 ? 2 : length < 65536 ? 4 : 10;
  const bytes = new Uint8Array(head + length);
  bytes[0] = 0x80 | first;
  if (head === 2) {
    bytes[1] = length;
  } else {
    bytes[1] = head === 4 ? 126 : 127;
    const view = new DataView(bytes.buffer);
    if (head === 4) view.setUint16(2, length);
    else view.setBigUint64(2, BigInt(length));
  }
  bytes.set(payload, head);
  return bytes;
}
