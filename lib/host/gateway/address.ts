import { isIP } from "node:net";
import ipaddr from "ipaddr.js";

/**
 * The part of an address that limits count: all of an IPv4 address, and the first 64 bits of an IPv6 address, because
 * its owner can choose the rest (RFC 6177).
 */
export function networkOf(address: string): string {
  const parsed = parse(address);
  if (!(parsed instanceof ipaddr.IPv6)) return parsed?.toString() ?? address;
  return parsed.parts.slice(0, 4).map((part) => part.toString(16)).join(":");
}

/** Whether the address is this machine's own. */
export function isLoopback(address: string): boolean {
  return parse(address)?.range() === "loopback";
}

/** An IPv4 address in an IPv6 one counts as IPv4 (RFC 4291, section 2.5.5.2); null: the text is not an address. */
function parse(address: string): ipaddr.IPv4 | ipaddr.IPv6 | null {
  return isIP(address.replace(/%.*$/, "")) === 0 ? null : ipaddr.process(address);
}
