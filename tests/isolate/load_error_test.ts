import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { loadError } from "../../lib/host/supervisor/load_error.ts";
import { discover } from "../../lib/host/service/mod.ts";
import { Site } from "../helpers/site.ts";

Deno.test("loadError() says what, where, and shows the code", () => {
  using site = Site.make({ "services/a/a.js": "one;\nboom();\n" });
  const [definition] = discover(site.root);
  const stack = `    at file://${site.root}/services/a/a.js:2:1`;
  const { code, message } = loadError(definition!, site.root, { message: "Error: boom", stack });
  assertEquals(code, "SB_LOAD");
  assertEquals(
    message,
    'Cannot load service "a": Error: boom\nservices/a/a.js:2:1\n  1 | one;\n> 2 | boom();\n    | ^',
  );
});

Deno.test("loadError() is not held up by what a service throws, however long", () => {
  using site = Site.make({ "services/a/a.js": "" });
  const [definition] = discover(site.root);
  for (const text of ["file://", "\n |\n1 |", "file:///a:1:", "\n    at "]) {
    const long = text.repeat(1_000_000);
    const { message } = loadError(definition!, site.root, { message: long, stack: long });
    assert(message.length < 20_000);
  }
});

Deno.test("loadError() takes garbage for what it is", () => {
  using site = Site.make({ "services/a/a.js": "" });
  const [definition] = discover(site.root);
  const garbage: unknown[] = [undefined, {}, { message: 1, stack: {} }, { message: null }];
  for (const failure of garbage) {
    const { message } = loadError(definition!, site.root, failure as undefined);
    assertStringIncludes(message, 'Cannot load service "a": ');
  }
  for (const place of ["file:///etc/passwd:1:1", "file://%zz:1:1", "file:///a:99999999999:1"]) {
    const { message } = loadError(definition!, site.root, {
      message: "x",
      stack: `    at ${place}`,
    });
    assert(!message.includes("root:"), message);
  }
});
