/**
 * What the code and the tests rely on in the `@std` packages. It holds for the packages of JSR and for their
 * stand-ins, so it passes with whatever `deno.json` resolves the names to.
 *
 * @module
 */
import {
  assert,
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { serveFile } from "@std/http/file-server";
import { BaseHandler, type LevelName, Logger, type LogRecord } from "@std/log";
import {
  basename,
  dirname,
  extname,
  fromFileUrl,
  isAbsolute,
  join,
  relative,
  resolve,
  SEPARATOR,
  toFileUrl,
} from "@std/path";
import { Site } from "./helpers/site.ts";

/** The message of the error that an assertion throws; null: it throws none. */
function failure(run: () => void): string | null {
  try {
    run();
    return null;
  } catch (error) {
    // Not by assertThrows(), which is one of those that are tested here.
    if ((error as Error).name !== "AssertionError") throw error;
    return (error as Error).message;
  }
}

class Point {
  #hidden: number;
  constructor(readonly x: number, hidden = 0) {
    this.#hidden = hidden;
  }
  get hidden(): number {
    return this.#hidden;
  }
}

class OtherPoint {
  constructor(readonly x: number) {}
  get hidden(): number {
    return 0;
  }
}

Deno.test("@std/assert: assertEquals() and assertNotEquals() decide what is equal", async (t) => {
  const cycle = (value: unknown) => {
    const object: Record<string, unknown> = { value };
    object.self = object;
    return object;
  };
  const error = new Error("a");
  const fn = () => {};
  const symbol = Symbol("a");
  const equal: [string, unknown, unknown][] = [
    ["zeros of both signs", 0, -0],
    ["zeros of both signs in a list", [0], [-0]],
    ["NaN", NaN, NaN],
    ["objects whose keys differ in order", { a: 1, b: 2 }, { b: 2, a: 1 }],
    ["an object without a prototype", Object.assign(Object.create(null), { a: 1 }), { a: 1 }],
    ["symbols as keys", { [symbol]: 1 }, { [symbol]: 1 }],
    ["holes in the same place", [, 1], [, 1]],
    ["dates", new Date(5), new Date(5)],
    ["invalid dates", new Date(NaN), new Date("x")],
    ["regular expressions", /a/g, /a/g],
    ["URLs", new URL("http://a/?b"), new URL("http://a/?b")],
    ["sets in another order", new Set([1, 2]), new Set([2, 1])],
    ["sets of objects", new Set([{ a: 1 }, 2]), new Set([2, { a: 1 }])],
    ["maps in another order", new Map([["a", 1], ["b", 2]]), new Map([["b", 2], ["a", 1]])],
    ["maps with objects", new Map([[{ a: 1 }, [1]]]), new Map([[{ a: 1 }, [1]]])],
    ["bytes", new Uint8Array([1, 2]), new Uint8Array([1, 2])],
    ["bytes at another place", new Uint8Array([0, 1]).subarray(1), new Uint8Array([1])],
    ["buffers", new Uint8Array([1]).buffer, new Uint8Array([1]).buffer],
    ["objects of a class", new Point(1), new Point(1)],
    ["the same error", error, error],
    ["the same function", { fn }, { fn }],
    ["objects that contain themselves", cycle(1), cycle(1)],
    ["properties that are not enumerable", Object.defineProperty({}, "a", { value: 1 }), {}],
  ];
  for (const [name, a, b] of equal) {
    await t.step(`equal: ${name}`, () => {
      assert(failure(() => assertEquals(a, b)) === null);
      assert(failure(() => assertEquals(b, a)) === null);
      assert(failure(() => assertNotEquals(a, b)) !== null);
    });
  }
  const different: [string, unknown, unknown][] = [
    ["values of different types", 1, "1"],
    ["null and undefined", null, undefined],
    ["null and an object", null, {}],
    ["a missing property and undefined", {}, { a: undefined }],
    ["undefined under another name", { a: undefined }, { b: undefined }],
    ["a missing element and undefined", [, 1], [undefined, 1]],
    ["lists of different length", [1], [1, undefined]],
    ["a list and an object", [], {}],
    ["a list with another property", [1], Object.assign([1], { a: 1 })],
    ["symbols as keys", { [symbol]: 1 }, { [symbol]: 2 }],
    ["symbols", Symbol("a"), Symbol("a")],
    ["nested values", { a: [{ b: 1 }] }, { a: [{ b: 2 }] }],
    ["dates", new Date(5), new Date(6)],
    ["regular expressions", /a/g, /a/i],
    ["URLs", new URL("http://a/?b"), new URL("http://a/?c")],
    ["sets", new Set([1, 2]), new Set([1, 3])],
    ["sets of objects", new Set([{ a: 1 }]), new Set([{ a: 2 }])],
    ["maps", new Map([["a", 1]]), new Map([["a", 2]])],
    ["maps with a missing key", new Map([["a", undefined]]), new Map([["b", undefined]])],
    ["bytes", new Uint8Array([1, 2]), new Uint8Array([1, 3])],
    ["bytes of different types", new Uint8Array([1]), new Int8Array([1])],
    ["bytes and a list", new Uint8Array([1]), [1]],
    ["objects of a class", new Point(1), new Point(2)],
    ["what a getter of the class gives", new Point(1, 1), new Point(1, 2)],
    ["objects of different classes", new Point(1), new OtherPoint(1)],
    ["an object of a class and a plain one", new Point(1), { x: 1 }],
    ["errors with different messages", new Error("a"), new Error("b")],
    ["functions", () => {}, () => {}],
    ["objects that contain themselves", cycle(1), cycle(2)],
  ];
  for (const [name, a, b] of different) {
    await t.step(`different: ${name}`, () => {
      assert(failure(() => assertEquals(a, b)) !== null);
      assert(failure(() => assertEquals(b, a)) !== null);
      assert(failure(() => assertNotEquals(a, b)) === null);
    });
  }
});

Deno.test("@std/assert: assertions about values say what was expected", async (t) => {
  const starts: [string, () => void, string][] = [
    ["assert", () => assert(0), ""],
    ["assert, with a message", () => assert("", "why"), "why"],
    ["assertEquals", () => assertEquals(1, 2), "Values are not equal."],
    ["assertEquals, with a message", () => assertEquals(1, 2, "why"), "Values are not equal: why"],
    ["assertNotEquals", () => assertNotEquals(1, 1), "Expected actual: 1 not to be: 1."],
    [
      "assertMatch, with a message",
      () => assertMatch("a", /b/, "why"),
      'Expected actual: "a" to match: "/b/": why',
    ],
    [
      "assertStringIncludes",
      () => assertStringIncludes("a", "b"),
      'Expected actual: "a" to contain: "b".',
    ],
  ];
  for (const [name, run, start] of starts) {
    await t.step(name, () => {
      const message = failure(run);
      assert(message !== null && message.startsWith(start), String(message));
    });
  }

  await t.step("what is fine throws nothing", () => {
    assert([]);
    assertMatch("abc", /b/);
    assertStringIncludes("abc", "b");
    assertStringIncludes("abc", "");
  });
});

Deno.test("@std/assert: assertThrows() and assertRejects() check class and message", async (t) => {
  const thrower = (error: unknown) => () => {
    throw error;
  };
  await t.step("they return the error", async () => {
    const error = new TypeError("text");
    assert(assertThrows(thrower(error), TypeError) === error);
    assert(assertThrows(thrower(error), Error, "ex") === error);
    assert(await assertRejects(() => Promise.reject(error), TypeError, "text") === error);
  });

  await t.step("without a class, anything may be thrown", async () => {
    assert(assertThrows(thrower("text")) === "text");
    assert(await assertRejects(() => Promise.reject(5)) === 5);
  });

  await t.step("control sequences for the terminal do not count", () => {
    assertThrows(thrower(new Error("\x1b[31mred\x1b[0m hat")), Error, "red hat");
  });

  type Run = [run: () => unknown, type: typeof TypeError, text?: string];
  const wrong: [string, Run, string][] = [
    ["nothing is thrown", [() => {}, TypeError], "Expected function to throw"],
    ["another class", [thrower(new RangeError("a")), TypeError], 'instance of "TypeError"'],
    ["another message", [thrower(new TypeError("a")), TypeError, "b"], 'to include "b"'],
    ["no error", [thrower("a"), TypeError], "A non-Error object was thrown"],
  ];
  for (const [name, [run, type, text], message] of wrong) {
    await t.step(`assertThrows(): ${name}`, () => {
      assertStringIncludes(failure(() => assertThrows(run, type, text)) ?? "none", message);
    });
  }

  const unrejected: [string, () => Promise<unknown>, string][] = [
    ["it resolves", () => Promise.resolve(1), "Expected function to reject"],
    ["it throws", thrower(new TypeError("a")) as never, "throws when expected to reject"],
    ["it returns no promise", (() => 1) as never, "throws when expected to reject"],
    ["another class", () => Promise.reject(new RangeError("a")), 'instance of "TypeError"'],
    ["no error", () => Promise.reject("a"), "A non-Error object was rejected"],
  ];
  for (const [name, run, message] of unrejected) {
    await t.step(`assertRejects(): ${name}`, async () => {
      const error = await assertRejects(run, TypeError).catch((error) => error);
      assertEquals(error.name, "AssertionError");
      assertStringIncludes(error.message, message);
    });
  }
});

Deno.test("@std/path: paths", async (t) => {
  const cases: [unknown, unknown][] = [
    [join("a", "..", "b", "/c/"), "b/c/"],
    [join("", ""), "."],
    [join(new URL("file:///a%20b"), "c"), "/a b/c"],
    [dirname("/a/b/"), "/a"],
    [dirname("a"), "."],
    [basename("/a/b.ts/"), "b.ts"],
    [basename("/a/b.ts", ".ts"), "b"],
    [extname("/a.b/c.tar.gz"), ".gz"],
    [extname("/a.b/.c"), ""],
    [isAbsolute("/a"), true],
    [isAbsolute("./a"), false],
    [relative("/a/b", "/a/c/d"), "../c/d"],
    [relative("/a", "/a"), ""],
    [resolve("/a", "b", "../c"), "/a/c"],
    [resolve("/a", "/b"), "/b"],
    [resolve("a"), join(Deno.cwd(), "a")],
    [SEPARATOR, "/"],
  ];
  await t.step({
    name: "as POSIX has them",
    ignore: Deno.build.os === "windows",
    fn: () => assertEquals(cases.map(([actual]) => actual), cases.map(([, expected]) => expected)),
  });
});

Deno.test("@std/path: file URLs", async (t) => {
  const paths: [string, string][] = [
    ["/", "file:///"],
    ["/a/b", "file:///a/b"],
    ["/a/", "file:///a/"],
    ["/a//b", "file:///a//b"],
    ["//a/b", "file:///a/b"],
    ["/a/../b/./c", "file:///b/c"],
    ["/100% #?ü\\", "file:///100%25%20%23%3F%C3%BC%5C"],
    ["/a\tb\nc", "file:///a%09b%0Ac"],
    ["/%20", "file:///%2520"],
    [`/"<>\`{}|^[]'()~&+`, `file:///%22%3C%3E%60%7B%7D|^[]'()~&+`],
  ];
  for (const [path, url] of paths) {
    await t.step({
      name: JSON.stringify(path),
      ignore: Deno.build.os === "windows",
      fn: () => assertEquals(toFileUrl(path).href, url),
    });
  }
  await t.step({
    name: "and back",
    ignore: Deno.build.os === "windows",
    fn: () => {
      for (const path of ["/a/b/", "/100% #?ü\\", "/a\tb\nc", "/%20", "/a//b"]) {
        assertEquals(fromFileUrl(toFileUrl(path)), path);
        assertEquals(fromFileUrl(toFileUrl(path).href), path);
      }
      assertEquals(fromFileUrl("file:///a%2Fb%zz"), "/a/b%zz");
    },
  });
  await t.step("a relative path is no URL", () => {
    for (const path of ["x", "./x", "../x", "", "x/y"]) {
      assertThrows(() => toFileUrl(path), TypeError, "Path must be absolute");
    }
  });
  await t.step("another URL is no path", () => {
    assertThrows(() => fromFileUrl("https://a/b"), TypeError, "URL must be a file URL");
    assertThrows(() => fromFileUrl("/a"), TypeError);
  });
});

Deno.test("@std/log: a logger hands records at or above its level to its handlers", async (t) => {
  const records: LogRecord[] = [];
  class Collector extends BaseHandler {
    readonly lines: string[] = [];
    override log(line: string): void {
      this.lines.push(line);
    }
  }
  const logAll = (level: LevelName, handlerLevel: LevelName, formats = true) => {
    const formatter = (record: LogRecord) => {
      records.push(record);
      return `${record.levelName}: ${record.msg} ${record.args.length}`;
    };
    const handler = new Collector(handlerLevel, formats ? { formatter } : {});
    const logger = new Logger("name", level, { handlers: [handler] });
    assertEquals(logger.debug("d"), "d");
    logger.info("i", 1);
    logger.warn("w", 1, undefined);
    logger.error("e");
    return handler.lines;
  };
  await t.step("all", () => {
    assertEquals(logAll("DEBUG", "NOTSET"), ["DEBUG: d 0", "INFO: i 1", "WARN: w 2", "ERROR: e 0"]);
  });
  await t.step("the logger's level counts, and the handler's", () => {
    assertEquals(logAll("WARN", "DEBUG"), ["WARN: w 2", "ERROR: e 0"]);
    assertEquals(logAll("DEBUG", "ERROR"), ["ERROR: e 0"]);
    assertEquals(logAll("CRITICAL", "DEBUG"), []);
  });
  await t.step("without a formatter", () => {
    assertEquals(logAll("ERROR", "DEBUG", false), ["ERROR e"]);
  });
  await t.step("records", () => {
    const [record] = records;
    assertEquals([record!.loggerName, record!.level, record!.levelName], ["name", 10, "DEBUG"]);
    assert(Date.now() - record!.datetime.getTime() < 60_000);
  });
  await t.step("a level that does not exist", () => {
    assertThrows(() => new Logger("a", "LOUD" as LevelName), Error, "no level named LOUD");
    assertThrows(() => new Collector("LOUD" as LevelName), Error, "no level named LOUD");
  });
});

Deno.test("@std/http: serveFile() answers with a file", async (t) => {
  using site = Site.make({
    "a.html": "0123456789",
    "a.unknown": "0123456789",
    "empty.txt": "",
    "folder.txt/a": "",
  });
  const MTIME = new Date("2024-02-03T04:05:06.789Z");
  const ETAG = 'W/"a-BixwEnWh6MfA3xYv+DFDaDa4go8"';
  for (const name of ["a.html", "a.unknown", "empty.txt"]) {
    Deno.utimeSync(join(site.root, name), MTIME, MTIME);
  }
  const serve = async (name: string, headers: Record<string, string> = {}, method = "GET") => {
    const path = join(site.root, name);
    const response = await serveFile(new Request("http://a/", { method, headers }), path);
    return {
      status: `${response.status} ${response.statusText}`,
      headers: Object.fromEntries(response.headers),
      body: await response.text(),
    };
  };
  const COMMON = {
    "accept-ranges": "bytes",
    "etag": ETAG,
    "last-modified": "Sat, 03 Feb 2024 04:05:06 GMT",
    "server": "deno",
  };
  const HTML = { ...COMMON, "content-type": "text/html; charset=UTF-8" };

  await t.step("the whole file", async () => {
    const whole = { status: "200 OK", headers: { ...HTML, "content-length": "10" } };
    assertEquals(await serve("a.html"), { ...whole, body: "0123456789" });
    assertEquals(await serve("a.html", {}, "HEAD"), { ...whole, body: "" });
  });

  await t.step("a file with an unknown extension has no type", async () => {
    assertEquals(await serve("a.unknown"), {
      status: "200 OK",
      headers: { ...COMMON, "content-length": "10" },
      body: "0123456789",
    });
  });

  await t.step("with what is known of the file", async () => {
    const path = join(site.root, "a.html");
    const fileInfo = { ...Deno.statSync(path), mtime: null };
    const response = await serveFile(new Request("http://a/"), path, { fileInfo });
    assertEquals(await response.text(), "0123456789");
    assertEquals([response.headers.has("etag"), response.headers.has("last-modified")], [
      false,
      false,
    ]);
  });

  await t.step("what is not there, a folder, and other methods", async () => {
    assertEquals([(await serve("none.txt")).status, (await serve("none.txt")).body], [
      "404 Not Found",
      "Not Found",
    ]);
    assertEquals((await serve("folder.txt")).status, "404 Not Found");
    assertEquals((await serve("a.html", {}, "POST")).status, "405 Method Not Allowed");
  });

  const STRONG = ETAG.slice(2);
  const DATE = COMMON["last-modified"];
  const conditions: [Record<string, string>, boolean][] = [
    [{ "if-none-match": ETAG }, true],
    [{ "if-none-match": STRONG }, true],
    [{ "if-none-match": "*" }, true],
    [{ "if-none-match": `"x", ${ETAG} , "y"` }, true],
    [{ "if-none-match": `"x",${STRONG},"y"` }, true],
    [{ "if-none-match": '"x"' }, false],
    [{ "if-none-match": "" }, false],
    [{ "if-none-match": ETAG.slice(0, -1) }, false],
    [{ "if-modified-since": DATE }, true],
    [{ "if-modified-since": "Sat, 03 Feb 2024 04:05:07 GMT" }, true],
    [{ "if-modified-since": "Sat, 03 Feb 2024 04:05:05 GMT" }, false],
    [{ "if-modified-since": "x" }, false],
    [{ "if-modified-since": DATE, "if-none-match": '"x"' }, false],
    [{ "if-modified-since": DATE, "if-none-match": "" }, false],
    [{ "if-none-match": ETAG, "range": "bytes=1-2" }, true],
  ];
  for (const [headers, isUnchanged] of conditions) {
    await t.step(JSON.stringify(headers), async () => {
      const { status, headers: sent, body } = await serve("a.html", headers);
      if (isUnchanged) assertEquals([status, sent, body], ["304 Not Modified", HTML, ""]);
      else assertEquals([status, body], ["200 OK", "0123456789"]);
    });
  }

  const ranges: [string, string | null, string][] = [
    ["bytes=0-0", "0-0", "0"],
    ["bytes=2-4", "2-4", "234"],
    ["bytes=8-", "8-9", "89"],
    ["bytes=-2", "8-9", "89"],
    ["bytes=-99", "0-9", "0123456789"],
    ["bytes=9-99", "9-9", "9"],
    ["bytes=10-", "*", "Range Not Satisfiable"],
    ["bytes=-0", "*", "Range Not Satisfiable"],
    ["bytes=5-4", "*", "Range Not Satisfiable"],
    ["bytes=0-1,3-4", null, "0123456789"],
    ["bytes=-", null, "0123456789"],
    ["bytes=", null, "0123456789"],
    ["bytes=x-y", null, "0123456789"],
    ["x", null, "0123456789"],
  ];
  for (const [range, contentRange, body] of ranges) {
    await t.step(`Range: ${range}`, async () => {
      const status = contentRange === null
        ? "200 OK"
        : contentRange === "*"
        ? "416 Range Not Satisfiable"
        : "206 Partial Content";
      assertEquals(await serve("a.html", { range }), {
        status,
        headers: {
          ...HTML,
          ...(contentRange !== null && { "content-range": `bytes ${contentRange}/10` }),
          ...(contentRange !== "*" && { "content-length": String(body.length) }),
        },
        body,
      });
    });
  }

  await t.step("HEAD looks at neither", async () => {
    const cases: Record<string, string>[] = [{ range: "bytes=1-2" }, { "if-none-match": "*" }];
    for (const headers of cases) {
      assertEquals((await serve("a.html", headers, "HEAD")).status, "200 OK");
    }
  });

  await t.step("an empty file has no ranges", async () => {
    const { status, headers, body } = await serve("empty.txt", { range: "bytes=0-1" });
    assertEquals([status, headers["content-length"], body], ["200 OK", "0", ""]);
    assertEquals("content-range" in headers, false);
  });

  await t.step("types by extension", async () => {
    const types: Record<string, string | null> = {
      "a.js": "text/javascript; charset=UTF-8",
      "a.mjs": "text/javascript; charset=UTF-8",
      "a.css": "text/css; charset=UTF-8",
      "a.json": "application/json; charset=UTF-8",
      "a.map": "application/json; charset=UTF-8",
      "a.txt": "text/plain; charset=UTF-8",
      "a.md": "text/markdown; charset=UTF-8",
      "a.xml": "application/xml",
      "a.svg": "image/svg+xml",
      "a.png": "image/png",
      "a.JPG": "image/jpeg",
      "a.ico": "image/vnd.microsoft.icon",
      "a.webp": "image/webp",
      "a.woff2": "font/woff2",
      "a.wasm": "application/wasm",
      "a.mp3": "audio/mpeg",
      "a.mp4": "video/mp4",
      "a.pdf": "application/pdf",
      "a.webmanifest": "application/manifest+json; charset=UTF-8",
      "a.bin": "application/octet-stream",
      "a.tar.gz": "application/gzip",
      "a.": null,
      "a": null,
      ".html": null,
    };
    for (const [name, type] of Object.entries(types)) {
      site.write({ [name]: "" });
      assertEquals([name, (await serve(name)).headers["content-type"] ?? null], [name, type]);
    }
  });
});
