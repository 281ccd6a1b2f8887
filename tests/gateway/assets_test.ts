import { assertEquals, assertMatch, assertNotEquals, assertStringIncludes } from "@std/assert";
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
    "services/page/assets/notes.unknown": "<b>unknown extension</b>",
    "services/page/assets/page.HTML": "<p>capitals",
    "services/page/assets/odd/index.html/x.txt": "a folder called index.html",
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
    ["notes.unknown", "application/octet-stream"],
    ["page.HTML", "text/html"],
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

  await t.step("types that are text name their encoding", async () => {
    for (const file of ["index.html", "style.css", "app.js", "data.json"]) {
      const response = await server.fetch(BASE + file);
      await response.body?.cancel();
      const type = response.headers.get("content-type")!;
      assertEquals(type.split("; ")[1], "charset=UTF-8", `${file}: ${type}`);
    }
  });

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
    "odd/",
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

  await t.step("a client that may not enter gets no assets", async () => {
    // Not even from its own cache: a 304 would say that the file has not changed.
    const cases: Record<string, string>[] = [{}, { "If-None-Match": "*" }, { Range: "bytes=0-0" }];
    for (const headers of cases) {
      const response = await server.fetch("/services/closed/assets/", { headers });
      await response.body?.cancel();
      assertEquals([response.status, response.headers.get("etag")], [401, null]);
    }
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

/** The transports that serve HTTP; what clients get must be the same on all of them. */
const TRANSPORTS = ["deno", "ws"];

/** A response as it was sent. */
interface Sent {
  status: number;
  headers: Headers;
  body: string;
}

/** Sends a request by hand: `fetch` would hide what the server sends of encodings and lengths. */
async function ask(
  server: Server,
  file: string,
  headers: Record<string, string> = {},
  method = "GET",
): Promise<Sent> {
  const lines = Object.entries({ Host: "127.0.0.1", Connection: "close", ...headers })
    .map(([name, value]) => `${name}: ${value}\r\n`);
  const response = await exchange(
    server.port,
    `${method} /services/page/assets/${file} HTTP/1.1\r\n${lines.join("")}\r\n`,
  );
  const [head, ...body] = response.split("\r\n\r\n");
  const [first, ...fields] = head!.split("\r\n");
  return {
    status: Number(first!.split(" ")[1]),
    headers: new Headers(
      fields.map((field) => [field.split(": ")[0]!, field.split(": ").slice(1).join(": ")]),
    ),
    body: body.join("\r\n\r\n"),
  };
}

/** Whole seconds before or after a date, as HTTP writes it. */
function secondsFrom(date: string, seconds: number): string {
  return new Date(Date.parse(date) + seconds * 1000).toUTCString();
}

for (const transport of TRANSPORTS) {
  const files = {
    "services/page/page.js": CONTROLLER,
    "services/page/assets/ten.txt": "0123456789",
    "services/page/assets/ten.unknown": "0123456789",
    "services/page/assets/empty.txt": "",
    "services/page/assets/long.txt": "text ".repeat(1000),
    "services/page/assets/large.bin": new Uint8Array(3_000_000).map((_, index) => index >> 12),
  };
  const options = { args: ["--transport", transport] };

  Deno.test(`transport ${transport}: a client that has the current version of an asset gets 304`, async (t) => {
    await using server = await Server.start(files, options);
    const first = await ask(server, "ten.txt");
    const etag = first.headers.get("etag")!;
    const date = first.headers.get("last-modified")!;
    const strong = etag.replace("W/", "");

    await t.step("the response to the first request has both validators", () => {
      assertEquals([first.status, first.body], [200, "0123456789"]);
      assertEquals(first.headers.get("content-length"), "10");
      assertEquals(first.headers.get("accept-ranges"), "bytes");
      assertMatch(etag, /^W\/"a-[\w+/]{27}"$/);
      const { mtime } = Deno.statSync(join(server.site.root, "services/page/assets/ten.txt"));
      assertEquals(date, mtime!.toUTCString());
    });

    await t.step("it says that caches must ask again, and not what the server is made of", () => {
      assertEquals(first.headers.get("cache-control"), "no-cache");
      assertEquals(first.headers.get("server"), null);
    });

    const conditions: [string, Record<string, string>, number][] = [
      ["If-None-Match with the tag", { "If-None-Match": etag }, 304],
      ["If-None-Match with the tag as a strong one", { "If-None-Match": strong }, 304],
      ["If-None-Match with another tag", { "If-None-Match": 'W/"a-other"' }, 200],
      ["If-None-Match with a part of the tag", { "If-None-Match": etag.slice(0, -3) }, 200],
      ["If-None-Match: *", { "If-None-Match": "*" }, 304],
      ["If-None-Match with a list", { "If-None-Match": `"x", ${etag} , W/"y"` }, 304],
      ["If-None-Match with a list without the tag", { "If-None-Match": '"x",W/"y"' }, 200],
      ["If-None-Match with garbage", { "If-None-Match": ",,;" }, 200],
      ["If-Modified-Since with the date", { "If-Modified-Since": date }, 304],
      ["If-Modified-Since later", { "If-Modified-Since": secondsFrom(date, 60) }, 304],
      ["If-Modified-Since earlier", { "If-Modified-Since": secondsFrom(date, -1) }, 200],
      ["If-Modified-Since with garbage", { "If-Modified-Since": "yesterday" }, 200],
      [
        "If-None-Match counts over If-Modified-Since",
        { "If-None-Match": '"x"', "If-Modified-Since": date },
        200,
      ],
      [
        "If-None-Match counts over an earlier If-Modified-Since",
        { "If-None-Match": etag, "If-Modified-Since": secondsFrom(date, -1) },
        304,
      ],
      [
        "a range of the version that the client has",
        { "If-None-Match": etag, Range: "bytes=1-2" },
        304,
      ],
    ];
    for (const [name, headers, status] of conditions) {
      await t.step(`${name}: ${status}`, async () => {
        const sent = await ask(server, "ten.txt", headers);
        assertEquals([sent.status, sent.body], [status, status === 304 ? "" : "0123456789"]);
        assertEquals(sent.headers.get("etag"), etag);
        assertEquals(sent.headers.get("cache-control"), "no-cache");
        assertEquals(sent.headers.get("server"), null);
        if (status !== 304) return;
        for (const name of ["content-type", "content-length", "transfer-encoding"]) {
          assertEquals(sent.headers.get(name), null, name);
        }
      });
    }

    await t.step("a 304 leaves the connection usable", async () => {
      using raw = await Raw.connect(server.port);
      const request = `GET /services/page/assets/ten.txt HTTP/1.1\r\nHost: 127.0.0.1\r\n`;
      await raw.write(`${request}If-None-Match: ${etag}\r\n\r\n`);
      assertMatch(await raw.head(), /^HTTP\/1\.1 304 /);
      await raw.write(`${request}Range: bytes=3-5\r\nConnection: close\r\n\r\n`);
      assertMatch(await raw.head(), /^HTTP\/1\.1 206 /);
      assertEquals(await raw.rest(), "345");
    });

    await t.step("a client that takes compressed responses gets the same validators", async () => {
      const path = "/services/page/assets/long.txt";
      const plain = await ask(server, "long.txt");
      const headers = { "Accept-Encoding": "gzip, br" };
      const response = await server.fetch(path, { headers });
      assertEquals(await response.text(), plain.body);
      const tag = response.headers.get("etag")!;
      assertEquals(tag, plain.headers.get("etag"));
      const again = await server.fetch(path, { headers: { ...headers, "If-None-Match": tag } });
      assertEquals([again.status, await again.text()], [304, ""]);
    });

    await t.step("an edited file has other validators, and is sent", async () => {
      const file = join(server.site.root, "services/page/assets/ten.txt");
      Deno.writeTextFileSync(file, "9876543210");
      Deno.utimeSync(file, new Date(date), new Date(Date.parse(date) + 5000));
      const sent = await ask(server, "ten.txt", { "If-None-Match": etag });
      assertEquals([sent.status, sent.body], [200, "9876543210"]);
      assertNotEquals(sent.headers.get("etag"), etag);
      assertEquals(sent.headers.get("last-modified"), secondsFrom(date, 5));
      assertEquals((await ask(server, "ten.txt", { "If-Modified-Since": date })).status, 200);
    });
  });

  Deno.test(`transport ${transport}: a client that asks for a range of an asset gets that`, async (t) => {
    await using server = await Server.start(files, options);

    const ranges: [string, string | null, string][] = [
      ["bytes=0-3", "bytes 0-3/10", "0123"],
      ["bytes=3-3", "bytes 3-3/10", "3"],
      ["bytes=4-", "bytes 4-9/10", "456789"],
      ["bytes=0-", "bytes 0-9/10", "0123456789"],
      ["bytes=-3", "bytes 7-9/10", "789"],
      ["bytes=-100", "bytes 0-9/10", "0123456789"],
      ["bytes=7-100", "bytes 7-9/10", "789"],
      ["bytes=7-99999999999999999999999", "bytes 7-9/10", "789"],
      // Several at a time are not supported, which a server may do.
      ["bytes=0-1,3-4", null, "0123456789"],
      ["bytes=0-1, 3-4", null, "0123456789"],
      ["bytes=", null, "0123456789"],
      ["bytes=-", null, "0123456789"],
      ["bytes=a-b", null, "0123456789"],
      ["bytes=1", null, "0123456789"],
      ["bytes=--1", null, "0123456789"],
      ["bytes=1-2-3", null, "0123456789"],
      ["lines=1-2", null, "0123456789"],
      ["garbage", null, "0123456789"],
    ];
    for (const [range, contentRange, body] of ranges) {
      const status = contentRange === null ? 200 : 206;
      await t.step(`${range}: ${status}`, async () => {
        const sent = await ask(server, "ten.txt", { Range: range, "Accept-Encoding": "gzip" });
        assertEquals([sent.status, sent.headers.get("content-range")], [status, contentRange]);
        assertEquals(sent.body, body);
        assertEquals(sent.headers.get("content-length"), String(body.length));
        assertEquals(sent.headers.get("content-encoding"), null);
        assertEquals(sent.headers.get("content-type"), "text/plain; charset=UTF-8");
        assertEquals(sent.headers.get("server"), null);
      });
    }

    for (const range of ["bytes=10-", "bytes=10-20", "bytes=5-4", "bytes=-0"]) {
      await t.step(`${range}: 416`, async () => {
        const sent = await ask(server, "ten.txt", { Range: range });
        assertEquals([sent.status, sent.body], [416, "Range Not Satisfiable\n"]);
        assertEquals(sent.headers.get("content-range"), "bytes */10");
        assertMatch(sent.headers.get("content-type")!, /^text\/plain;/);
        assertEquals(sent.headers.get("etag"), null);
        assertEquals(sent.headers.get("server"), null);
        assertMatch(sent.headers.get("x-request-id")!, /./);
      });
    }

    await t.step("a range of a large file is sent byte for byte", async () => {
      const response = await server.fetch("/services/page/assets/large.bin", {
        headers: { Range: "bytes=1000000-2999998" },
      });
      const bytes = await response.bytes();
      assertEquals([response.status, bytes.length], [206, 1_999_999]);
      const wanted = files["services/page/assets/large.bin"].subarray(1_000_000, 2_999_999);
      // As texts: an assertion about two million bytes would take seconds to fail.
      assertEquals(bytes.toBase64() === wanted.toBase64(), true);
    });

    await t.step("a range that continues another version is ignored", async () => {
      const { headers } = await ask(server, "ten.txt");
      const date = headers.get("last-modified")!;
      const etag = headers.get("etag")!;
      const cases: [string, number][] = [
        [date, 206],
        [secondsFrom(date, -1), 200],
        [secondsFrom(date, 1), 200],
        ['"x"', 200],
        // A weak tag does not say that the bytes are the same.
        [etag, 200],
        ["garbage", 200],
      ];
      for (const [version, status] of cases) {
        const sent = await ask(server, "ten.txt", { Range: "bytes=8-", "If-Range": version });
        assertEquals([version, sent.status, sent.body], [
          version,
          status,
          status === 206 ? "89" : "0123456789",
        ]);
      }
    });

    await t.step("an empty file is sent whole, whatever range is asked for", async () => {
      for (const range of [null, "bytes=0-", "bytes=5-9", "bytes=-1"]) {
        const sent = await ask(server, "empty.txt", range === null ? {} : { Range: range });
        assertEquals([sent.status, sent.body], [200, ""]);
        assertEquals(sent.headers.get("content-range"), null);
      }
      const sent = await ask(server, "empty.txt");
      assertEquals(sent.headers.get("content-length"), "0");
      const etag = sent.headers.get("etag")!;
      assertEquals((await ask(server, "empty.txt", { "If-None-Match": etag })).status, 304);
    });

    await t.step("a file with an unknown extension has a type in each response", async () => {
      const type = "application/octet-stream";
      for (const [range, status] of [[{}, 200], [{ Range: "bytes=0-1" }, 206]] as const) {
        const sent = await ask(server, "ten.unknown", range);
        assertEquals([sent.status, sent.headers.get("content-type")], [status, type]);
        assertEquals(sent.headers.get("x-content-type-options"), "nosniff");
      }
    });

    const LENGTHS: [string, string][] = [
      ["ten.txt", "10"],
      ["ten.unknown", "10"],
      ["empty.txt", "0"],
      ["large.bin", "3000000"],
    ];
    for (const [file, length] of LENGTHS) {
      await t.step(`HEAD ${file}: the headers of GET and no body`, async () => {
        const got = await ask(server, file);
        const sent = await ask(server, file, {}, "HEAD");
        assertEquals([sent.status, sent.body], [200, ""]);
        assertEquals(sent.headers.get("content-length"), length);
        for (const { headers } of [got, sent]) headers.delete("date");
        assertEquals([...sent.headers], [...got.headers]);
      });
    }

    await t.step("HEAD with a range or a condition: the whole file's headers", async () => {
      const etag = (await ask(server, "ten.txt")).headers.get("etag")!;
      const cases: Record<string, string>[] = [{ Range: "bytes=2-3" }, { "If-None-Match": etag }];
      for (const headers of cases) {
        const sent = await ask(server, "ten.txt", headers, "HEAD");
        assertEquals([sent.status, sent.body], [200, ""]);
        assertEquals(sent.headers.get("content-length"), "10");
      }
    });

    await t.step("no file is left open, not even by clients that leave", async () => {
      const before = server.openFiles();
      for (let count = 0; count < 20; count++) {
        await ask(server, "ten.txt", { Range: "bytes=2-3" });
        await ask(server, "ten.txt", { Range: "bytes=20-" });
        await ask(server, "ten.txt", { "If-None-Match": "*" });
        await ask(server, "ten.txt", {}, "HEAD");
        using raw = await Raw.connect(server.port);
        await raw.write(
          "GET /services/page/assets/large.bin HTTP/1.1\r\nHost: a\r\nRange: bytes=5-\r\n\r\n",
        );
        await raw.head();
      }
      const until = performance.now() + 10_000;
      while (server.openFiles() - before >= 10 && performance.now() < until) {
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      assertEquals(server.openFiles() - before < 10, true);
    });

    await t.step("none of that is an error", () => assertEquals(server.log.all, []));
  });
}

/** Sends a text and returns all that comes until the server ends the connection. */
async function exchange(port: number, text: string): Promise<string> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  await connection.write(new TextEncoder().encode(text));
  return await new Response(connection.readable).text();
}
