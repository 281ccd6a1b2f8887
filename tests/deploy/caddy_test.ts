import { assert, assertMatch } from "@std/assert";
import { block, exchange } from "../helpers/page.ts";
import { findProgram } from "../helpers/programs.ts";
import { Server } from "../helpers/server.ts";
import { behindProxy, siteBehind } from "./behind_proxy.ts";
import { NAME, ownAddress, Proxy, type ProxyOptions } from "./proxy.ts";
import { Visitor } from "./visitor.ts";

const CADDY = findProgram("caddy");
const REASON = CADDY === null
  ? "there is no Caddy (apt-get install caddy)"
  : ownAddress() === null
  ? "this machine has no address but 127.0.0.1"
  : null;
if (REASON !== null) console.log(`tests/deploy/caddy_test.ts is skipped: ${REASON}`);

/** The page's configuration with a certificate of the test, which no authority of the world would give. */
function options(serverPort: number): ProxyOptions {
  return {
    command: [CADDY!, "run", "--adapter", "caddyfile", "--config", "{file}"],
    isUp: /serving initial configuration/,
    adapt: (text, { folder, address, port, plainPort, cert, key }) =>
      `{
        admin unix/${folder}/admin
        http_port ${plainPort}
        https_port ${port}
      }
      ` + exchange(text, {
        [`${NAME} {`]: `https://${NAME}:${port} {\nbind ${address}\ntls ${cert} ${key}`,
        "127.0.0.1:8080": `127.0.0.1:${serverPort}`,
      }),
  };
}

Deno.test({
  name: "behind Caddy, as docs/deployment.md configures it",
  ignore: REASON !== null,
  async fn(t) {
    using site = siteBehind({
      auth: { jwt: { algorithms: ["HS256"], secretEnv: "JWT_SECRET" } },
    });
    await using server = await Server.start(site, {
      env: { JWT_SECRET: "a secret of the tests, 32 bytes or more" },
    });
    const page = block("docs/deployment.md", "caddyfile");
    await using proxy = await Proxy.start(page, options(server.port));
    await t.step(
      "a reload of its configuration ends the websockets, as the page says",
      async () => {
        using visitor = await Visitor.enter(proxy.place, "/services/seen");
        await visitor.next();
        const { success } = await new Deno.Command(CADDY!, {
          args: [
            ...["reload", "--adapter", "caddyfile", "--config", proxy.file, "--force"],
            ...["--address", `unix/${proxy.here.folder}/admin`],
          ],
        }).output();
        assert(success);
        // Caddy's goodbye to the server has no mask: where that is looked at, 1002 may come before Caddy's own.
        assertMatch(await visitor.next() as string, /^100[126]/);
      },
    );
    await behindProxy(t, proxy, server);
  },
});
