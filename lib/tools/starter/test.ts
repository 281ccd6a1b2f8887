import type { TestSubject } from "../../model/mod.ts";

/** A test that starts the service on a free port and talks to it through real sockets. */
export function testOf({ name, path, does, talk }: TestSubject): string {
  return `import { assertEquals } from "@std/assert";
import { TestBoard } from "@switchboard/switchboard/testing";

Deno.test("${name}: ${does}", async () => {
  const root = \`\${import.meta.dirname}/..\`;
  const service = "${name}";
  const path = "${path}";
  await using board = await TestBoard.start({ root, service });
  const ada = await board.connect(path, { params: { name: "Ada" } });
  const bob = await board.connect(path, { params: { name: "Bob" } });
${talk}
});
`;
}
