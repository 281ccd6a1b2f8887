import { assertEquals } from "@std/assert";
import type { Page } from "playwright-core";
import { Board } from "../helpers/board.ts";
import { Chromium, findChromium } from "../helpers/browser.ts";
import { Client } from "../helpers/client.ts";
import { exampleFiles } from "../helpers/examples.ts";
import { until } from "../helpers/until.ts";

const SKIP = findChromium() === null;
if (SKIP) console.log("tests/e2e/rooms_test.ts is skipped: no Chromium (apt-get install chromium)");

async function enter(page: Page, url: string, name: string): Promise<void> {
  await page.goto(url);
  await page.getByLabel("Name", { exact: true }).fill(name);
  await page.keyboard.press("Enter");
}

async function say(page: Page, room: string, text: string): Promise<void> {
  await page.getByLabel(`Message to ${room}`).fill(text);
  await page.keyboard.press("Enter");
}

const room = (page: Page, name: string) => page.getByRole("region", { name: `Room ${name}` });

Deno.test({
  name: "rooms in real browser windows",
  ignore: SKIP,
  async fn(t) {
    await using server = await Board.start(exampleFiles("rooms"));
    await using browser = await Chromium.start();
    const ada = await browser.window(1100, 640);
    const bob = await browser.window(360, 640);
    const url = server.http("/services/rooms/assets/");

    await t.step("the landing page links to it and shows its flow", async () => {
      await ada.goto(server.http("/"));
      const flow = ada.getByRole("img", { name: "Flow rooms:" });
      assertEquals(await flow.locator("g:not(.label) > rect").count(), 5);
      assertEquals(
        await flow.locator(".name").allTextContents(),
        ["socket", "door", "manager", "presence", "talk"],
      );
      await ada.getByRole("link", { name: "rooms", exact: true }).click();
      await ada.waitForURL("**/services/rooms/assets/");
    });
    await t.step(
      "the landing page fits a phone: only the flow scrolls, by keyboard too",
      async () => {
        await bob.goto(server.http("/"));
        assertEquals(await bob.evaluate("document.documentElement.scrollWidth"), 360);
        const frame = bob.getByRole("group", { name: "Flow rooms" });
        await frame.focus();
        assertEquals(
          await frame.evaluate((element) => element.scrollWidth > element.clientWidth),
          true,
        );
        await bob.keyboard.press("ArrowRight");
        await until(
          "the flow has scrolled",
          async () => await frame.evaluate((element) => element.scrollLeft) > 0,
        );
      },
    );
    await t.step("several rooms side by side, each with its members", async () => {
      await enter(ada, `${url}#lobby,den`, "Ada");
      await room(ada, "lobby").getByText("1 person here").waitFor();
      await ada.getByLabel("Room", { exact: true }).fill("böse & attic/1");
      await ada.keyboard.press("Enter");
      await room(ada, "böse & attic/1").getByText("1 person here").waitFor();
      assertEquals(await ada.locator(".room").count(), 3);
      await enter(bob, `${url}#den`, "Bob");
      await room(ada, "den").getByText("2 people here").waitFor();
      await room(bob, "den").getByText("2 people here").click();
      assertEquals(
        await room(bob, "den").getByRole("listitem").allTextContents(),
        ["Ada", "Bob"],
      );
      await bob.keyboard.press("Escape");
    });
    await t.step("a message stays in its room", async () => {
      await say(ada, "den", "Hello <b>den</b>");
      await room(bob, "den").getByText("Hello <b>den</b>").waitFor();
      await say(ada, "lobby", "Hello lobby");
      await room(ada, "lobby").getByText("Hello lobby").waitFor();
      await say(bob, "den", "Hello Ada");
      await room(ada, "den").getByText("Hello Ada").waitFor();
      assertEquals(await room(ada, "lobby").locator(".said").count(), 1);
      assertEquals(await room(ada, "böse & attic/1").locator(".said").count(), 0);
      assertEquals(await bob.locator(".said").count(), 2);
    });
    await t.step("the page fits a phone", async () => {
      assertEquals(await bob.evaluate("document.documentElement.scrollWidth"), 360);
    });
    await t.step("the flow is swapped, and every client is still connected", async () => {
      await server.board.reload("rooms");
      await using carl = await Client.open(server.ws("/rooms/den?name=Carl"));
      assertEquals(await carl.nextJson(), { type: "here", people: ["Ada", "Bob", "Carl"] });
      await room(ada, "den").getByText("3 people here").waitFor();
      await say(bob, "den", "Hello Carl");
      assertEquals((await carl.nextJson()).text, "Hello Carl");
      assertEquals(await ada.getByText("Connection lost").count(), 0);
    });
    await t.step("a client that leaves a room stays in the others", async () => {
      await room(ada, "den").getByText("2 people here").waitFor();
      await ada.getByRole("button", { name: "Leave den" }).click();
      await room(bob, "den").getByText("1 person here").waitFor();
      assertEquals(await ada.locator(".room").count(), 2);
      assertEquals(decodeURIComponent(new URL(ada.url()).hash), "#lobby,böse & attic/1");
      await say(ada, "lobby", "still here");
      await room(ada, "lobby").getByText("still here").waitFor();
    });
    await t.step("a client without a name is refused, with a reason", async () => {
      for (const query of ["", "?name=", "?name=%20", `?name=${"x".repeat(25)}`]) {
        const client = await Client.open(server.ws(`/rooms/den${query}`));
        const { type, text } = await client.nextJson();
        assertEquals([type, text], ["refused", "Say who you are: ?name=…, at most 24 characters"]);
        assertEquals((await client.untilClosed()).code, 1000);
      }
      const client = await Client.open(server.ws(`/rooms/${"x".repeat(41)}?name=a`));
      assertEquals((await client.nextJson()).text, "A room's name has at most 40 characters");
      assertEquals((await client.untilClosed()).code, 1000);
      assertEquals(await room(bob, "den").getByText("1 person here").count(), 1);
    });
    await t.step("no page has logged an error", () => assertEquals(browser.errors, []));
  },
});
