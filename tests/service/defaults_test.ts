import { assert, assertEquals } from "@std/assert";
import { DEFAULT_MANIFEST, DEFAULT_SETTINGS } from "../../lib/host/service/mod.ts";

interface Schema {
  default?: unknown;
  properties?: Record<string, Schema>;
}

function schema(name: string): Schema {
  const file = new URL(`../../lib/host/service/${name}.schema.json`, import.meta.url);
  return JSON.parse(Deno.readTextFileSync(file));
}

/** Every default that a schema names, by the path of its key. */
function defaultsOf({ properties = {} }: Schema, path = ""): [string, unknown][] {
  return Object.entries(properties).flatMap(([key, value]) => [
    ...value.default === undefined ? [] : [[path + key, value.default] satisfies [string, unknown]],
    ...defaultsOf(value, `${path}${key}.`),
  ]);
}

/** Every value of a table, by the path of its key; not what needs more than a value, as `auth` and `tls`. */
function valuesOf(table: object, path = ""): [string, unknown][] {
  return Object.entries(table).flatMap(([key, value]): [string, unknown][] => {
    const isGroup = typeof value === "object" && value !== null && Object.keys(value).length > 0;
    if (isGroup) return valuesOf(value, `${path}${key}.`);
    return key === "auth" || value === null ? [] : [[path + key, value]];
  });
}

const TABLES: [string, object][] = [
  ["manifest", DEFAULT_MANIFEST],
  ["settings", DEFAULT_SETTINGS],
];

for (const [name, table] of TABLES) {
  Deno.test(`the defaults of ${name}.schema.json are those of the code`, () => {
    const inSchema = defaultsOf(schema(name)).sort();
    assert(inSchema.length > 5);
    assertEquals(inSchema, valuesOf(table).sort());
  });

  Deno.test(`docs/manifest.md has the defaults of the ${name}`, async (t) => {
    const page = Deno.readTextFileSync(new URL("../../docs/manifest.md", import.meta.url));
    for (const [key, value] of valuesOf(table)) {
      await t.step(key, () => {
        const row = page.split("\n").find((line) => new RegExp(`^\\|.*\`${key}\``).test(line));
        assert(row, `${key} is not in the table`);
        const shown = value === 0
          ? /no limit|never|0/
          : value === false
          ? /false|off/
          : new RegExp(`\\b${JSON.stringify(value).replace(/["[\]{}.]/g, ".?")}`);
        assert(shown.test(row.replaceAll(/(\d),(?=\d{3})/g, "$1")), `${value} is not in:\n${row}`);
      });
    }
  });
}
