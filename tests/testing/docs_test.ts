import { assert } from "@std/assert";
import { fromFileUrl, join } from "@std/path";

Deno.test.sanitizer({ ops: true, resources: true });

const HERE = fromFileUrl(new URL("../../", import.meta.url));

Deno.test("the test file of docs/testing.md passes as it stands", async () => {
  const page = Deno.readTextFileSync(join(HERE, "docs/testing.md"));
  // Tests cannot be nested, so that it is none of those that `deno test --doc` runs.
  const code = /^```ts ignore\n([^]*?)^```$/m.exec(page)?.[1];
  assert(code, "there is no test file");
  const folder = Deno.makeTempDirSync({ prefix: "switchboard_" });
  try {
    const file = join(folder, "chat_test.ts");
    Deno.writeTextFileSync(file, code);
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        "test",
        "-A",
        "--no-prompt",
        "--no-lock",
        // tests/cli/project_test.ts checks its types.
        "--no-check",
        "--sanitize-ops",
        "--sanitize-resources",
        "--config",
        join(HERE, "deno.json"),
        file,
      ],
      cwd: HERE,
      env: { NO_COLOR: "1" },
    }).output();
    const [output, errors] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    assert(output!.includes("ok | 2 passed | 0 failed"), `${output}\n${errors}`);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});
