import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { SwitchboardError } from "../../lib/base/errors.ts";
import { readDescriptor } from "../../lib/systems/xp/host/descriptor.ts";
import { type Files, Site } from "../helpers/site.ts";

/** Who may enter a service with these files. */
function allowOf(files: Files): string[] | null {
  using site = Site.make(files);
  return readDescriptor(site.root, "chat");
}

Deno.test("without a descriptor, or one without `allow`, every client may enter", async (t) => {
  const cases: Files[] = [
    {},
    { "other.xml": "<service><allow><principal>role:a</principal></allow></service>" },
    { "chat.xml": "<service/>" },
    { "chat.xml": "<service><deny><principal>role:a</principal></deny></service>" },
    { "chat.xml": "<service><x><allow><principal>role:a</principal></allow></x></service>" },
    { "chat.yml": "" },
    { "chat.yml": "# only a comment\n" },
    { "chat.yml": "kind: Service\n" },
    { "chat.yaml": "nested:\n  allow:\n    - role:a\n" },
  ];
  for (const files of cases) {
    await t.step(JSON.stringify(files), () => assertEquals(allowOf(files), null));
  }
});

Deno.test("an XML descriptor lists the principals that may enter", async (t) => {
  const cases: [string, string, string[]][] = [
    ["one", "<service><allow><principal>role:a</principal></allow></service>", ["role:a"]],
    [
      "several, with a declaration, a namespace, comments and blanks",
      `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
      <service xmlns="urn:enonic:xp:model:1.0">
        <!-- who -->
        <allow>
          <principal>role:system.admin</principal>
          <principal>
            user:system:su
          </principal>
        </allow>
      </service>`,
      ["role:system.admin", "user:system:su"],
    ],
    ["an entity", "<service><allow><principal>role:a&amp;b</principal></allow></service>", [
      "role:a&b",
    ]],
    [
      "a comment inside",
      "<service><allow><principal>role:<!-- c -->a</principal></allow></service>",
      ["role:a"],
    ],
    [
      "a CDATA section",
      "<service><allow><principal><![CDATA[role:a]]></principal></allow></service>",
      ["role:a"],
    ],
    [
      "a byte order mark",
      "\ufeff<service><allow><principal>role:a</principal></allow></service>",
      ["role:a"],
    ],
    [
      "two lists",
      "<a><allow><principal>x</principal></allow><allow><principal>y</principal></allow></a>",
      [
        "x",
        "y",
      ],
    ],
    ["nobody", "<service><allow/></service>", []],
  ];
  for (const [name, xml, allow] of cases) {
    await t.step(name, () => assertEquals(allowOf({ "chat.xml": xml }), allow));
  }
});

Deno.test("a YAML descriptor lists the principals that may enter", async (t) => {
  const cases: [string, string, string[]][] = [
    ["a block", "kind: Service\nallow:\n  - role:system.admin\n  - 'user:system:su'\n", [
      "role:system.admin",
      "user:system:su",
    ]],
    ["a flow", 'allow: [ "role:a", role:b ]', ["role:a", "role:b"]],
    ["JSON", '{"allow": ["role:a"]}', ["role:a"]],
    ["a byte order mark", "\ufeffallow:\n- role:a\n", ["role:a"]],
    ["line ends of Windows", "allow:\r\n- role:a\r\n", ["role:a"]],
    ["nobody", "allow: []", []],
  ];
  for (const extension of ["yml", "yaml"]) {
    for (const [name, yaml, allow] of cases) {
      await t.step(`${extension}: ${name}`, () => {
        assertEquals(allowOf({ [`chat.${extension}`]: yaml }), allow);
      });
    }
  }
});

Deno.test("A descriptor that says nothing of it leaves the word to the next one", () => {
  assertEquals(allowOf({ "chat.xml": "<service/>", "chat.yml": "allow: [role:a]" }), ["role:a"]);
  assertEquals(allowOf({ "chat.yml": "kind: x", "chat.yaml": "allow: [role:a]" }), ["role:a"]);
});

Deno.test("XML goes over YAML", () => {
  const xml = "<service><allow><principal>role:xml</principal></allow></service>";
  assertEquals(allowOf({ "chat.xml": xml, "chat.yml": "allow: [role:yml]" }), ["role:xml"]);
  assertEquals(allowOf({ "chat.yml": "allow: [role:yml]", "chat.yaml": "allow: [role:yaml]" }), [
    "role:yml",
  ]);
});

Deno.test("a descriptor that cannot be parsed is refused, and lets no client in", async (t) => {
  const cases: [string, string, string][] = [
    ["chat.xml", "", ""],
    ["chat.xml", "role:a", ""],
    ["chat.xml", "<service>", ""],
    ["chat.xml", "<service></serwice>", ""],
    ["chat.xml", "<service><allow><principal>role:a</allow></service>", ""],
    ["chat.xml", "<service a=1/>", ""],
    ["chat.xml", "<service><allow>&nope;</allow></service>", ""],
    ["chat.xml", "<service><allow><principal/></allow></service>", "<principal> is empty"],
    ["chat.xml", "<service><allow><principal> </principal></allow></service>", "is empty"],
    ["chat.xml", '{"allow": []}', ""],
    ["chat.yml", "- role:a", 'expected a mapping, got ["role:a"]'],
    ["chat.yml", "role:a", 'expected a mapping, got "role:a"'],
    ["chat.yml", "3", "expected a mapping, got 3"],
    ["chat.yml", "allow: 3", '"allow" must be a list of principals, got 3'],
    ["chat.yml", "allow: true", '"allow" must be a list of principals, got true'],
    ["chat.yml", "allow: role:a", '"allow" must be a list of principals, got "role:a"'],
    ["chat.yml", "allow: {role: a}", '"allow" must be a list of principals, got {"role":"a"}'],
    ["chat.yml", "allow: [1]", '"allow" must be a list of principals, got [1]'],
    ["chat.yml", "allow: ['']", '"allow" must be a list of principals, got [""]'],
    ["chat.yml", "allow: [~]", '"allow" must be a list of principals, got [null]'],
    ["chat.yml", "allow:\n  - principal: role:a", '"allow" must be a list of principals'],
    ["chat.yml", "allow: [role:a", ""],
    ["chat.yml", "allow: [a]\nallow: [b]", ""],
    ["chat.yml", "a: 1\n b: 2", ""],
    ["chat.yml", "allow: *unknown", ""],
    ["chat.yml", "allow: [a]\n---\nallow: [b]", ""],
    ["chat.yml", "<service/>", ""],
    ["chat.yaml", "allow: 3", '"allow" must be a list of principals, got 3'],
  ];
  for (const [file, text, said] of cases) {
    await t.step(`${file}: ${JSON.stringify(text)}`, () => {
      const error = assertThrows(() => allowOf({ [file]: text }), SwitchboardError);
      assertEquals(error.code, "SB_MANIFEST");
      assert(error.message.startsWith("Cannot read descriptor "), error.message);
      assertStringIncludes(error.message, `${file}": `);
      assertStringIncludes(error.message, said);
      assert(!error.message.includes("\n"), error.message);
    });
  }
});

Deno.test("An XML descriptor reads no other file", () => {
  const xml = `<!DOCTYPE service [<!ENTITY x SYSTEM "other.txt">]>
    <service><allow><principal>&x;</principal></allow></service>`;
  const error = assertThrows(
    () => allowOf({ "chat.xml": xml, "other.txt": "role:a" }),
    SwitchboardError,
  );
  assertEquals(error.code, "SB_MANIFEST");
});
