import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Locator, Page } from "playwright-core";
import { Chromium, findChromium } from "../helpers/browser.ts";
import { flow } from "../helpers/flow.ts";
import { InProcessServer } from "../helpers/in_process.ts";
import { SharedBoard } from "../helpers/shared_board.ts";

const SKIP = findChromium() === null;
if (SKIP) {
  console.log("tests/e2e/dev_client_test.ts is skipped: no Chromium (apt-get install chromium)");
}

const ATTACK =
  `<img src=x onerror="document.title='owned'"><script>document.title="owned"</script>`;
const TALK = `
  import { close, send } from "/lib/websocket";
  export const get = () => ({ webSocket: {} });
  export function webSocketEvent({ type, message, session: { id } }) {
    if (type !== "message") return;
    if (message === "attack") send(id, ${JSON.stringify(ATTACK)});
    else if (message === "end") close(id, 4002, "as you said");
    else if (message === "flood") for (let number = 1; number <= 3000; number++) send(id, "f" + number);
    else if (message === "large") send(id, "x".repeat(50000));
    else send(id, message);
  }
`;
const FILES = {
  "services/talk/talk.ts": TALK,
  "services/strict/strict.ts": TALK,
  "services/strict/service.json": { origins: ["https://only.example"] },
  "services/no/no.ts": `export const get = () => ({ status: 418, body: "Not for you" });`,
  "services/dirigible/dirigible.websocket": { endpoint: "greet", handler: "dirigible/handler" },
  "services/dirigible/handler.js": `exports.onMessage = (message) => "Dirigible: " + message;`,
  "services/flow/flow.flow.json": flow("/rooms/:room", { n: "./n.js" }, [[
    "socket.message",
    "n.in",
  ]]),
  "services/flow/n.js": `exports.handler = ({ in: { message }, ctx }) => ctx?.send?.(message);`,
  "services/<b>bold/<b>bold.js": TALK,
};

const openWindows = Chromium.shared();
/** As dev serves it, without the spare isolates that dev keeps. */
const board = new SharedBoard(FILES, { devPage: true });

/** The client on the page. */
class Panel {
  readonly frames: Locator;
  readonly state: Locator;
  readonly problem: Locator;
  readonly url: Locator;
  readonly message: Locator;

  constructor(readonly page: Page) {
    const section = page.getByRole("region", { name: "Client" });
    this.frames = section.getByRole("log", { name: "Frames" });
    this.state = section.getByRole("status");
    this.problem = section.getByRole("alert");
    this.url = section.getByLabel("URL");
    this.message = section.getByRole("textbox", { name: "Message" });
  }

  async connect(url: string): Promise<void> {
    await this.url.fill(url);
    await this.page.keyboard.press("Enter");
    await this.state.getByText("Connected").waitFor();
  }

  async disconnect(): Promise<void> {
    await this.page.getByRole("button", { name: "Disconnect" }).click();
    await this.state.getByText("Closed with").waitFor();
  }

  /** Kind, size and text of the frames since the last line of our own. */
  async shown(): Promise<string[]> {
    const rows = await this.frames.locator(".frame").allTextContents();
    return rows.map((row) => row.replace(/^\d\d:\d\d:\d\d\.\d{3}/, ""));
  }

  async waitFor(text: string): Promise<void> {
    await this.frames.getByText(text, { exact: true }).last().waitFor();
  }

  async clear(): Promise<void> {
    await this.page.getByRole("button", { name: "Clear" }).click();
  }
}

board.add("the landing page of dev has a client", {}, async (server, t) => {
  await using windows = openWindows();
  const page = await windows.open(1100, 800);
  await page.goto(server.http("/"));
  const panel = new Panel(page);

  await t.step("it offers every place where a websocket may be", async () => {
    const options = await page.getByLabel("Service").locator("option").allTextContents();
    assertEquals(options, [
      "<b>bold: /services/%3Cb%3Ebold",
      "dirigible: /websockets/v4/service/greet",
      "dirigible: /websockets/service/greet",
      "flow: /rooms/:room",
      "no: /services/no",
      "strict: /services/strict",
      "talk: /services/talk",
    ]);
  });
  await t.step("choose, connect, send, and see what comes back, by keyboard alone", async () => {
    await page.getByLabel("Service").focus();
    await page.keyboard.type("talk");
    assertEquals(await panel.url.inputValue(), "/services/talk");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await panel.state.getByText("Connected").waitFor();
    // Connected, one can write at once.
    await page.keyboard.type("hello");
    await page.keyboard.press("Shift+Enter");
    await page.keyboard.type("grüße");
    await page.keyboard.press("Enter");
    await panel.frames.locator(".in").waitFor();
    assertEquals(await panel.shown(), [
      "Connected to /services/talk",
      "→13 Bhello\ngrüße",
      "←13 Bhello\ngrüße",
    ]);
    assertEquals(await panel.message.inputValue(), "");
    assertMatch(
      (await panel.frames.locator("time").first().textContent())!,
      /^\d\d:\d\d:\d\d\.\d{3}$/,
    );
  });
  await t.step("bytes, as hexadecimal digits", async () => {
    await panel.clear();
    await page.getByLabel("Bytes (hex)").check();
    await panel.message.fill("00 fF:0x10");
    await page.keyboard.press("Enter");
    await panel.frames.locator(".in").waitFor();
    assertEquals(await panel.shown(), ["→3 B00 ff 10", "←3 B00 ff 10"]);
    const garbage: [string, string][] = [
      ["48 6", "3 digits"],
      ["zz", '"zz"'],
      ["12 <b>", '"<"'],
      ["💥", '"💥"'],
    ];
    for (const [text, got] of garbage) {
      await panel.message.fill(text);
      await page.getByRole("button", { name: "Send" }).click();
      assertEquals(
        await panel.problem.textContent(),
        `Expected pairs of hex digits such as "48 69", got ${got}`,
      );
      assertEquals(await panel.message.inputValue(), text);
    }
    assertEquals((await panel.shown()).length, 2);
    await page.getByLabel("Text", { exact: true }).check();
    await panel.message.fill("");
  });
  await t.step("what a server sends is text, whatever it looks like", async () => {
    await panel.clear();
    await panel.message.fill("attack");
    await page.keyboard.press("Enter");
    await panel.frames.locator(".in").waitFor();
    assertEquals(await panel.shown(), ["→6 Battack", `←${ATTACK.length} B${ATTACK}`]);
    assertEquals(await panel.frames.locator("img, script").count(), 0);
    assertMatch(await page.title(), /Switchboard$/);
  });
  await t.step("a large message is cut, and says by how much", async () => {
    await panel.clear();
    await panel.message.fill("large");
    await page.keyboard.press("Enter");
    await panel.frames.locator(".in").waitFor();
    assertEquals((await panel.shown())[1], `←50000 B${"x".repeat(10_000)} … 40000 more`);
  });
  await t.step("a flood leaves the last 500 frames", async () => {
    await panel.clear();
    await panel.message.fill("flood");
    await page.keyboard.press("Enter");
    await panel.waitFor("f3000");
    assertEquals(await panel.frames.locator(".frame").count(), 500);
    assertEquals((await panel.shown()).at(-1), "←5 Bf3000");
    assertEquals(await page.getByText("The last 500 of 3001").count(), 1);
    const isAtEnd = await panel.frames.evaluate((element) =>
      element.scrollHeight - element.scrollTop - element.clientHeight < 2
    );
    assertEquals(isAtEnd, true);
  });
  await t.step("a close is shown with its code, its name and its reason", async () => {
    await panel.clear();
    await panel.message.fill("end");
    await page.keyboard.press("Enter");
    await panel.waitFor("Closed with 4002 (the application's own): as you said");
    assertEquals(await panel.state.textContent(), "Closed with 4002");
    await panel.message.fill("too late");
    await page.keyboard.press("Enter");
    assertEquals(await panel.problem.textContent(), "Connect first");
    assertEquals(await panel.message.inputValue(), "too late");
    await panel.connect("/services/talk");
    await panel.disconnect();
    await panel.waitFor("Closed with 1000 (normal closure)");
    await panel.connect("/services/talk");
    await panel.message.fill("y".repeat(70_000));
    await page.keyboard.press("Enter");
    await panel.waitFor("Closed with 1009 (message too big): message too big");
  });
  await t.step("an endpoint of Dirigible", async () => {
    await page.getByLabel("Service").selectOption("/websockets/service/greet");
    await panel.connect("/websockets/service/greet");
    await panel.message.fill("hello");
    await page.keyboard.press("Enter");
    await panel.waitFor("Dirigible: hello");
    await panel.disconnect();
  });
  await t.step("a path of a flow: its parameter must be filled in first", async () => {
    await panel.clear();
    await page.getByLabel("Service").selectOption("/rooms/:room");
    await page.getByRole("button", { name: "Connect" }).click();
    assertEquals(await panel.problem.textContent(), "Put a value in place of :room");
    // It is selected: typing replaces it.
    await page.keyboard.type("den?name=Ada");
    assertEquals(await panel.url.inputValue(), "/rooms/den?name=Ada");
    await page.keyboard.press("Enter");
    await panel.waitFor("Connected to /rooms/den?name=Ada");
    await panel.disconnect();
  });
  await t.step("URLs that are none, or another server's, are not connected to", async () => {
    const wrong: [string, string][] = [
      ["", "Expected a path such as /services/chat"],
      ["  ", "Expected a path such as /services/chat"],
      [
        "ws://example.com/x",
        `Expected a path or a URL of 127.0.0.1:${server.port}, got one of example.com`,
      ],
      [
        "//example.com/x",
        `Expected a path or a URL of 127.0.0.1:${server.port}, got one of example.com`,
      ],
      [
        "javascript:alert(1)",
        `Expected a path or a URL of 127.0.0.1:${server.port}, got one of javascript:`,
      ],
      ["http://[", "Expected a path such as /services/chat"],
    ];
    await page.getByLabel("Service").selectOption("/services/talk");
    for (const [url, said] of wrong) {
      await panel.url.fill(url);
      await page.keyboard.press("Enter");
      assertEquals(await panel.problem.textContent(), said);
    }
    await panel.connect(`ws://127.0.0.1:${server.port}/services/talk?a=b#c`);
    await panel.disconnect();
  });
  await t.step("no page has logged an error", () => assertEquals(windows.errors, []));
  await t.step("the log has the reason for a refused client", async () => {
    await panel.clear();
    await panel.url.fill("/services/no");
    await page.keyboard.press("Enter");
    await panel.waitFor("No websocket at /services/no: the log of the command says why");
    await server.logged(({ message }) =>
      message === "No websocket at /services/no: 418 Not for you"
    );
  });
  await t.step("a service whose manifest lists other origins says so", async () => {
    await page.getByLabel("Service").selectOption("/services/strict");
    const note = `The manifest of "strict" does not list http://127.0.0.1:${server.port} in ` +
      `"origins": it refuses this page`;
    assertEquals(await panel.problem.textContent(), note);
    await page.getByRole("button", { name: "Connect" }).click();
    await panel.waitFor("No websocket at /services/strict: the log of the command says why");
    await server.logged(({ message }) =>
      message.startsWith("No websocket at /services/strict: 403 Origin")
    );
  });
});

board.add("the client fits a phone, in light and in dark", {}, async (server) => {
  await using windows = openWindows();
  const page = await windows.open(320, 640);
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    await page.goto(server.http("/"));
    const panel = new Panel(page);
    await panel.connect("/services/talk");
    await panel.message.fill("a".repeat(300));
    await page.keyboard.press("Enter");
    await panel.frames.locator(".in").waitFor();
    assertEquals(await page.evaluate("document.documentElement.scrollWidth"), 320);
    assert(await panel.frames.evaluate((element) => element.scrollWidth <= element.clientWidth));
  }
  assertEquals(windows.errors, []);
});

Deno.test({ name: "the client on the landing page", ignore: SKIP, fn: board.run });

Deno.test({
  name: "the client may connect where the settings list other origins beside",
  ignore: SKIP,
  async fn() {
    await using server = await InProcessServer.start(
      {
        "services/talk/talk.ts": TALK,
        "switchboard.json": { origins: ["https://only.example"] },
      },
      { command: "dev", args: ["--transport", "ws"] },
    );
    await using windows = openWindows();
    const page = await windows.open();
    await page.goto(server.http("/"));
    const panel = new Panel(page);
    await panel.connect("/services/talk");
    await panel.message.fill("hello");
    await page.keyboard.press("Enter");
    await panel.frames.locator(".in").waitFor();
    assertEquals(windows.errors, []);
  },
});

Deno.test("serve has no client, and its page runs no script; a Host header gets no policy", async () => {
  await using server = await InProcessServer.start({ "services/talk/talk.ts": TALK });
  const response = await server.fetch("/");
  assertEquals((await response.text()).includes("<script"), false);
  assertEquals(response.headers.get("content-security-policy")!.includes("script-src"), false);
  await using dev = await InProcessServer.start(server.site, { command: "dev" });
  const policies = new Set<string>();
  for (const host of [`127.0.0.1:${dev.port}`, "a;script-src *", "a; script-src *", "x,y"]) {
    const socket = await Deno.connect({ hostname: "127.0.0.1", port: dev.port });
    await socket.write(
      new TextEncoder().encode(`GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`),
    );
    const text = await new Response(socket.readable).text();
    const policy = /content-security-policy: (.*)\r\n/i.exec(text)?.[1] ?? "";
    if (policy === "") continue;
    assertMatch(
      policy,
      /script-src 'nonce-[\w+/=]{22,}'; connect-src 'self'( ws:\S+ wss:\S+)?; base-uri/,
    );
    policies.add(policy);
  }
  // Each answer has a nonce of its own.
  assert(policies.size >= 2, [...policies].join("\n"));
});
