import { assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { Raw } from "../helpers/raw.ts";
import { Server } from "../helpers/server.ts";
import { Site } from "../helpers/site.ts";

const CONTROLLER = 'exports.all = (req) => ({ body: "controller " + req.rawPath });';
const SECRET = "keep out";

Deno.test("A service's assets/ is served, and nothing outside of it", async (t) => {
  using site = Site.make({
    "services/page/page.js": CONTROLLER,
    "services/page/secret.txt": SECRET,
    "services/page/assets-not/x.txt": SECRET,
    "services/page/assets/index.html": "<!doctype html><p>index",
    "services/page/assets/style.css": "p {}",
    "services/page/assets/app.js": "1;",
    "services/page/assets/data.json": "{}",
    "services/page/assets/logo.svg": "<svg/>",
    "services/page/assets/pixel.png": new Uint8Array([137, 80, 78, 71]),
    "services/page/assets/readme": "no extension",
    "services/page/assets/my file é.txt": "odd name",
    "services/page/assets/100%.txt": "percent",
    "services/page/assets/sub/index.html": "<p>sub",
    "services/page/assets/bare/x.txt": "x",
    "services/page/assets/.hidden": SECRET,
    "services/page/assets/.git/config": SECRET,
    "services/page/assets/_/x.txt": "underscore",
    "services/plain/plain.js": CONTROLLER,
    "services/broken/broken.js": "throw new Error('no');",
    "services/broken/assets/index.html": "still here",
    "services/closed/closed.js": CONTROLLER,
    "services/closed/service.json": { allow: ["role:system.admin"] },
    "services/closed/assets/index.html": SECRET,
    "apis/page/page.js": CONTROLLER,
    "apis/page/assets/x.txt": "of the api",
    "webapp/webapp.js": CONTROLLER,
    "webapp/assets/x.txt": "of the web app",
    "outside.txt": SECRET,
  });
  const assets = join(site.root, "services/page/assets");
  Deno.symlinkSync(join(assets, "style.css"), join(assets, "inside.css"));
  Deno.symlinkSync(join(assets, "sub"), join(assets, "linked"));
  await using server = await Server.start(site);
  // Links that a service is not started with must do no harm when they come later.
  Deno.symlinkSync(join(site.root, "outside.txt"), join(assets, "outside.txt"));
  Deno.symlinkSync(join(site.root, "services/page"), join(assets, "up"));
  Deno.symlinkSync(join(site.root, "services/page/assets-not"), join(assets, "sibling"));
  Deno.symlinkSync(join(assets, "nowhere"), join(assets, "dangling.txt"));
  Deno.symlinkSync(join(assets, "loop"), join(assets, "loop"));
  const BASE = "/services/page/assets/";

  const types: [string, string][] = [
    ["index.html", "text/html"],
    ["", "text/html"],
    ["style.css", "text/css"],
    ["inside.css", "text/css"],
    ["app.js", "text/javascript"],
    ["data.json", "application/json"],
    ["logo.svg", "image/svg+xml"],
    ["pixel.png", "image/png"],
    ["readme", "application/octet-stream"],
  ];
  for (const [file, type] of types) {
    await t.step(`"${file}" is ${type}`, async () => {
      const response = await server.fetch(BASE + file);
      await response.body?.cancel();
      assertEquals(response.status, 200);
      assertEquals(response.headers.get("content-type")?.split(";")[0], type);
      assertEquals(response.headers.get("x-content-type-options"), "nosniff");
    });
  }

  const served: [string, string][] = [
    ["", "<!doctype html><p>index"],
    ["?x=1", "<!doctype html><p>index"],
    ["sub/", "<p>sub"],
    ["linked/index.html", "<p>sub"],
    ["bare/x.txt", "x"],
    ["_/x.txt", "underscore"],
    ["my%20file%20%C3%A9.txt", "odd name"],
    ["100%25.txt", "percent"],
    ["%61pp.js", "1;"],
  ];
  for (const [path, text] of served) {
    await t.step(`"${path}" is served`, async () => {
      const response = await server.fetch(BASE + path);
      assertEquals([response.status, await response.text()], [200, text]);
    });
  }

  await t.step("bytes come as they are", async () => {
    const response = await server.fetch(`${BASE}pixel.png`);
    assertEquals(await response.bytes(), new Uint8Array([137, 80, 78, 71]));
  });

  await t.step("APIs and the web app have assets too", async () => {
    assertEquals(await server.text("/api/app:page/assets/x.txt"), "of the api");
    assertEquals(await server.text("/webapp/app/assets/x.txt"), "of the web app");
    assertEquals(await server.text("/_/service/app/page/assets/app.js"), "1;");
    assertEquals(await server.text("/site/_/service/app/page/assets/app.js"), "1;");
  });

  const missing = [
    "none.html",
    "none/",
    "bare/",
    "bare",
    "app.js/",
    "app.js/index.html",
    "INDEX.html",
    "dangling.txt",
    "loop",
    "a".repeat(5000),
  ];
  for (const path of missing) {
    await t.step(`"${path.slice(0, 40)}" is not found`, async () => {
      const response = await server.fetch(BASE + path);
      assertEquals([response.status, await response.text()], [404, "Not Found\n"]);
    });
  }

  await t.step("HEAD has the headers and no body", async () => {
    const response = await server.fetch(`${BASE}app.js`, { method: "HEAD" });
    assertEquals([response.status, await response.text()], [200, ""]);
    assertEquals(response.headers.get("content-length"), "2");
    const none = await server.fetch(`${BASE}none`, { method: "HEAD" });
    assertEquals([none.status, await none.text()], [404, ""]);
  });

  for (const method of ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"]) {
    await t.step(`${method} is not allowed`, async () => {
      const body = method === "OPTIONS" ? undefined : "text";
      const response = await server.fetch(`${BASE}app.js`, { method, body });
      await response.body?.cancel();
      assertEquals([response.status, response.headers.get("allow")], [405, "GET, HEAD"]);
    });
  }

  await t.step("the folder without a slash redirects to the one with it", async () => {
    const cases: [string, string][] = [
      ["/services/page/assets", "/services/page/assets/"],
      ["/services/page/assets?a=1&b", "/services/page/assets/?a=1&b"],
      ["/_/service/app/page/assets", "/_/service/app/page/assets/"],
      ["/api/app:page/assets", "/api/app:page/assets/"],
    ];
    for (const [path, location] of cases) {
      const response = await server.fetch(path);
      await response.body?.cancel();
      assertEquals([response.status, response.headers.get("location")], [308, location]);
    }
  });

  await t.step("so does a folder in it, for its links to work", async () => {
    const response = await server.fetch(`${BASE}sub`);
    await response.body?.cancel();
    assertEquals([response.status, response.headers.get("location")], [308, `${BASE}sub/`]);
  });

  await t.step("the redirect does not lead to another host", async () => {
    for (
      const path of [
        "//evil.test/_/service/app/page/assets",
        "/\\evil.test/_/service/app/page/assets",
      ]
    ) {
      using raw = await Raw.connect(server.port);
      await raw.write(`GET ${path} HTTP/1.1\r\nHost: own.test\r\n\r\n`);
      const location = /^location: (.*)$/mi.exec(await raw.head())?.[1] ?? "";
      assertEquals(new URL(location, "http://own.test/").host, "own.test");
    }
  });

  const attempts = [
    "../secret.txt",
    "../../../outside.txt",
    "sub/../../secret.txt",
    "%2e%2e/secret.txt",
    "%2E%2E/secret.txt",
    ".%2e/secret.txt",
    "%2e%2e%2fsecret.txt",
    "..%2fsecret.txt",
    "..%2F..%2F..%2Foutside.txt",
    "sub/..%2f..%2fsecret.txt",
    "sub%2f..%2f..%2fsecret.txt",
    "%252e%252e/secret.txt",
    "%252e%252e%252fsecret.txt",
    "..%252fsecret.txt",
    "..\\secret.txt",
    "..%5csecret.txt",
    "%5c..%5csecret.txt",
    "sub\\..\\..\\secret.txt",
    "..;/secret.txt",
    "..%00/secret.txt",
    "%00",
    "app.js%00",
    "app.js%00.html",
    "%c0%ae%c0%ae/secret.txt",
    "%e0%80%ae%e0%80%ae/secret.txt",
    "%uff0e%uff0e/secret.txt",
    "..%ef%bc%8fsecret.txt",
    "/etc/passwd",
    "%2fetc%2fpasswd",
    "//etc/passwd",
    "file:///etc/passwd",
    "~/secret.txt",
    ".hidden",
    "%2ehidden",
    ".git/config",
    "%2egit/config",
    "sub/../.hidden",
    "outside.txt",
    "up/secret.txt",
    "up/page.js",
    "sibling/x.txt",
    "linked/../../secret.txt",
    "../assets-not/x.txt",
    "..%2fassets-not/x.txt",
  ];
  for (const path of attempts) {
    await t.step(`${path} does not lead out`, async () => {
      const response = await exchange(
        server.port,
        `GET ${BASE}${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`,
      );
      const status = Number(response.split(" ")[1]);
      assertEquals(response.includes(SECRET) || response.includes("root:"), false);
      // The path may be resolved first, and then is not one of assets/: the controller is asked.
      if (status === 200) assertStringIncludes(response, "controller ");
      else assertEquals([400, 404].includes(status), true, response);
    });
  }

  await t.step("a service that does not run answers all its URLs with 503", async () => {
    const response = await server.fetch("/services/broken/assets/");
    assertEquals([response.status, (await response.text()).includes("still here")], [503, false]);
  });

  await t.step("in a service without assets, the controller is asked", async () => {
    assertEquals(
      await server.text("/services/plain/assets/x"),
      "controller /services/plain/assets/x",
    );
  });

  await t.step("who may not enter gets no assets", async () => {
    const response = await server.fetch("/services/closed/assets/");
    await response.body?.cancel();
    assertEquals(response.status, 401);
  });

  await t.step("a name that only begins with assets is the controller's", async () => {
    assertEquals(await server.text("/services/page/assetsx"), "controller /services/page/assetsx");
  });

  await t.step("a file that was added later is served", async () => {
    site.write({ "services/page/assets/later.txt": "later" });
    assertEquals(await server.text(`${BASE}later.txt`), "later");
  });

  await t.step("no file is left open", async () => {
    const before = server.openFiles();
    for (let count = 0; count < 20; count++) {
      await server.text(`${BASE}app.js`);
      await (await server.fetch(`${BASE}app.js`, { method: "HEAD" })).body?.cancel();
    }
    assertEquals(server.openFiles() - before < 10, true);
  });
});

/** Sends a text and returns all that comes until the server ends the connection. */
async function exchange(port: number, text: string): Promise<string> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  await connection.write(new TextEncoder().encode(text));
  return await new Response(connection.readable).text();
}
