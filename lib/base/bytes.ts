/** A copy of bytes, to be given away; null: the value is not bytes. */
export function bytesOf(value: unknown): Uint8Array<ArrayBuffer> | null {
  if (value instanceof Uint8Array) return new Uint8Array(value);
  if (value instanceof ArrayBuffer) return new Uint8Array(value.slice(0));
  if (!ArrayBuffer.isView(value)) return null;
  const { buffer, byteOffset, byteLength } = value;
  return new Uint8Array(new Uint8Array(buffer, byteOffset, byteLength));
}
