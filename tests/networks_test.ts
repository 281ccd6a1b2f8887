import { assertEquals, assertThrows } from "@std/assert";
import { isNetwork, Networks, plainAddress } from "../lib/base/networks.ts";

Deno.test("Networks has addresses and ranges, and nothing else", async (t) => {
  const networks = new Networks([
    "127.0.0.1",
    "10.0.0.0/8",
    "192.0.2.128/25",
    "::1",
    "fd00::/8",
    "::ffff:198.51.100.7",
  ]);
  const cases: [string, boolean][] = [
    ["127.0.0.1", true],
    ["127.0.0.2", false],
    ["::ffff:127.0.0.1", true],
    ["127.0.0.1:80", true],
    ["10.255.0.1", true],
    ["11.0.0.1", false],
    ["192.0.2.127", false],
    ["192.0.2.200", true],
    ["::1", true],
    ["[::1]:80", true],
    ["0:0:0:0:0:0:0:1", true],
    ["::2", false],
    ["fdab::1%eth0", true],
    ["fe80::1", false],
    ["198.51.100.7", true],
    ["", false],
    ["localhost", false],
    ["10.0.0.0/8", false],
    ["10.1", false],
    ["0x0a000001", false],
  ];
  for (const [address, expected] of cases) {
    await t.step(JSON.stringify(address), () => assertEquals(networks.has(address), expected));
  }
  await t.step("none has none", () => assertEquals(new Networks([]).has("127.0.0.1"), false));
  await t.step("what is no network is refused", () => {
    for (
      const text of ["", "x", "10.0.0.0/33", "10.0.0.0/-1", "::/129", "1.2.3", "*", "10.0.0.0/8/8"]
    ) {
      assertEquals(isNetwork(text), false, text);
      assertThrows(() => new Networks([text]), TypeError, "is neither an IP address");
    }
  });
});

Deno.test("plainAddress() leaves what is no address", () => {
  for (const text of ["", "unknown", "_hidden", "1.2.3.4.5:80", "[x]:1", "a:b", "999.1.1.1:5"]) {
    assertEquals(plainAddress(text), text);
  }
});
