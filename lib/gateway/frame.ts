const encoder = new TextEncoder();

/**
 * A message as one frame of a server (RFC 6455, section 5.2): without a mask, and so the same for everybody who
 * gets it.
 */
export function frameOf(message: string | Uint8Array): Uint8Array {
  const isText = typeof message === "string";
  const payload = isText ? encoder.encode(message) : message;
  const { length } = payload;
  const head = length < 126 ? 2 : length < 65536 ? 4 : 10;
  const frame = new Uint8Array(head + length);
  frame[0] = 0x80 | (isText ? 1 : 2);
  if (head === 2) {
    frame[1] = length;
  } else {
    frame[1] = head === 4 ? 126 : 127;
    const view = new DataView(frame.buffer);
    if (head === 4) view.setUint16(2, length);
    else view.setBigUint64(2, BigInt(length));
  }
  frame.set(payload, head);
  return frame;
}
