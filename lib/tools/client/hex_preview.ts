/** The first bytes in hex, with an ellipsis where there are more. */
export function hexPreview(bytes: Uint8Array, most = 32): string {
  const shown = Array.from(bytes.subarray(0, most), (byte) => hex(byte, 2)).join(" ");
  return bytes.length > most ? `${shown} …` : shown;
}

function hex(number: number, digits: number): string {
  return number.toString(16).padStart(digits, "0");
}
