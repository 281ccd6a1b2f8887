import { assertEquals } from "@std/assert";
import { isLoopback, networkOf } from "../../lib/host/gateway/address.ts";

Deno.test("networkOf() and isLoopback() of addresses, and of texts that are not addresses", async (t) => {
  const cases: [address: string, network: string, isLoopback: boolean][] = [
    ["127.0.0.1", "127.0.0.1", true],
    ["127.255.0.9", "127.255.0.9", true],
    ["128.0.0.1", "128.0.0.1", false],
    ["::1", "0:0:0:0", true],
    ["0:0::0:1", "0:0:0:0", true],
    ["::ffff:127.0.0.1", "127.0.0.1", true],
    ["::FFFF:7f00:1", "127.0.0.1", true],
    ["::ffff:192.0.2.1", "192.0.2.1", false],
    ["2001:DB8:0:7::1", "2001:db8:0:7", false],
    ["2001:db8:0:7:ffff:ffff:ffff:ffff", "2001:db8:0:7", false],
    ["fe80::1%eth0", "fe80:0:0:0", false],
    ["fe80::1%", "fe80:0:0:0", false],
    ["192.0.2.1%eth0", "192.0.2.1", false],
    // An IPv4-compatible address, which no host has (RFC 4291, section 2.5.5.1).
    ["::127.0.0.1", "127.0.0.1", false],
    ["127.1", "127.1", false],
    ["0x7f.0.0.1", "0x7f.0.0.1", false],
    ["0177.0.0.1", "0177.0.0.1", false],
    ["2130706433", "2130706433", false],
    ["127.0.0.1\n", "127.0.0.1\n", false],
    ["localhost", "localhost", false],
    ["unknown", "unknown", false],
    ["_hidden", "_hidden", false],
    ["", "", false],
  ];
  for (const [address, network, isOwn] of cases) {
    await t.step(JSON.stringify(address), () => {
      assertEquals([networkOf(address), isLoopback(address)], [network, isOwn]);
    });
  }
});
