import { assertEquals, assertRejects } from "@std/assert";
import { HandshakeError, TestBoard } from "@switchboard/switchboard/testing";

Deno.test("Ann receives what Ben sends", async () => {
  await using board = await TestBoard.start({ root: ".", service: "chat" });
  const ann = await board.connect("chat", { params: { name: "Ann" } });
  const ben = await board.connect("chat", { params: { name: "Ben" } });
  await board.untilGroup("chat", 2);
  ben.send("hi");
  const { from, text } = await ann.nextJson(({ type }) => type === "said");
  assertEquals([from, text], ["Ben", "hi"]);
});

Deno.test("a client without a name is refused", async () => {
  await using board = await TestBoard.start({ root: ".", service: "chat" });
  const { status } = await assertRejects(() => board.connect("chat"), HandshakeError);
  assertEquals(status, 400);
});
