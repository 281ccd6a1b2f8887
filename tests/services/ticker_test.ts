import { assertEquals } from "@std/assert";
import { TestBoard } from "@switchboard/switchboard/testing";

Deno.test.sanitizer({ ops: true, resources: true });

const root = new URL("../../", import.meta.url);

interface News {
  headlines: { text: string; source: string; at: number }[];
}

Deno.test("the ticker service", async (t) => {
  await using board = await TestBoard.start({ root, service: "ticker" });
  await t.step("a headline that is posted reaches every reader", async () => {
    await using ann = await board.connect<News>("ticker");
    await using ben = await board.connect<News>("ticker");
    await board.untilGroup("ticker", 2);
    const answer = await board.fetch("ticker", { method: "POST", body: "Deno  runs XP\n" });
    assertEquals([answer.status, await answer.json()], [202, { readers: 2 }]);
    for (const reader of [ann, ben]) {
      const { headlines } = await reader.nextJson(({ headlines }) =>
        headlines.some(({ source }) => source === "reader")
      );
      assertEquals(headlines.at(-1)!.text, "Deno runs XP");
    }
  });

  await t.step("a headline that is none is refused", async () => {
    for (const body of ["", " ", "x".repeat(201)]) {
      const answer = await board.fetch("ticker", { method: "POST", body });
      assertEquals(answer.status, 400);
      assertEquals(await answer.json(), { error: "A headline has 1 to 200 characters" });
    }
  });

  await t.step("the ticker pushes by itself", async () => {
    // It does so every five seconds.
    await using reader = await board.connect<News>("ticker", { deadlineMs: 15_000 });
    await reader.nextJson(({ headlines }) => headlines.some(({ source }) => source === "timer"));
  });
});
