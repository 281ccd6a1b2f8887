import { assertEquals } from "@std/assert";
import { TestBoard } from "@switchboard/switchboard/testing";

Deno.test.sanitizer({ ops: true, resources: true });

const root = new URL("../../", import.meta.url);

Deno.test("the dirigible-echo service", async (t) => {
  await using board = await TestBoard.start({ root, service: "dirigible-echo" });
  await t.step("a handler's return value goes to the sender of the message", async () => {
    await using ann = await board.connect("dirigible-echo");
    ann.send("hi");
    assertEquals(await ann.next(), "hi");
  });

  await t.step(
    "a handler relays through a client of its own, and only to this server",
    async () => {
      await using ann = await board.connect("dirigible-echo");
      ann.send(`relay ${new URL(board.url).host} once around`);
      assertEquals(await ann.next(), "relayed: once around");
      ann.send("relay example.com hi");
      assertEquals(await ann.next(), "cannot relay to example.com: only to this server itself");
    },
  );
});
