import { assertEquals } from "@std/assert";
import { TestBoard } from "@switchboard/switchboard/testing";

Deno.test.sanitizer({ ops: true, resources: true });

const root = new URL("../../", import.meta.url);

/** What a room tells its clients. */
type News =
  | { type: "here"; people: string[] }
  | { type: "said"; from: string; text: string; at: number }
  | { type: "refused"; text: string };

// A flow is at a path of its own, so it is that which a test connects to.
const enter = (board: TestBoard, room: string, name: string) =>
  board.connect<News>(`/rooms/${room}`, { params: { name } });

Deno.test("the rooms service", async (t) => {
  await using board = await TestBoard.start({ root, service: "rooms" });
  await t.step("messages stay in their room", async () => {
    await using ann = await enter(board, "den", "Ann");
    await using ben = await enter(board, "den", "Ben");
    await using zoe = await enter(board, "attic", "Zoe");
    await ann.nextJson((news) => news.type === "here" && news.people.length === 2);
    await zoe.nextJson((news) => news.type === "here");
    ben.send("hi");
    const { from, text } = await ann.nextJson((news) => news.type === "said");
    assertEquals([from, text], ["Ben", "hi"]);
    zoe.send("alone");
    assertEquals((await zoe.nextJson((news) => news.type === "said")).text, "alone");
  });

  await t.step("a room knows its members", async () => {
    await using ann = await enter(board, "loft", "Ann");
    assertEquals(await ann.nextJson(), { type: "here", people: ["Ann"] });
    await using ben = await enter(board, "loft", "Ben");
    assertEquals(await ann.nextJson(), { type: "here", people: ["Ann", "Ben"] });
    await ben.close();
    assertEquals(await ann.nextJson(), { type: "here", people: ["Ann"] });
  });

  await t.step("a client without a name gets an error and is closed", async () => {
    await using nobody = await enter(board, "den", " ");
    assertEquals((await nobody.nextJson()).type, "refused");
    assertEquals((await nobody.untilClosed()).code, 1000);
  });
});
