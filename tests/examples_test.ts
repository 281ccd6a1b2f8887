import { assert, assertEquals, assertMatch } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { CHECK_EXAMPLES, RUN_EXAMPLES } from "../tools/verify/examples.ts";
import { deno } from "./helpers/project.ts";
import { Site } from "./helpers/site.ts";

const HERE = fromFileUrl(new URL("../", import.meta.url));

/** Examples, and what the run says of each that fails; null: it passes. */
const EXAMPLES: Record<string, [code: string, failure: RegExp | null]> = {
  "prints a result": [`console.log("fine");`, null],
  "asserts what holds": [`import { assertEquals } from "@std/assert"; assertEquals(1, 1);`, null],
  "asserts to the console what holds": [`console.assert(true, "holds");`, null],
  "asserts what does not hold": [
    `import { assertEquals } from "@std/assert"; assertEquals(1, 2);`,
    /AssertionError/,
  ],
  "throws": [`throw new Error("thrown");`, /Error: thrown/],
  "asserts to the console what does not hold": [
    `console.assert(1 > 2, "one is not more than two");`,
    /printed a failure:\nAssertion failed one is not more than two/,
  ],
  "prints an error": [
    `try { throw new Error("caught"); } catch (error) { console.error("Failed:", error); }`,
    /printed a failure:\nFailed: Error: caught/,
  ],
  "prints a warning": [`console.warn("odd");`, /printed a failure:\nodd/],
  "runs a service that fails": [
    `import { Switchboard } from "@switchboard/switchboard";
     await using board = await Switchboard.open({ root: ROOT });
     await board.settled();`,
    /printed a failure:\n\{.*"level":"ERROR","service":"broken".*no luck/,
  ],
};

Deno.test("an example that prints a failure fails", async (t) => {
  using site = Site.make({ "root/services/broken/broken.js": `throw new Error("no luck");` });
  const root = JSON.stringify(join(site.root, "root"));
  for (const [index, [code]] of Object.values(EXAMPLES).entries()) {
    site.write({ [`${index}.md`]: fenced(code.replace("ROOT", root)) });
  }
  const { code, output } = await deno(
    ["test", "-A", "--no-prompt", "--no-lock", ...RUN_EXAMPLES, site.root],
    { cwd: HERE },
  );
  assertEquals(code, 1, output);
  const [, errors = ""] = output.split(" ERRORS \n");
  for (const [index, [name, [, failure]]] of Object.entries(EXAMPLES).entries()) {
    await t.step(`${name}: ${failure === null ? "passes" : "fails"}`, () => {
      const page = `/${index}.md#`;
      const result = output.split("\n").find((line) =>
        line.includes(page) && / (ok|FAILED) \(/.test(line)
      );
      assertMatch(result ?? output, failure === null ? / ok \(/ : / FAILED \(/);
      const error = errors.split(/^(?=file:\/\/)/m).find((error) =>
        error.split("\n")[0]!.includes(page)
      );
      if (failure === null) assertEquals(error, undefined);
      else assertMatch(error ?? output, failure);
    });
  }
});

Deno.test("the types of examples are checked, in docstrings and pages", async () => {
  assert(["README.md", "docs/testing.md"].every((page) => CHECK_EXAMPLES.includes(page)));
  const wrong = `const text: string = 5;`;
  using site = Site.make({
    "deno.json": {},
    "page.md": fenced(wrong),
    "module.ts": `/**\n * @example\n * \`\`\`ts\n * ${wrong}\n * \`\`\`\n *\n * @module\n */\n`,
  });
  const flags = CHECK_EXAMPLES.filter((argument) => !argument.endsWith(".md"));
  const { code, errors } = await deno(["check", "--quiet", ...flags, "page.md"], {
    cwd: site.root,
  });
  assertEquals(code, 1);
  for (const file of ["page.md", "module.ts"]) {
    assertMatch(errors, new RegExp(`Type 'number' is not assignable[^]*?/${file}#`));
  }
});

function fenced(code: string): string {
  return `\`\`\`ts\n${code}\n\`\`\`\n`;
}
