/**
 * What of an address is counted: all of an IPv4 address, and of an IPv6 address the first 64 bits, for its owner
 * has the rest to choose from (RFC 6177).
 */
export function networkOf(address: string): string {
  const plain = address.replace(/%.*$/, "");
  if (!plain.includes(":")) return plain;
  const mapped = /^(?:0{0,4}:)*:?(?:0{0,4}:)*ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(plain)?.[1];
  if (mapped !== undefined) return mapped;
  const [head = "", tail] = plain.split("::");
  const first = head === "" ? [] : head.split(":");
  const last = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - first.length - last.length);
  const groups = [...first, ...Array(zeros).fill("0"), ...last].slice(0, 4);
  return groups.map((group) => group.toLowerCase().replace(/^0+(?=.)/, "")).join(":");
}

/** Whether the address is this machine's own. */
export function isLoopback(address: string): boolean {
  return /^127\.\d+\.\d+\.\d+$/.test(address) || address === "::1" ||
    /^::ffff:127\./i.test(address);
}
