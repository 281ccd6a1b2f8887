import { assertEquals, assertRejects } from "@std/assert";
import { HandshakeError, TestBoard } from "@switchboard/switchboard/testing";

Deno.test.sanitizer({ ops: true, resources: true });

const root = new URL("../../", import.meta.url);

/** What the chat tells its clients. */
type News =
  | { type: "welcome"; name: string; people: string[]; history: { from: string; text: string }[] }
  | { type: "joined" | "left"; name: string; people: string[] }
  | { type: "said"; from: string; text: string };

const join = (board: TestBoard, name: string) => board.connect<News>("chat", { params: { name } });

Deno.test("the chat service", async (t) => {
  await using board = await TestBoard.start({ root, service: "chat" });
  await t.step("a client that joins the chat is welcomed, and the others are told", async () => {
    await using ann = await join(board, "Ann");
    assertEquals(await ann.nextJson(), {
      type: "welcome",
      name: "Ann",
      people: ["Ann"],
      history: [],
    });
    await using ben = await join(board, "Ben");
    assertEquals(await ann.nextJson(), { type: "joined", name: "Ben", people: ["Ann", "Ben"] });
    await board.untilGroup("chat", 2);
    await ben.close();
    assertEquals(await ann.nextJson(), { type: "left", name: "Ben", people: ["Ann"] });
    await board.untilGroup("chat", 1);
  });

  await t.step("all clients get a message, and a late client gets it on joining", async () => {
    await board.untilGroup("chat", 0);
    await using ann = await join(board, "Ann");
    await using ben = await join(board, "Ben");
    await ben.nextJson(({ type }) => type === "welcome");
    ben.send("  hi  ");
    ben.send("   ");
    for (const client of [ann, ben]) {
      const { from, text } = await client.nextJson((news) => news.type === "said");
      assertEquals([from, text], ["Ben", "hi"]);
    }
    await using cleo = await join(board, "Cleo");
    const { history } = await cleo.nextJson((news) => news.type === "welcome");
    assertEquals(history.map(({ text }) => text), ["hi"]);
  });

  await t.step("two of one name are told apart", async () => {
    await board.untilGroup("chat", 0);
    await using _first = await join(board, "Ann");
    await board.untilGroup("chat", 1);
    await using second = await join(board, "Ann");
    assertEquals((await second.nextJson((news) => news.type === "welcome")).name, "Ann 2");
  });

  await t.step(
    "a client without a name is refused, and so is another site's page",
    async () => {
      await board.untilGroup("chat", 0);
      const nameless = await assertRejects(() => board.connect("chat"), HandshakeError);
      assertEquals([nameless.status, nameless.body], [400, "Say who you are: ?name=…"]);
      const foreign = await assertRejects(
        () =>
          board.connect("chat", {
            params: { name: "Eve" },
            headers: { origin: "https://evil.example" },
          }),
        HandshakeError,
      );
      assertEquals(foreign.status, 403);
      assertEquals(board.getGroupSize("chat"), 0);
    },
  );
});
