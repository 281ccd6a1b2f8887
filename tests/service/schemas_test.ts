import { Ajv } from "ajv";
import { assertEquals } from "@std/assert";
import { join } from "@std/path";

const LIB = new URL("../../lib/", import.meta.url).pathname;

function* schemasIn(folder: string): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    const path = join(folder, name);
    if (isDirectory) yield* schemasIn(path);
    else if (name.endsWith(".schema.json")) yield path;
  }
}

Deno.test("every schema is valid JSON Schema: servers do not check that at each start", async (t) => {
  const files = [...schemasIn(LIB)];
  assertEquals(files.length >= 5, true, files.join());
  for (const file of files) {
    await t.step(file.slice(LIB.length), () => {
      const ajv = new Ajv();
      ajv.validateSchema(JSON.parse(Deno.readTextFileSync(file)));
      assertEquals(ajv.errors, null);
    });
  }
});
