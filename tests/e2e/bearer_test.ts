import { assertEquals } from "@std/assert";
import { Board } from "../helpers/board.ts";
import { Chromium, findChromium } from "../helpers/browser.ts";
import { SECRET, tokenOf } from "../helpers/tokens.ts";

const SKIP = findChromium() === null;
if (SKIP) {
  console.log("tests/e2e/bearer_test.ts is skipped: no Chromium (apt-get install chromium)");
}

Deno.test({
  name: "a browser, which cannot set headers, authenticates by a subprotocol or a cookie",
  ignore: SKIP,
  async fn(t) {
    await using server = await Board.start({
      "switchboard.json": {
        auth: { jwt: { algorithms: ["HS256"], secretFile: "secret", cookie: "session" } },
      },
      "secret": SECRET,
      "services/who/who.js": `
        const { send } = require("/lib/xp/websocket");
        exports.get = () => ({ webSocket: { subProtocols: ["chat"] } });
        exports.webSocketEvent = (e) => {
          if (e.type === "open") send(e.session.id, e.session.user ? e.session.user.login : "nobody");
        };`,
      "services/who/service.json": { allow: ["role:system.authenticated"] },
      "services/page/page.js": "exports.get = () => ({ body: '<title>page</title>' });",
    });
    await using browser = await Chromium.start();
    const page = await browser.window();
    await page.goto(server.http("/services/page"));
    const token = await tokenOf();
    const connect = (protocols: string[]) =>
      page.evaluate(({ url, protocols }) =>
        new Promise<string>((resolve) => {
          const socket = new WebSocket(url, protocols);
          socket.onmessage = ({ data }) => resolve(`${data} ${socket.protocol}`);
          socket.onclose = () => resolve("closed");
        }), { url: server.ws("/services/who"), protocols });
    await t.step("by a subprotocol", async () => {
      assertEquals(await connect(["bearer", token]), "ada bearer");
      assertEquals(await connect(["bearer", token, "chat"]), "ada chat");
    });
    await t.step(
      "a client without a token is rejected, and so is one with a wrong token",
      async () => {
        assertEquals(await connect([]), "closed");
        assertEquals(await connect(["bearer", "x.y.z"]), "closed");
      },
    );
    await t.step("by a cookie", async () => {
      await page.context().addCookies([{
        name: "session",
        value: token,
        url: server.http("/"),
        httpOnly: true,
        sameSite: "Strict",
      }]);
      assertEquals(await connect([]), "ada ");
    });
  },
});
