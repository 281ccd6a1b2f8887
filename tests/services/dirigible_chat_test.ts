import { assertEquals } from "@std/assert";
import { TestBoard, type TestClient } from "@switchboard/switchboard/testing";

Deno.test.sanitizer({ ops: true, resources: true });

const root = new URL("../../", import.meta.url);

/** What the chat tells its clients. */
type News =
  | { type: "welcome"; name: string }
  | { type: "list"; people: string[] }
  | { type: "said"; from: string; to: string; text: string }
  | { type: "gone"; text: string; people: string[] }
  | { type: "taken" | "unknown" | "error"; text: string };

/** A message names the module that is to run, and what it is given. */
interface Call {
  module: string;
  params: Record<string, string>;
}

const module = "/dirigible-chat/chat_service.js";

async function join(board: TestBoard, from: string): Promise<TestClient<News, Call>> {
  const client = await board.connect<News, Call>("dirigible-chat");
  client.sendJson({ module, params: { type: "welcome", from } });
  return client;
}

/** Waits until the service has handled that all have left. */
async function allHaveLeft({ switchboard }: TestBoard): Promise<void> {
  while (switchboard.stats.sessions > 0) await new Promise((done) => setTimeout(done, 5));
}

Deno.test("the dirigible-chat service", async (t) => {
  await using board = await TestBoard.start({ root, service: "dirigible-chat" });
  await t.step("a client that gives its name sees who is present", async () => {
    await using tom = await join(board, "Tom");
    assertEquals(await tom.nextJson(), { type: "welcome", name: "Tom" });
    assertEquals(await tom.nextJson(), { type: "list", people: ["Tom"] });
    await using eva = await join(board, "Eva");
    assertEquals(await tom.nextJson(), { type: "list", people: ["Tom", "Eva"] });
    await eva.nextJson(({ type }) => type === "list");
    await using other = await join(board, "Eva");
    assertEquals(await other.nextJson(), { type: "taken", text: "Eva is here already" });
  });

  await t.step(
    "a message goes to its addressee, and a client that has left is no longer listed",
    async () => {
      await allHaveLeft(board);
      await using tom = await join(board, "Tom");
      await using eva = await join(board, "Eva");
      await tom.nextJson((news) => news.type === "list" && news.people.length === 2);
      tom.sendJson({ module, params: { type: "message", to: "Eva", text: "Hello" } });
      const { from, text } = await eva.nextJson((news) => news.type === "said");
      assertEquals([from, text], ["Tom", "Hello"]);
      await eva.close();
      tom.sendJson({ module, params: { type: "message", to: "Eva", text: "Hello?" } });
      assertEquals(
        (await tom.nextJson((news) => news.type === "gone")).text,
        "Eva is not here any more",
      );
    },
  );
});
