import { assertEquals } from "@std/assert";
import { acceptableOffer } from "../../lib/host/gateway/deflate_offer.ts";

Deno.test("acceptableOffer() is the first offer whose parameters are all known, and allowed", async (t) => {
  const cases: [string, string | null][] = [
    ["permessage-deflate", "permessage-deflate"],
    ["x-webkit-deflate-frame", null],
    ["permessage-deflate; client_max_window_bits", "permessage-deflate; client_max_window_bits"],
    ["permessage-deflate; client_max_window_bits=7, permessage-deflate", "permessage-deflate"],
    ["permessage-deflate; client_max_window_bits=08", null],
    ["permessage-deflate; server_max_window_bits", null],
    ["permessage-deflate; server_max_window_bits=16", null],
    [
      "permessage-deflate; server_max_window_bits=8",
      "permessage-deflate; server_max_window_bits=8",
    ],
    ["permessage-deflate; server_no_context_takeover=1", null],
    ["permessage-deflate; client_no_context_takeover; client_no_context_takeover", null],
    ["permessage-deflate; __proto__", null],
    ["permessage-deflate; constructor", null],
    ["Permessage-Deflate", null],
    [
      'a, b;c=d , permessage-deflate;client_max_window_bits= "9"',
      'permessage-deflate;client_max_window_bits= "9"',
    ],
  ];
  for (const [offers, expected] of cases) {
    await t.step(offers, () => assertEquals(acceptableOffer(offers), expected));
  }
});

Deno.test("acceptableOffer() leaves what is no list of extensions", () => {
  const broken = [
    "",
    ",",
    "permessage-deflate;",
    ";",
    "a b",
    'a;b="c d"',
    'a;b="c',
    "a;=b",
    "é",
    "a;b=c=d",
  ];
  for (const offers of broken) assertEquals(acceptableOffer(offers), offers);
});

Deno.test("acceptableOffer() takes no long time for what is long", () => {
  const long = [
    "permessage-deflate" + "; a".repeat(5_000) + " b",
    "a;".repeat(8_000),
    " ".repeat(16_000),
  ];
  for (const offers of long) assertEquals(acceptableOffer(offers), offers);
});
