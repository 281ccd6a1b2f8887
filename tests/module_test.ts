import { assert, assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { PLACES } from "../tools/verify/examples.ts";

/** What `deno doc --json` says of a comment. */
interface Comment {
  doc?: string;
  tags?: { kind: string; doc?: string }[];
}

/** What it says of an exported name, which may be declared more than once. */
interface Symbol {
  name: string;
  declarations: { kind: string; declarationKind: string; jsDoc?: Comment }[];
}

interface Entrypoint {
  module_doc?: Comment;
  symbols?: Symbol[];
}

Deno.test.sanitizer({ ops: true, resources: true });

const HERE = fromFileUrl(new URL("../", import.meta.url));
const { exports, name } = JSON.parse(Deno.readTextFileSync(`${HERE}deno.json`)) as {
  exports: Record<string, string>;
  name: string;
};

/** The entrypoints, by the names under which they are imported. */
function entrypoints(): Promise<[string, Entrypoint][]> {
  return Promise.all(
    Object.entries(exports).map(async ([key, path]) => [key.replace(".", name), await read(path)]),
  );
}

// One by one: of several at a time, what one exports again of another is a mere reference.
async function read(path: string): Promise<Entrypoint> {
  const { stdout, success } = await new Deno.Command(Deno.execPath(), {
    args: ["doc", "--json", "--quiet", path],
    cwd: HERE,
    stderr: "inherit",
  }).output();
  assert(success);
  const { nodes } = JSON.parse(new TextDecoder().decode(stdout));
  const [node] = Object.values(nodes) as Entrypoint[];
  assert(node, `deno doc does not know ${path}`);
  const symbols = (node.symbols ?? []).filter(({ declarations }) =>
    declarations.some(({ declarationKind }) => declarationKind !== "private")
  );
  return { ...node, symbols };
}

const examplesOf = (comment?: Comment) =>
  (comment?.tags ?? []).filter(({ kind }) => kind === "example").map(({ doc }) => doc ?? "");

Deno.test("what the package exports is documented", async (t) => {
  const all = await entrypoints();
  await t.step("every entrypoint says what it is", () => {
    for (const [key, { module_doc }] of all) {
      assert((module_doc?.doc ?? "").trim().length > 20, `${key} has no module docstring`);
    }
  });
  await t.step("every name says what it is", () => {
    let count = 0;
    for (const [key, { symbols = [] }] of all) {
      for (const { name, declarations } of symbols) {
        count++;
        const isDocumented = declarations.every(({ jsDoc }) => (jsDoc?.doc ?? "").trim() !== "");
        assert(isDocumented, `${name} of ${key} has no docstring`);
      }
    }
    assert(count > 100, `only ${count} names were found`);
  });
  // Examples are run by `deno test --doc`.
  await t.step("every function and class is in an example, its own or the module's", () => {
    for (const [key, { module_doc, symbols = [] }] of all) {
      for (const { name, declarations } of symbols) {
        if (!declarations.some(({ kind }) => kind === "function" || kind === "class")) continue;
        const examples = [module_doc, ...declarations.map(({ jsDoc }) => jsDoc)]
          .flatMap(examplesOf);
        const isShown = examples.some((text) => new RegExp(`\\b${name}\\b`).test(text));
        assert(isShown, `${name} of ${key} is in no example`);
      }
    }
  });
});

Deno.test("the doc tests cover every file that is exported", () => {
  for (const path of Object.values(exports)) {
    const file = path.replace("./", "");
    if (file === "cli.ts") continue;
    const isCovered = PLACES.some((place) => file === place || file.startsWith(`${place}/`));
    assert(isCovered, `${file} is in none of ${PLACES.join(", ")}`);
  }
});

Deno.test("the package can be imported by its own name, as its users do", async () => {
  const { Switchboard } = await import("@switchboard/switchboard");
  const { TestBoard } = await import("@switchboard/switchboard/testing");
  await using board = await TestBoard.start({ root: HERE, service: "echo" });
  assertEquals(board.switchboard instanceof Switchboard, true);
});
