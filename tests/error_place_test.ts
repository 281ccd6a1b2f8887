import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { errorPlace } from "../lib/base/error_place.ts";
import { Site } from "./helpers/site.ts";

Deno.test("errorPlace() shows the first place in the folders, and no other", async (t) => {
  using site = Site.make({
    "own/a.js": "one;\nboom();\n",
    "own/large.js": "x".repeat(1_100_000),
    "secret.js": "secret;\n",
  });
  Deno.symlinkSync(join(site.root, "secret.js"), join(site.root, "own/link.js"));
  const at = (path: string, line = 2) => `    at f (file://${site.root}/${path}:${line}:1)\n`;
  const place = (text: string) => errorPlace(text, [join(site.root, "own")], site.root);

  await t.step("behind places of others", () => {
    assertEquals(
      place(at("secret.js", 1) + at("own/a.js")),
      "own/a.js:2:1\n  1 | one;\n> 2 | boom();\n    | ^",
    );
  });
  for (
    const [what, text] of [
      ["a file elsewhere", at("secret.js", 1)],
      ["a link that leads out", at("own/link.js", 1)],
      ["a path that leads out", at("own/../secret.js", 1)],
      ["a path that hides that", at("own/..%2fsecret.js", 1)],
      ["a file that is not there", at("own/none.js")],
      ["a file that is too large", at("own/large.js", 1)],
      ["a folder", at("own/")],
      ["what is no URL", "file://%zz:1:1 file://:1:1 file:///own:9"],
    ] as const
  ) {
    await t.step(what, () => assertEquals(place(text), null));
  }
  await t.step("text of any length is no burden", () => {
    for (const part of ["file://", "file:///a:1:", "file:///a:1:1 "]) {
      assertEquals(place(part.repeat(1_000_000)), null);
    }
  });
});
