import { assertEquals } from "@std/assert";

Deno.test("the test file of docs/testing.md is documented_test.ts, which passes as it stands", () => {
  const page = Deno.readTextFileSync(new URL("../../docs/testing.md", import.meta.url));
  // Tests cannot be nested, so `deno test --doc` cannot run it.
  const code = /^```ts ignore\n([^]*?)^```$/m.exec(page)?.[1];
  assertEquals(code, Deno.readTextFileSync(new URL("./documented_test.ts", import.meta.url)));
});
