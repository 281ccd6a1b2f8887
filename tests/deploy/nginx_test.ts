import { assert, assertEquals, assertMatch } from "@std/assert";
import { Chromium, findChromium } from "../helpers/browser.ts";
import { block, exchange } from "../helpers/page.ts";
import { findProgram } from "../helpers/programs.ts";
import { Board } from "../helpers/board.ts";
import { Server } from "../helpers/server.ts";
import { behindProxy, chatBehind, seenBehind, siteBehind } from "./behind_proxy.ts";
import { ownAddress, Proxy, type ProxyOptions } from "./proxy.ts";
import { Visitor } from "./visitor.ts";

const NGINX = findProgram("nginx");
const REASON = NGINX === null
  ? "there is no nginx (apt-get install nginx-light)"
  : ownAddress() === null
  ? "this machine has no address but 127.0.0.1"
  : null;
if (REASON !== null) console.log(`tests/deploy/nginx_test.ts is skipped: ${REASON}`);

/** The page's configuration inside the least that nginx needs around it. */
function options(serverPort: number, times: Record<string, string> = {}): ProxyOptions {
  return {
    command: [NGINX!, "-p", "{folder}", "-c", "{file}", "-e", "stderr", "-g", "daemon off;"],
    isUp: /start worker process /,
    adapt: (text, { folder, address, port, plainPort, cert, key }) => `
      pid ${folder}/nginx.pid;
      error_log stderr notice;
      events {}
      http {
        access_log off;
        ${
      ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) =>
        `${name}_temp_path ${folder}/${name};`
      ).join("\n")
    }
        ${
      exchange(text, {
        "127.0.0.1:8080": `127.0.0.1:${serverPort}`,
        "listen 443": `listen ${address}:${port}`,
        "listen 80": `listen ${address}:${plainPort}`,
        "/etc/ssl/chat/fullchain.pem": cert,
        "/etc/ssl/chat/privkey.pem": key,
        ...times,
      })
    }
      }`,
  };
}

const PAGE = () => block("docs/deployment.md", "nginx");
const AUTH = { auth: { jwt: { algorithms: ["HS256"], secretEnv: "JWT_SECRET" } } };
const env = { JWT_SECRET: "a secret of the tests, 32 bytes or more" };

Deno.test({
  name: "behind nginx, as docs/deployment.md configures it",
  ignore: REASON !== null,
  async fn(t) {
    using site = siteBehind(AUTH);
    await using server = await Server.start(site, { env });
    await using proxy = await Proxy.start(PAGE(), options(server.port));
    await t.step("plain HTTP is sent to https", async () => {
      const { address, plainPort } = proxy.here;
      const response = await fetch(`http://${address}:${plainPort}/services/chat?a=1`, {
        redirect: "manual",
      });
      await response.body?.cancel();
      assertEquals(response.status, 301);
      assertEquals(response.headers.get("location"), `https://${address}/services/chat?a=1`);
    });
    await behindProxy(t, proxy, server);
  },
});

if (findChromium() === null) {
  console.log("The chat behind nginx is not tested in a browser: there is no Chromium");
}

Deno.test({
  name: "behind nginx: two people chat in real browser windows, over TLS",
  ignore: REASON !== null || findChromium() === null,
  async fn() {
    using site = chatBehind();
    await using server = await Board.start(site);
    await using proxy = await Proxy.start(PAGE(), options(server.port));
    const { name, address, port } = proxy.place;
    await using browser = await Chromium.start([
      `--host-resolver-rules=MAP ${name}:443 ${address}:${port}`,
      "--ignore-certificate-errors",
    ]);
    const join = async (name: string) => {
      const page = await browser.window();
      await page.goto(`https://${proxy.place.name}/services/chat`);
      await page.getByLabel("Name").fill(name);
      await page.getByRole("button", { name: "Join the chat" }).click();
      await page.getByText(`You are ${name}`).waitFor();
      return page;
    };
    const ada = await join("Ada");
    const bob = await join("Bob");
    await bob.getByLabel("Message", { exact: true }).fill("Hello");
    await bob.keyboard.press("Enter");
    await ada.getByText("Hello").waitFor();
    assertEquals(browser.errors, []);
  },
});

Deno.test({
  name: "behind nginx: pings keep an idle socket past proxy_read_timeout, without them it ends",
  ignore: REASON !== null,
  async fn(t) {
    const times = { "proxy_read_timeout 75s": "proxy_read_timeout 3s" };
    await using stack = new AsyncDisposableStack();
    const enter = async (pingIntervalSec: number) => {
      const site = stack.use(seenBehind({ pingIntervalSec }));
      const server = stack.use(await Board.start(site));
      const proxy = stack.use(await Proxy.start(PAGE(), options(server.port, times)));
      const visitor = stack.use(await Visitor.enter(proxy.place, "/services/seen"));
      await visitor.next();
      return visitor;
    };
    // Both wait side by side; the one that answers pings comes last, because it must not be late.
    const idle = await enter(0);
    const pinged = await enter(1);
    await t.step("with pings", async () => {
      const start = performance.now();
      while (performance.now() - start < 4500) assertEquals((await pinged.frame())?.opcode, 9);
      await pinged.send("still here");
      assertEquals(await pinged.next(), "still here");
    });
    await t.step("without", async () => assertEquals(await idle.next(), "1006"));
  },
});

Deno.test({
  name: "behind nginx: a second process takes over, and connected clients are closed with 1001",
  ignore: REASON !== null,
  async fn() {
    using site = seenBehind();
    await using old = await Server.start(site);
    await using proxy = await Proxy.start(PAGE(), options(old.port));
    const { place } = proxy;
    using before = await Visitor.enter(place, "/services/seen");
    await before.next();
    await using young = await Server.start(site);
    await run("sed", "-i", `s/127.0.0.1:${old.port}/127.0.0.1:${young.port}/`, proxy.file);
    await run(NGINX!, "-p", proxy.here.folder, "-c", proxy.file, "-e", "stderr", "-t");
    const workers = proxy.log.all.filter((line) => /start worker process /.test(line)).length;
    proxy.signal("SIGHUP");
    for (let n = 0; n < workers; n++) {
      await proxy.log.next((line) => /gracefully shutting/.test(line));
    }
    using after = await Visitor.enter(place, "/services/seen");
    await after.next();
    assertEquals([(await old.counts()).sessions, (await young.counts()).sessions], [1, 1]);
    await before.send("still there");
    assertEquals(await before.next(), "still there");
    old.process.kill("SIGTERM");
    assertEquals(await before.next(), "1001 server stopping");
    await before.close(1001);
    assertEquals((await old.process.status).code, 0);
    await after.send("not disturbed");
    assertEquals(await after.next(), "not disturbed");
  },
});

Deno.test({
  name: "behind nginx without trustProxy: no page may connect, as docs/deployment.md says",
  ignore: REASON !== null,
  async fn() {
    using site = seenBehind({ trustProxy: [] });
    await using server = await Board.start(site);
    await using proxy = await Proxy.start(PAGE(), options(server.port));
    const origin = { Origin: `https://${proxy.place.name}` };
    assertEquals((await Visitor.knock(proxy.place, "/services/seen", origin)).status, 403);
    const { body } = await Visitor.ask(proxy.place, "/services/seen");
    assertMatch(body, /"address":"127\.0\.0\.1"/);
  },
});

Deno.test({
  name:
    "behind nginx: another address of the upstream, and a list of proxies, as docs/deployment.md says",
  ignore: REASON !== null,
  async fn() {
    const forwarded = "X-Forwarded-For   $remote_addr";
    const list = "$proxy_add_x_forwarded_for";
    assert(Deno.readTextFileSync("docs/deployment.md").includes(`\`${list}\``));
    using site = seenBehind();
    await using server = await Board.start(site, { hostname: "0.0.0.0" });
    await using proxy = await Proxy.start(
      PAGE(),
      options(server.port, {
        [forwarded]: `X-Forwarded-For ${list}`,
        [`127.0.0.1:${server.port}`]: `127.0.0.2:${server.port}`,
      }),
    );
    const headers = { "X-Forwarded-For": "203.0.113.9, 127.0.0.1" };
    const { body } = await Visitor.ask(proxy.place, "/services/seen", headers);
    assertMatch(body, new RegExp(`"address":"${proxy.place.address}"`));
  },
});

async function run(program: string, ...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(program, { args }).output();
  assert(success, new TextDecoder().decode(stderr));
}
