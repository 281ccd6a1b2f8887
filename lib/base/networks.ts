import { BlockList, isIP } from "node:net";

/** An IPv4 address as an IPv6 socket shows it (RFC 4291, section 2.5.5.2). */
const MAPPED = /^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i;

/** Whether a text is an IP address, or a range of them with a prefix, such as `10.0.0.0/8`. */
export function isNetwork(text: string): boolean {
  return networkIn(text) !== null;
}

/** IP addresses, and ranges of them. */
export class Networks {
  readonly #list = new BlockList();
  readonly #isEmpty: boolean;

  /**
   * @param networks Addresses and ranges, as {@linkcode isNetwork} takes them.
   * @throws {TypeError} If one is neither.
   */
  constructor(networks: readonly string[]) {
    this.#isEmpty = networks.length === 0;
    for (const text of networks) {
      const network = networkIn(text);
      if (network === null) {
        throw new TypeError(`"${text}" is neither an IP address nor a range such as "10.0.0.0/8"`);
      }
      this.#list.addSubnet(network.address, network.prefix, network.type);
    }
  }

  /** Whether the address is one of them; false for a text that is not an address. */
  has(text: string): boolean {
    if (this.#isEmpty) return false;
    const address = plainAddress(text);
    const version = isIP(address);
    return version !== 0 && this.#list.check(address, typeOf(version));
  }
}

/**
 * An address as proxies write it, without a port, and an IPv4 one as such. What is not an address stays as it is.
 */
export function plainAddress(text: string): string {
  const inner = /^\[(.+)\](?::\d+)?$/.exec(text)?.[1] ?? /^([\d.]+):\d+$/.exec(text)?.[1] ?? text;
  const address = inner.replace(MAPPED, "").replace(/%.*$/, "");
  return isIP(address) === 0 ? text : address;
}

function networkIn(text: string) {
  const [, whole = "", bits] = /^([^/%]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const address = bits === undefined ? whole.replace(MAPPED, "") : whole;
  const version = isIP(address);
  const longest = version === 4 ? 32 : 128;
  const prefix = Number(bits ?? longest);
  return version === 0 || prefix > longest ? null : { address, prefix, type: typeOf(version) };
}

function typeOf(version: number): "ipv4" | "ipv6" {
  return version === 4 ? "ipv4" : "ipv6";
}
