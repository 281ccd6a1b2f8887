import { assertEquals } from "@std/assert";
import type { Page } from "playwright-core";
import { Chromium, findChromium } from "../helpers/browser.ts";
import { exampleFiles } from "../helpers/examples.ts";
import { SharedBoard } from "../helpers/shared_board.ts";

const SKIP = findChromium() === null;
if (SKIP) {
  console.log("tests/e2e/dirigible_test.ts is skipped: no Chromium (apt-get install chromium)");
}

const openWindows = Chromium.shared();
const board = new SharedBoard(exampleFiles("dirigible-chat", "dirigible-echo"));

async function join(page: Page, url: string, name: string): Promise<void> {
  await page.goto(url);
  await page.getByLabel("Name").fill(name);
  await page.keyboard.press("Enter");
}

async function write(page: Page, to: string, text: string): Promise<void> {
  await page.getByLabel("To", { exact: true }).selectOption(to);
  await page.getByLabel("Message", { exact: true }).fill(text);
  await page.keyboard.press("Enter");
}

board.add("the Dirigible chat in real browser windows", {}, async (server, t) => {
  await using windows = openWindows();
  const tom = await windows.open();
  const eva = await windows.open(360, 640);
  const url = server.http("/services/dirigible-chat/assets/");

  await t.step("the landing page links to it", async () => {
    await tom.goto(server.http("/"));
    await tom.getByRole("link", { name: "dirigible-chat", exact: true }).click();
    await tom.waitForURL("**/services/dirigible-chat/assets/");
  });
  await t.step("a client that joins sees who is present", async () => {
    await join(tom, url, "Tom");
    await tom.getByText("You are Tom").waitFor();
    await join(eva, url, "Eva");
    await eva.getByText("2 people here").waitFor();
    await tom.getByText("2 people here").waitFor();
  });
  await t.step("a message goes to its addressee only", async () => {
    const bob = await windows.open();
    await join(bob, url, "Bob");
    await tom.getByText("3 people here").waitFor();
    await write(tom, "Eva", "Hello <b>Eva</b>");
    await eva.getByText("Hello <b>Eva</b>").waitFor();
    await write(eva, "Tom", "Hello Tom");
    await tom.getByText("Hello Tom").waitFor();
    assertEquals(await bob.locator(".said").count(), 0);
    assertEquals(await tom.locator(".said").count(), 2);
    await bob.context().close();
    await tom.getByText("2 people here").waitFor();
  });
  await t.step("a name that is taken is refused", async () => {
    const other = await windows.open();
    await join(other, url, "Tom");
    await other.getByText("Tom is here already: choose another name.").waitFor();
    await other.getByLabel("Name").fill("Tim");
    await other.keyboard.press("Enter");
    await other.getByText("You are Tim").waitFor();
    await other.context().close();
  });
  await t.step("the page fits a phone", async () => {
    const width = await eva.evaluate("document.documentElement.scrollWidth");
    assertEquals(width, 360);
  });
  await t.step("a restarted service knows its clients", async () => {
    await server.board.reload("dirigible-chat");
    // The pages ask who is here now and then, and learn that they have to say who they are.
    await tom.getByText("You are Tom").nth(1).waitFor();
    await eva.getByText("You are Eva").nth(1).waitFor();
    await tom.getByText("2 people here").waitFor();
    await write(tom, "Eva", "again");
    await eva.getByText("again").waitFor();
  });
  await t.step("no page had an error", () => assertEquals(windows.errors, []));
});

board.add(
  "the Dirigible echo in a real browser window, straight and relayed",
  {},
  async (server, t) => {
    await using windows = openWindows();
    const page = await windows.open(360, 640);
    await page.goto(server.http("/services/dirigible-echo/assets/"));
    await page.getByText("Connected").waitFor();
    await t.step("straight, by keyboard", async () => {
      await page.getByLabel("Message").fill("over here");
      await page.keyboard.press("Enter");
      await page.getByRole("listitem").getByText("over here", { exact: true }).waitFor();
    });
    await t.step("relayed, through a client of the service", async () => {
      await page.getByLabel("Message").fill("round about");
      await page.getByRole("button", { name: "Relay" }).click();
      await page.getByText("relayed: round about").waitFor();
    });
    await t.step("to this server only", async () => {
      await page.getByLabel("Message").fill("relay example.com x");
      await page.keyboard.press("Enter");
      await page.getByText("cannot relay to example.com").waitFor();
    });
    await t.step("it fits a phone, without an error", async () => {
      assertEquals(await page.evaluate("document.documentElement.scrollWidth"), 360);
      assertEquals(windows.errors, []);
    });
  },
);

Deno.test({
  name: "the examples of Dirigible in real browser windows",
  ignore: SKIP,
  fn: board.run,
});
