import { isIP } from "node:net";
import ipaddr from "ipaddr.js";
import { Networks, plainAddress } from "../../base/networks.ts";

const LOOPBACK = new Networks(["127.0.0.0/8", "::1"]);

/**
 * The part of an address that limits count: all of an IPv4 address, and the first 64 bits of an IPv6 address, because
 * its owner can choose the rest (RFC 6177). An IPv4 address in an IPv6 one counts as IPv4 (RFC 4291, section 2.5.5.2).
 */
export function networkOf(address: string): string {
  const plain = plainAddress(address);
  if (isIP(plain) === 0) return plain;
  const parsed = ipaddr.process(plain);
  if (!(parsed instanceof ipaddr.IPv6)) return parsed.toString();
  return parsed.parts.slice(0, 4).map((part) => part.toString(16)).join(":");
}

/** Whether the address is this machine's own. */
export function isLoopback(address: string): boolean {
  return LOOPBACK.has(address);
}
