import { assertEquals } from "@std/assert";
import { Chromium, findChromium } from "../helpers/browser.ts";
import { Serving, switchboard } from "../helpers/project.ts";
import { Site } from "../helpers/site.ts";

const SKIP = findChromium() === null;
if (SKIP) console.log("tests/cli/init_page_test.ts is skipped: no Chromium");

Deno.test({
  name: "the page that init makes, in real browser windows",
  ignore: SKIP,
  async fn(t) {
    using site = Site.make({});
    const options = { cwd: site.root };
    assertEquals((await switchboard(["init"], options)).code, 0);
    await using first = await Serving.start(["task", "start"], options);
    await using browser = await Chromium.start();

    await t.step("two people chat, one of them on a phone", async () => {
      const url = `http://127.0.0.1:${first.port}/services/chat`;
      const [ada, bob] = [await browser.window(), await browser.window(360, 640)];
      for (const [page, name] of [[ada, "Ada"], [bob, "Bob"]] as const) {
        await page.goto(url);
        // By keyboard alone: the page waits for the name, at the latest when it is first drawn.
        await page.locator("#name:focus").waitFor();
        await page.keyboard.type(name);
        await page.keyboard.press("Enter");
        await page.getByText(`${name} joined`).waitFor();
      }
      await ada.getByText("2 are here").waitFor();
      await bob.keyboard.type("Hello <b>Ada</b>");
      await bob.keyboard.press("Enter");
      await ada.getByText("Hello <b>Ada</b>").waitFor();
      await ada.getByLabel("Message", { exact: true }).fill("Hi!");
      await ada.getByRole("button", { name: "Send" }).click();
      await bob.getByText("Hi!").waitFor();
      assertEquals(await bob.locator("li.mine").count(), 1);
      // A participant of the same name is another participant.
      const other = await browser.window();
      await other.goto(url);
      await other.locator("#name:focus").waitFor();
      await other.keyboard.type("Ada");
      await other.keyboard.press("Enter");
      // Its own page, too: before its socket is open it takes no text.
      for (const page of [ada, other]) await page.getByText("3 are here").waitFor();
      await other.keyboard.type("from the other Ada");
      await other.keyboard.press("Enter");
      await ada.getByText("from the other Ada").waitFor();
      await other.getByText("from the other Ada").waitFor();
      assertEquals(await ada.locator("li.mine").allTextContents(), ["AdaHi!"]);
      assertEquals(await other.locator("li.mine").count(), 1);
      await other.context().close();
      await bob.getByText("Ada left").waitFor();
      const overflows = await bob.evaluate("document.documentElement.scrollWidth > innerWidth");
      assertEquals(overflows, false);
      await bob.context().close();
      await ada.getByText("Bob left").waitFor();
      await ada.getByText("Only you are here").waitFor();
      assertEquals(browser.errors, []);
      await ada.context().close();
    });

    await t.step("it comes back when the server does", async () => {
      const page = await browser.window();
      await page.goto(`http://127.0.0.1:${first.port}/services/chat`);
      await page.locator("#name:focus").waitFor();
      await page.keyboard.type("Ada");
      await page.keyboard.press("Enter");
      await page.getByText("Only you are here").waitFor();
      await first[Symbol.asyncDispose]();
      await page.getByText("Connection lost. Reconnecting…").waitFor();
      assertEquals(await page.getByRole("button", { name: "Send" }).isDisabled(), true);
      await using _second = await Serving.start(["task", "start"], {
        ...options,
        env: { SWITCHBOARD_PORT: String(first.port) },
      });
      await page.getByText("Only you are here").waitFor();
      await page.getByLabel("Message", { exact: true }).fill("back again");
      await page.keyboard.press("Enter");
      await page.getByText("back again").waitFor();
    });
  },
});
