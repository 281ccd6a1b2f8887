import { assert, assertEquals, assertMatch } from "@std/assert";
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

/** The rows of the table below a heading of docs/manifest.md: cells for keys, and for their defaults. */
function rowsBelow(heading: string): { keys: string; defaults: string }[] {
  const page = Deno.readTextFileSync(new URL("../../docs/manifest.md", import.meta.url));
  const [, section = ""] = page.split(`\n## \`${heading}\`\n`);
  const [head, , ...rows] = section.split("\n## ")[0]!.split("\n")
    .filter((line) => line.startsWith("|")).map((line) =>
      line.split("|").map((cell) => cell.trim())
    );
  const at = head!.indexOf("default");
  return rows.map((cells) => ({ keys: cells[1]!, defaults: cells[at]! }));
}

const TABLES: [name: string, heading: string, table: object][] = [
  ["manifest", "service.json", DEFAULT_MANIFEST],
  ["settings", "switchboard.json", DEFAULT_SETTINGS],
];

for (const [name, heading, table] of TABLES) {
  Deno.test(`the defaults of ${name}.schema.json are those of the code`, () => {
    const inSchema = defaultsOf(schema(name)).sort();
    assert(inSchema.length > 5);
    assertEquals(inSchema, valuesOf(table).sort());
  });

  Deno.test(`docs/manifest.md has the defaults of the ${name}`, async (t) => {
    const rows = rowsBelow(heading);
    for (const [key, value] of valuesOf(table)) {
      await t.step(key, () => {
        const row = rows.find(({ keys }) => keys.includes(`\`${key}\``));
        assert(row, `${key} is not in the table`);
        const text = value === 0 ? "no limit" : JSON.stringify(value).replaceAll('"', "");
        const whole = new RegExp(`(?<![\\w.])${RegExp.escape(text)}(?!\\w)`);
        assertMatch(row.defaults, whole, `${key}: ${text}`);
      });
    }
  });
}
