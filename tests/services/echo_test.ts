import { assertEquals } from "@std/assert";
import { TestBoard } from "@switchboard/switchboard/testing";

Deno.test.sanitizer({ ops: true, resources: true });

const root = new URL("../../", import.meta.url);

Deno.test("the echo service", async (t) => {
  await using board = await TestBoard.start({ root, service: "echo" });
  await t.step("echo sends text and bytes back to the sender only", async () => {
    await using ann = await board.connect("echo");
    await using ben = await board.connect("echo");
    ann.send("over and out");
    ann.send(new Uint8Array([1, 2, 3]));
    ben.send("ben");
    assertEquals(await ann.next(), "over and out");
    assertEquals(await ann.nextBytes(), new Uint8Array([1, 2, 3]));
    assertEquals(await ben.next(), "ben");
  });

  await t.step("echo leads a browser to its page", async () => {
    const answer = await board.fetch("echo");
    assertEquals(answer.headers.get("location"), "/services/echo/assets/");
    await answer.body?.cancel();
  });
});
