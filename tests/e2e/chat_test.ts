import { assertEquals } from "@std/assert";
import type { Page } from "playwright-core";
import { Chromium, findChromium } from "../helpers/browser.ts";
import { exampleFiles } from "../helpers/examples.ts";
import { InProcessServer } from "../helpers/in_process.ts";
import { SharedBoard } from "../helpers/shared_board.ts";
import { Site } from "../helpers/site.ts";

const SKIP = findChromium() === null;
if (SKIP) {
  console.log("tests/e2e/chat_test.ts is skipped: there is no Chromium (apt-get install chromium)");
}

const openWindows = Chromium.shared();
const board = new SharedBoard(exampleFiles("chat", "echo", "ticker"));

async function join(page: Page, url: string, name: string): Promise<void> {
  await page.goto(url);
  await page.getByLabel("Name").fill(name);
  await page.getByRole("button", { name: "Join the chat" }).click();
  await page.getByText(`You are ${name}`).waitFor();
}

async function say(page: Page, text: string): Promise<void> {
  await page.getByLabel("Message", { exact: true }).fill(text);
  await page.keyboard.press("Enter");
}

board.add("two people chat in real browser windows", {}, async (server, t) => {
  await using windows = openWindows();
  const ada = await windows.open();
  const bob = await windows.open(360, 640);
  const url = server.http("/");

  await t.step("the landing page lists the services and links to the chat", async () => {
    await ada.goto(url);
    for (const name of ["chat", "echo", "ticker"]) {
      await ada.getByRole("link", { name, exact: true }).waitFor();
    }
    await ada.getByRole("link", { name: "chat", exact: true }).click();
    await ada.waitForURL("**/services/chat/assets/");
  });

  const chat = server.http("/services/chat");

  await t.step("the others see a client that joins", async () => {
    await join(ada, chat, "Ada");
    await ada.getByText("1 person here").waitFor();
    await join(bob, chat, "Bob");
    await ada.getByText("Bob joined").waitFor();
    await ada.getByText("2 people here").waitFor();
    await bob.getByText("2 people here").waitFor();
  });

  await t.step("what one says, both read, and markup is text", async () => {
    await say(ada, "Hello <b>Bob</b>");
    await bob.getByText("Hello <b>Bob</b>").waitFor();
    await say(bob, "Hi!");
    await ada.getByText("Hi!").waitFor();
    assertEquals(await ada.locator(".said.mine").count(), 1);
    assertEquals(await ada.locator(".said").count(), 2);
  });

  await t.step("a client that comes late reads the last messages", async () => {
    const cleo = await windows.open();
    await join(cleo, chat, "Cleo");
    await cleo.getByText("Hi!").waitFor();
    assertEquals(await cleo.locator(".said").count(), 2);
    await cleo.context().close();
    await ada.getByText("Cleo left").waitFor();
    await ada.getByText("2 people here").waitFor();
  });

  await t.step("the names are behind the count, by keyboard too", async () => {
    await ada.locator("summary").focus();
    await ada.keyboard.press("Enter");
    assertEquals(await ada.locator("#people li").allTextContents(), ["Ada", "Bob"]);
  });

  await t.step("the page fits a phone", async () => {
    const overflows = await bob.evaluate("document.documentElement.scrollWidth > innerWidth");
    assertEquals(overflows, false);
  });

  assertEquals(windows.errors, []);
});

board.add("echo and ticker work in a real browser", {}, async (server, t) => {
  await using windows = openWindows();

  const page = await windows.open(360, 640);
  const reader = await windows.open();

  await t.step("echo comes back", async () => {
    await page.goto(server.http("/services/echo"));
    await page.getByText("Connected").waitFor();
    await page.getByLabel("Message").fill("over and out");
    await page.getByRole("button", { name: "Send" }).click();
    await page.getByText("over and out").waitFor();
  });

  await t.step(
    "a headline posted in one window appears in the other, and from curl too",
    async () => {
      for (const window of [reader, page]) {
        await window.goto(server.http("/services/ticker"));
        await window.getByText("Live").waitFor();
      }
      await page.getByLabel("Your headline").fill("Deno runs XP");
      await page.getByRole("button", { name: "Publish" }).click();
      await reader.getByText("Deno runs XP").waitFor();
      const response = await server.fetch("/services/ticker", {
        method: "POST",
        body: JSON.stringify({ headline: "JSON too" }),
        headers: { "content-type": "application/json" },
      });
      assertEquals([response.status, await response.json()], [202, { readers: 2 }]);
      await reader.getByText("JSON too").waitFor();
    },
  );

  await t.step("the ticker's timer pushes by itself", async () => {
    await reader.goto(server.http("/services/ticker"));
    await reader.locator("#news li.timer").first().waitFor();
  });

  assertEquals(windows.errors, []);
});

Deno.test({ name: "chat, echo and ticker in real browser windows", ignore: SKIP, fn: board.run });

Deno.test({
  name: "the chat's page comes back when the server does",
  ignore: SKIP,
  async fn() {
    using site = Site.make(exampleFiles("chat"));
    await using first = await InProcessServer.start(site);
    await using windows = openWindows();
    const page = await windows.open();
    await join(page, first.http("/services/chat"), "Ada");
    assertEquals(await first.stop(), 0);
    await page.getByText("Connection lost. Reconnecting…").waitFor();
    assertEquals(await page.getByLabel("Message", { exact: true }).isDisabled(), true);
    await using _second = await InProcessServer.start(site, {
      args: ["--port", String(first.port)],
    });
    await page.getByText("1 person here").waitFor();
    await say(page, "back again");
    await page.getByText("back again").waitFor();
  },
});

Deno.test({
  name: "the chat is edited while people are in it",
  ignore: SKIP,
  async fn(t) {
    using site = Site.make(exampleFiles("chat"));
    const file = `${site.root}/services/chat/chat.ts`;
    const source = Deno.readTextFileSync(file);
    await using server = await InProcessServer.start(site, { command: "dev" });
    await server.output.next((line) => line.startsWith("Watching "));
    await using windows = openWindows();
    const ada = await windows.open();
    const bob = await windows.open();
    const chat = server.http("/services/chat");
    await join(ada, chat, "Ada");
    await join(bob, chat, "Bob");
    await say(ada, "before");
    await bob.getByText("before").waitFor();

    await t.step("the new version answers, in the sockets that there are", async () => {
      Deno.writeTextFileSync(
        file,
        source.replace("say(name, text", "say(name, text.toUpperCase()"),
      );
      await server.log.next((line) => line.includes("chat Swapped in"));
      await say(ada, "after");
      await bob.getByText("AFTER").waitFor();
      await bob.getByText("2 people here").waitFor();
    });

    await t.step("it knows who is present", async () => {
      const cleo = await windows.open();
      await join(cleo, chat, "Ada");
      await bob.getByText("Ada 2 joined").waitFor();
      await bob.getByText("3 people here").waitFor();
      await cleo.context().close();
      await bob.getByText("Ada 2 left").waitFor();
    });

    await t.step("a version with an error changes nothing", async () => {
      Deno.writeTextFileSync(file, source.replace("function say(", "function say(("));
      await server.log.next((line) => line.includes("The last good version stays up"));
      await say(bob, "still here");
      await ada.getByText("STILL HERE").waitFor();
    });

    await t.step("no client was disconnected, and no page had an error", async () => {
      assertEquals(await ada.getByText("You are Ada").isVisible(), true);
      assertEquals((await server.counts()).sessions, 2);
      assertEquals(windows.errors, []);
    });
  },
});
