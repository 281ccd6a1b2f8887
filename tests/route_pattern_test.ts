import { assertEquals, assertThrows } from "@std/assert";
import { RoutePattern } from "../lib/base/route_pattern.ts";

Deno.test("RoutePattern takes an instant for a path made to take long", () => {
  const patterns = ["/a/:x", "/:a/:b/:c/:d", "/v:x-y", "/:x*", "/a/*"].map((path) =>
    new RoutePattern(path)
  );
  const hostile = [
    `/${"v".repeat(60_000)}-`,
    "/".repeat(60_000),
    `/a${"/a".repeat(30_000)}/`,
    `/${"v-".repeat(30_000)}`,
    `/${"%41".repeat(20_000)}%`,
  ];
  for (const path of hostile) {
    for (const pattern of patterns) {
      try {
        pattern.match(path);
      } catch (error) {
        // Broken percent-encoding is the caller's to answer.
        assertEquals((error as Error).name, "URIError");
      }
    }
  }
});

Deno.test("RoutePattern knows a path in whatever way it is encoded", () => {
  const pattern = new RoutePattern("/café/:x");
  for (const path of ["/café/1", "/caf%C3%A9/1", "/caf%c3%a9/%31", "/%63af%C3%a9/1"]) {
    assertEquals(pattern.match(path), { x: "1" }, path);
  }
  // An encoded slash separates nothing.
  assertEquals(pattern.match("/caf%C3%A9%2F1"), null);
  assertEquals(new RoutePattern("/a/:x/c").match("/a/b%2Fc"), null);
});

Deno.test("RoutePattern refuses garbage with what is wrong", async (t) => {
  const cases: Record<string, string> = {
    "": "it must begin with /",
    "*": "it must begin with /",
    "//evil.test/a": "it has an empty segment",
    "/./a": 'it must not contain "/."',
    "/{a}?": 'it must not contain "{"',
    "/a b": 'it must not contain " "',
    "/a#b": 'it must not contain "#"',
    "/a\n": 'it must not contain "\\n"',
    "/\u0000": 'it must not contain "\\u0000"',
    "/\ud800": 'it must not contain "\\ud800"',
    "/%61": 'it must not contain "%"',
    "/(a+)+b": "regular expressions are not supported",
    "/:a:b": '":a:b" must be text with one ":name" at the most',
    "/:a-:b": '":a-:b" must be text with one ":name" at the most',
    "/a?b=c": '"a?b=c" must be text',
    "/a*": '"a*" must be text',
    "/:": '":" must be text',
    "/:1": '":1" must be text',
    "/::a": '"::a" must be text',
    "/:a**": '":a**" must be text',
    "/x:a?": '"x:a?" must be text',
    "/:a?/b": '":a?" must come last',
    "/*/*": '"*" must come last',
    [`/${"a".repeat(1024)}`]: "it is longer than 1024 characters",
  };
  for (const [path, problem] of Object.entries(cases)) {
    await t.step(JSON.stringify(path.slice(0, 20)), () => {
      assertThrows(() => new RoutePattern(path), TypeError, problem);
    });
  }
});

Deno.test("RoutePattern orders paths in one way, whatever order they come in", () => {
  const paths = [
    "/a",
    "/a/b",
    "/a/b/:c?",
    "/a/long:x",
    "/a/l:x",
    "/a/:x",
    "/a/:x/b",
    "/a/:x?",
    "/a/:x+",
    "/a/:x*",
    "/a/*",
    "/x:b",
    "/:a",
    "/*",
  ];
  const patterns = paths.map((path) => new RoutePattern(path));
  for (let turn = 0; turn < 20; turn++) {
    // Rotated and reversed by turns: no two of them are equal.
    const mixed = [...patterns.slice(turn % 14), ...patterns.slice(0, turn % 14)];
    if (turn % 2 === 1) mixed.reverse();
    assertEquals(mixed.sort((a, b) => a.compare(b)).map(({ path }) => path), paths);
  }
});

Deno.test("RoutePattern says of no two paths that they are apart which a request can match", () => {
  const segments = ["a", "b", ":x", "v:x", ":x.json"];
  const ends = ["", "/:e?", "/:e+", "/:e*", "/*"];
  const requests = [
    "/a",
    "/b",
    "/v1",
    "/v.json",
    "/a/b",
    "/a/x.json",
    "/v1/a",
    "/a/b/c",
    "/b/v2.json/a/b",
  ];
  const patterns = segments.flatMap((one) =>
    ends.map((end) => new RoutePattern(`/${one}${end.replaceAll(":x", ":y")}`))
  );
  for (const one of patterns) {
    for (const other of patterns) {
      const both = requests.find((path) => one.match(path) !== null && other.match(path) !== null);
      if (both !== undefined) {
        assertEquals(one.overlaps(other), true, `${one.path} and ${other.path} match ${both}`);
      }
      assertEquals(one.overlaps(other), other.overlaps(one));
    }
  }
});
