import { assertEquals } from "@std/assert";
import { TestBoard } from "@switchboard/switchboard/testing";

Deno.test.sanitizer({ ops: true, resources: true });

const root = new URL("../../", import.meta.url);

Deno.test("echo sends text and bytes back to who sent them, and to nobody else", async () => {
  await using board = await TestBoard.start({ root, service: "echo" });
  const ann = await board.connect("echo");
  const ben = await board.connect("echo");
  ann.send("over and out");
  ann.send(new Uint8Array([1, 2, 3]));
  ben.send("ben");
  assertEquals(await ann.next(), "over and out");
  assertEquals(await ann.nextBytes(), new Uint8Array([1, 2, 3]));
  assertEquals(await ben.next(), "ben");
});

Deno.test("echo leads a browser to its page", async () => {
  await using board = await TestBoard.start({ root, service: "echo" });
  const answer = await board.fetch("echo");
  assertEquals(answer.headers.get("location"), "/services/echo/assets/");
  await answer.body?.cancel();
});
