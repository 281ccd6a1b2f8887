/**
 * Most cases run the command in the process of the test, with pipes of its own. A real process runs where a case
 * is about its pipes, its exit code, signals, the environment or permissions, and the commands of the page.
 *
 * @module
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { connectCommand } from "../../lib/tools/cli/connect.ts";
import { newProgram, runProgram } from "../../lib/tools/cli/program.ts";
import type { Timeouts } from "../../lib/tools/client/mod.ts";
import { Board } from "../helpers/board.ts";
import { HandServer } from "../helpers/hand_server.ts";
import { runInProcess, type ShellOptions } from "../helpers/in_process.ts";
import { Lines } from "../helpers/lines.ts";
import { Certificate, Peer } from "../helpers/peer.ts";
import { SharedBoard } from "../helpers/shared_board.ts";
import { Site } from "../helpers/site.ts";
import { SECRET, tokenOf } from "../helpers/tokens.ts";

const CLI = fromFileUrl(import.meta.resolve("../../cli.ts"));

/** Sends back what it gets, says who is there, closes as it is told. */
const SERVICE = `
  const ws = require("/lib/websocket");
  exports.get = (req) => req.webSocket
    ? { webSocket: { data: { name: req.headers["X-Name"] ?? "" }, subProtocols: ["v2", "v1"] } }
    : { body: "no websocket" };
  exports.webSocketEvent = (e) => {
    const { id } = e.session;
    if (e.type !== "message") return;
    if (e.message === "who") return ws.send(id, JSON.stringify([e.data.name, e.session.user?.key ?? null]));
    if (e.message === "bytes") return ws.send(id, new Uint8Array([1, 10, 255]));
    const close = /^close (\\d+) ?(.*)/.exec(e.message);
    if (close) return ws.close(id, Number(close[1]), close[2]);
    if (e.message !== "hush") ws.send(id, e.message);
  };`;

/** Its users are known by a token of {@linkcode tokenOf}. */
const board = new SharedBoard({
  "switchboard.json": { auth: { jwt: { algorithms: ["HS256"], secretFile: "secret" } } },
  "secret": SECRET,
  "services/echo/echo.js": SERVICE,
  "services/plain/plain.js": `exports.get = () => ({ body: "a page" });`,
  "services/known/known.js": SERVICE,
  "services/known/service.json": { allow: ["role:system.authenticated"] },
});

function spawn(args: string[], env: Record<string, string> = {}): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-prompt", CLI, "connect", ...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    env: { NO_COLOR: "1", SWITCHBOARD_TOKEN: "", ...env },
  }).spawn();
}

/** Runs it to its end in a process of its own. */
async function runProcess(
  args: string[],
  { input = "", keepsInputOpen = false, env }: ShellOptions = {},
) {
  const process = spawn(args, env);
  const writer = process.stdin.getWriter();
  const bytes = typeof input === "string" ? new TextEncoder().encode(input) : input;
  const write = async () => {
    await writer.write(bytes);
    if (!keepsInputOpen) await writer.close();
  };
  const [{ code, stdout, stderr }] = await Promise.all([
    process.output(),
    // It may end before it has read everything.
    write().catch(() => {}),
  ]);
  await writer.close().catch(() => {});
  const decoder = new TextDecoder();
  return {
    code,
    output: decoder.decode(stdout),
    errors: masked(decoder.decode(stderr)),
    bytes: stdout,
  };
}

/** Runs it to its end in the process of the test. */
async function run(args: string[], options: ShellOptions = {}) {
  const result = await runInProcess(["connect", ...args], options);
  return { ...result, errors: masked(result.errors) };
}

/** The same with less patience. */
async function runImpatiently(args: string[], timeouts: Partial<Timeouts>) {
  const result = await runInProcess(["connect", ...args], {}, (args, shell) => {
    const program = newProgram("switchboard", "", shell);
    connectCommand(program, shell, timeouts);
    return runProgram(program, args, shell);
  });
  return { ...result, errors: masked(result.errors) };
}

/** The port of a server becomes PORT, and a time TIME. */
function masked(errors: string): string {
  return errors.replaceAll(/(127\.0\.0\.1|localhost):\d+/g, "HOST")
    .replace(/[\d.]+ m?s$/m, "TIME");
}

/** What is said of a connection that came about. */
function said(path: string, closed: string, sent: string, received: string, error?: string) {
  return `Connected to ws://HOST${path}\nClosed     ${closed}\nConnected  TIME\nSent       ${sent}\n` +
    `Received   ${received}\n${error === undefined ? "" : `error: ${error}\n`}`;
}

board.add(
  "connect in a pipe: a line is a message, a message is a line, all else is on stderr",
  {},
  async (server, t) => {
    const url = server.ws("/services/echo");
    await t.step("echo hi | switchboard connect URL --count 1", async () => {
      const { code, output, errors } = await runProcess([url, "--count", "1"], { input: "hi\n" });
      assertEquals([code, output], [0, "hi\n"]);
      assertEquals(
        errors,
        said("/services/echo", "1000 normal closure", "1 message, 2 bytes", "1 message, 2 bytes"),
      );
    });
    await t.step(
      "lines as they are: empty, with a colon, without an end, from Windows",
      async () => {
        const { code, output } = await run([url, "-n", "5"], { input: "a\r\n\n:help\n[\nb" });
        assertEquals([code, output], [0, "a\n\n:help\n[\nb\n"]);
      },
    );
    await t.step("messages as they came: escapes, bytes, a byte order mark", async () => {
      const input = "\x1b[31m\r\t\0\nbytes\n\ufeffx\n";
      const expected = [..."\x1b[31m\r\t\0\n\x01\n"].map((char) => char.charCodeAt(0));
      for (const way of [run, runProcess]) {
        const { bytes } = await way([url, "-n", "3"], { input });
        assertEquals([...bytes], [...expected, 255, 10, 0xef, 0xbb, 0xbf, 120, 10]);
      }
    });
    await t.step("a message of 60,000 characters, and a thousand short ones", async () => {
      const lines = ["x".repeat(60_000), ...Array.from({ length: 1000 }, (_, n) => `${n} ü`)];
      const input = `${lines.join("\n")}\n`;
      const { code, output } = await runProcess([url, "-n", "1001"], { input });
      assertEquals([code, output === input], [0, true]);
    });
    await t.step("no more than --count, whatever else comes", async () => {
      const { code, output } = await run([url, "-n", "2"], { input: "1\n2\n3\n4\n5\n" });
      assertEquals([code, output], [0, "1\n2\n"]);
    });
    assertEquals(await server.settled(), { sessions: 0, groups: 0 });
  },
);

board.add(
  "connect in a pipe ends when the server closes, or some time after the input",
  {},
  async (server, t) => {
    const url = server.ws("/services/echo");
    const closes: [string, string, string | undefined][] = [
      ["1000", "1000 normal closure", undefined],
      ["1000 bye", "1000 normal closure: bye", undefined],
      ["1001", "1001 going away", undefined],
      [
        "1008 no",
        "1008 policy violation: no",
        "The connection was closed with 1008 policy violation: no",
      ],
      ["1013", "1013 try again later", "The connection was closed with 1013 try again later"],
      [
        "4000 x",
        "4000 of the application: x",
        "The connection was closed with 4000 of the application: x",
      ],
    ];
    for (const [code, closed, error] of closes) {
      await t.step(`closed with ${code}`, async () => {
        // The exit code is that of a process, too.
        for (const way of code === "1008 no" ? [run, runProcess] : [run]) {
          const result = await way([url], { input: `close ${code}\n`, keepsInputOpen: true });
          assertEquals(result.code, error === undefined ? 0 : 1);
          assert(result.errors.includes(`\nClosed     ${closed}\n`), result.errors);
          assertEquals(/^error: (.*)$/m.exec(result.errors)?.[1], error);
        }
      });
    }
    // They wait side by side.
    const [waited, tooFew] = await Promise.all([
      run([url, "--wait", "2"], { input: "a\n" }),
      run([url, "-n", "2", "--wait", "2"], { input: "a\n" }),
    ]);
    await t.step("--wait after the end of the input, which is a close of its own", () => {
      const { code, output, errors } = waited;
      assertEquals([code, output], [0, "a\n"]);
      assertMatch(errors, /^Closed {5}1000 normal closure$/m);
    });
    await t.step("--wait 0 waits for nothing", async () => {
      assertEquals((await run([url, "--wait", "0"], { input: "hush\n" })).code, 0);
    });
    await t.step("fewer than --count in that time: exit 1", () => {
      const { code, output, errors } = tooFew;
      assertEquals([code, output], [1, "a\n"]);
      assertMatch(errors, /\nerror: Only 1 of 2 messages came\n$/);
    });
    await t.step("fewer than --count when the server closes: exit 1", async () => {
      const { code, errors } = await run([url, "-n", "1"], { input: "close 1000\n" });
      assertEquals(code, 1);
      assertMatch(
        errors,
        /\nerror: Only 0 of 1 message came; the connection ended with 1000 normal closure\n$/,
      );
    });
    await t.step("--count reached, however the server closes then: exit 0", async () => {
      using hand = new HandServer();
      const serve = async () => {
        await hand.accept();
        await hand.frame(1, "one");
        await hand.close(1011);
      };
      const [, { code, output }] = await Promise.all([serve(), run([hand.url, "-n", "1"])]);
      assertEquals([code, output], [0, "one\n"]);
    });
    await t.step(
      "a server that sends no frame and answers no close is cut off: exit 1",
      async () => {
        using hand = new HandServer();
        const serve = async () => {
          await hand.accept();
          await hand.frame(3, "?");
        };
        const [, { code, errors }] = await Promise.all([
          serve(),
          runImpatiently([hand.url], { closeMs: 200 }),
        ]);
        assertEquals(code, 1);
        assertMatch(errors, /\nerror: The connection was cut: .*opcode 3\n$/);
        await hand.ended();
      },
    );
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      await t.step(`${signal}: 1000 and the summary`, async () => {
        const process = spawn([url, "--wait", "forever"]);
        const [output, errors] = [Lines.of(process.stdout), Lines.of(process.stderr)];
        const writer = process.stdin.getWriter();
        await writer.write(new TextEncoder().encode("here\n"));
        await output.next((line) => line === "here");
        process.kill(signal);
        const [{ code }] = await Promise.all([process.status, output.end(), errors.end()]);
        await writer.close().catch(() => {});
        assertEquals([code, errors.all[1]], [0, "Closed     1000 normal closure"]);
        assertEquals(errors.all.length, 5);
      });
    }
    await t.step("a reader that has had enough ends it quietly", async () => {
      const process = spawn([url]);
      const errors = Lines.of(process.stderr);
      const writer = process.stdin.getWriter();
      const reader = process.stdout.getReader();
      await writer.write(new TextEncoder().encode("one\n"));
      await reader.read();
      await reader.cancel();
      await writer.write(new TextEncoder().encode("two\n"));
      const [{ code }] = await Promise.all([process.status, errors.end()]);
      await writer.close().catch(() => {});
      assertEquals([code, errors.all[1]], [0, "Closed     1000 normal closure"]);
      assertEquals(errors.all.length, 5);
    });
    await t.step("input that is no text: exit 1", async () => {
      const { code, output, errors } = await run([url], {
        input: Uint8Array.of(97, 10, 255, 254, 10),
      });
      assertEquals([code, output === "" || output === "a\n"], [1, true]);
      assertMatch(
        errors,
        /\nerror: Cannot send line 2 of the input: it is not UTF-8, and a text message is\n$/,
      );
    });
  },
);

board.add(
  "connect sends headers, a token, subprotocols, user and password",
  {},
  async (server, t) => {
    const url = server.ws("/services/echo");
    const token = await tokenOf();
    const who = async (args: string[], env = {}, way: typeof run = run) => {
      const result = await way([url, "-n", "1", ...args], { input: "who\n", env });
      assertEquals(result.code, 0, result.errors);
      return { who: JSON.parse(result.output), errors: result.errors };
    };
    await t.step("--header", async () => {
      const { who: told } = await who(["--header", "X-Name: Ada: Lovelace", "-H", "x-other:y"]);
      assertEquals(told, ["Ada: Lovelace", null]);
    });
    await t.step("--token", async () => {
      assertEquals((await who(["--token", token])).who, ["", "user:jwt:ada"]);
    });
    await t.step("SWITCHBOARD_TOKEN, which a header goes before", async () => {
      const env = { SWITCHBOARD_TOKEN: `${token}\n` };
      for (const way of [run, runProcess]) {
        assertEquals((await who([], env, way)).who, ["", "user:jwt:ada"]);
      }
      const header = ["-H", `Authorization: Bearer ${token}`];
      assertEquals((await who(header, { SWITCHBOARD_TOKEN: "other" })).who, ["", "user:jwt:ada"]);
    });
    await t.step("--subprotocol, the first that the server speaks", async () => {
      const { errors } = await who(["--subprotocol", "v3", "--subprotocol", "v1"]);
      assertMatch(errors, /^Connected to ws:\/\/HOST\/services\/echo, subprotocol v1\n/);
    });
    const refused: [string, string[], Record<string, string>, string][] = [
      [
        "none that the server speaks",
        ["--subprotocol", "v3", "--subprotocol", "v4"],
        {},
        "the server speaks none of the subprotocols v3, v4",
      ],
      [
        "a malformed token",
        ["--token", "nonsense"],
        {},
        "the server refuses with 401 Unauthorized; the credentials are not valid",
      ],
    ];
    for (const [name, args, env, message] of refused) {
      await t.step(`${name}: exit 1`, async () => {
        const { code, output, errors } = await run([url, ...args], { env });
        assertEquals([code, output], [1, ""]);
        assert(
          errors.startsWith(`error: Cannot connect to ws://HOST/services/echo: ${message}`),
          errors,
        );
      });
    }
    await t.step("an environment that holds no token: exit 1, and it is not shown", async () => {
      const { code, errors } = await run([url], { env: { SWITCHBOARD_TOKEN: "se cret" } });
      assertEquals(code, 1);
      assertEquals(
        errors,
        "error: Environment variable SWITCHBOARD_TOKEN is not a token: expected ASCII without blanks\n",
      );
    });
  },
);

board.add("connect says why it cannot connect, and what to do", {}, async (server, t) => {
  const taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr as Deno.NetAddr;
  taken.close();
  const refuses = "the server refuses with";
  const cases: [string, string, string, string][] = [
    [
      "nothing listens there",
      `:${port}/x`,
      "/x",
      `nothing listens there; start a server with: switchboard serve --port ${port}`,
    ],
    [
      "nothing listens there, on a port below 1024",
      ":1/x",
      "/x",
      "nothing listens there; check host and port",
    ],
    ["no such host", "ws://nowhere.invalid/", "", 'there is no host "nowhere.invalid"'],
    [
      "no such service",
      server.ws("/services/nope"),
      "/services/nope",
      `${refuses} 404 Not Found\n  There is nothing at /services/nope`,
    ],
    [
      "another origin",
      server.ws("/services/echo"),
      "/services/echo",
      `${refuses} 403 Forbidden\n  `,
    ],
    [
      "no websocket, at our server",
      server.http("/services/plain"),
      "/services/plain",
      "the server answers with 200 OK and no websocket\n  a page",
    ],
  ];
  for (const [name, url, path, message] of cases) {
    await t.step(`${name}: exit 1`, async () => {
      const args = name === "another origin" ? ["-H", "Origin: https://evil.example"] : [];
      const { code, output, errors } = await run([url, ...args]);
      assertEquals([code, output], [1, ""]);
      const whole = path === "" ? "ws://nowhere.invalid/" : `ws://HOST${path}`;
      assert(errors.startsWith(`error: Cannot connect to ${whole}: ${message}`), errors);
    });
  }
  await t.step("401: the error says how to send a token", async () => {
    const { code, errors } = await run([server.ws("/services/known")]);
    assertEquals(code, 1);
    assertMatch(
      errors,
      /^error: Cannot connect to .*: the server refuses with 401 Unauthorized; send a token with --token, or in the environment variable SWITCHBOARD_TOKEN/,
    );
  });
  await t.step("no permission: exit 1 and the flag to add", async () => {
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--allow-env",
        "--allow-read",
        "--no-prompt",
        CLI,
        "connect",
        `localhost:${port}`,
      ],
      env: { NO_COLOR: "1" },
    }).output();
    assertEquals({ code, errors: new TextDecoder().decode(stderr) }, {
      code: 1,
      errors: `error: Cannot connect to ws://localhost:${port}/: permission denied; ` +
        `add --allow-net=localhost:${port}\n`,
    });
  });
  await t.step("a server that does not answer: exit 1", async () => {
    using silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const url = `:${(silent.addr as Deno.NetAddr).port}/hang`;
    const { code, errors } = await runImpatiently([url], { handshakeMs: 200 });
    assertEquals(code, 1);
    const message = "there was no answer within TIME\n";
    assert(errors.startsWith(`error: Cannot connect to ws://HOST/hang: ${message}`), errors);
  });
  const answers: [string, string, string][] = [
    [
      "no websocket, elsewhere",
      "HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\nno websocket",
      "the server answers with 200 OK and no websocket\n  no websocket",
    ],
    ["a server that hangs up", "", "the server ended the connection without an answer"],
    [
      "no HTTP",
      "SSH-2.0-OpenSSH\r\n",
      'the program that listens there does not speak HTTP; if it speaks TLS, use "wss:"',
    ],
    [
      "a redirect",
      "HTTP/1.1 302 Found\r\nLocation: https://a.example/\x7f\r\nContent-Length: 0\r\n\r\n",
      `${refuses} 302 Found; it leads to https://a.example/`,
    ],
    [
      "an answer without end",
      `HTTP/1.1 500 Oh\r\nContent-Length: 99999\r\n\r\n${"line\n".repeat(50)}`,
      `${refuses} 500 Oh${"\n  line".repeat(20)}\n  …\n`,
    ],
    [
      "a wrong handshake",
      "HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n",
      "Invalid Sec-WebSocket-Accept header\n",
    ],
  ];
  for (const [name, answer, message] of answers) {
    await t.step(`${name}: exit 1`, async () => {
      using hand = new HandServer();
      const [, { code, errors }] = await Promise.all([
        hand.answer(answer.replace("\x7f", "")).then(() => answer === "" && hand.drop()),
        runImpatiently([hand.url], { bodyMs: 200 }),
      ]);
      assertEquals(code, 1);
      assert(errors.startsWith(`error: Cannot connect to ws://HOST/: ${message}`), errors);
    });
  }
});

Deno.test("connect with a server of our own", board.run);

Deno.test("connect takes user and password from the URL, and does not show them", async () => {
  using server = new HandServer();
  const url = server.url.replace("ws://", "http://ada:s%C3%A9cret@");
  const [request, { code, errors }] = await Promise.all([
    server.answer(
      'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Bearer, Basic realm="x"\r\n\r\nWrong\x1b[31m\n',
    ).finally(() => server.drop()),
    run([url]),
  ]);
  assertMatch(request, /^authorization: Basic YWRhOnPDqWNyZXQ=$/mi);
  assertEquals(code, 1);
  assertEquals(
    errors,
    "error: Cannot connect to ws://HOST/: the server refuses with 401 Unauthorized; " +
      "the credentials are not valid\n  Wrong\\x1b[31m\n",
  );
});

Deno.test("connect speaks TLS, and trusts the authority of --ca", async (t) => {
  using certificate = await Certificate.make();
  await using peer = await Peer.start(certificate);
  const url = peer.url("/echo");
  await t.step("with it", async () => {
    const args = [url, "-n", "1", "--ca", certificate.authority];
    for (const way of [run, runProcess]) {
      const { code, output } = await way(args, { input: "hi\n" });
      assertEquals([code, output], [0, "hi\n"]);
    }
  });
  using site = Site.make({ "no.pem": "garbage", "a folder/x": "" });
  const wrong: [string, string[], string][] = [
    [
      "without it",
      [url],
      "Cannot connect to wss://HOST/echo: the server's certificate is signed by an authority that is " +
      "not trusted; name the authority's file (PEM) with --ca",
    ],
    [
      "for another host",
      [url.replace("localhost", "127.0.0.1"), "--ca", certificate.authority],
      `Cannot connect to wss://HOST/echo: the server's certificate is not for "127.0.0.1"`,
    ],
    [
      "by the wrong scheme",
      [url.replace("wss:", "ws:")],
      "Cannot connect to ws://HOST/echo: the program that listens there does not speak HTTP; " +
      'if it speaks TLS, use "wss:"',
    ],
    [
      "a file that is not there",
      [url, "--ca", join(site.root, "none.pem")],
      `Cannot read --ca "${join(site.root, "none.pem")}": there is no such file`,
    ],
    [
      "a file that holds none",
      [url, "--ca", join(site.root, "no.pem")],
      `Cannot read --ca "${join(site.root, "no.pem")}": it holds no certificate, expected PEM`,
    ],
    [
      "a folder",
      [url, "--ca", join(site.root, "a folder")],
      `Cannot read --ca "${join(site.root, "a folder")}": it is a folder`,
    ],
  ];
  for (const [name, args, message] of wrong) {
    await t.step(`${name}: exit 1`, async () => {
      const { code, errors } = await run(args);
      assertEquals({ code, errors }, { code: 1, errors: `error: ${message}\n` });
    });
  }
  await t.step("TLS where there is none", async () => {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const answered = listener.accept().then(async (connection) => {
      await connection.write(new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n\r\n"));
      connection.close();
    });
    const { port } = listener.addr as Deno.NetAddr;
    const { code, errors } = await run([`wss://127.0.0.1:${port}/`]);
    await answered;
    assertEquals({ code, errors }, {
      code: 1,
      errors: 'error: Cannot connect to wss://HOST/: it does not speak TLS; use "ws:"\n',
    });
  });
});

Deno.test("connect with a wrong command line: exit 2 and what was expected", async (t) => {
  const wrong: [string[], string][] = [
    [[], "missing required argument 'url'"],
    [[":1", ":2"], "too many arguments for 'connect'"],
    [[""], 'Cannot read URL "": it names no host'],
    [["ftp://x"], 'Cannot read URL "ftp://x": its scheme must be ws, wss, http or https'],
    [[":1", "--cuont", "1"], "(Did you mean --count?)"],
    ...["0", "-1", "1.5", "x", "", "1e3", "99999999999999999"].map((count): [string[], string] => [
      [":1", "--count", count],
      `argument '${count}' is invalid. Expected a number from 1.`,
    ]),
    ...["-1", "x", "", "1e3", "Infinity", "2000001"].map((wait): [string[], string] => [
      [":1", "--wait", wait],
      `argument '${wait}' is invalid. Expected seconds from 0 to 2000000, or "forever".`,
    ]),
    ...["x", "", ": y", "a b: c", "ä: x"].map((header): [string[], string] => [
      [":1", "--header", header],
      "Expected 'Name: value', for example 'Origin: https://a.example'.",
    ]),
    [[":1", "-H", "X: a\r\nY: b"], "A header's value has no control characters"],
    [[":1", "-H", "X: 日本"], "none past U+00FF"],
    [[":1", "-H", "Upgrade: h2c"], "The handshake sends this header itself."],
    [[":1", "-H", "Sec-WebSocket-Protocol: x"], "Say it with --subprotocol."],
    [[":1", "--token", ""], "Expected ASCII without blanks."],
    [[":1", "--token", "a b"], "Expected ASCII without blanks."],
    [[":1", "--subprotocol", "a,b"], "A subprotocol is of letters, digits and"],
    [[":1", "--subprotocol", "a", "--subprotocol", "a"], "It was already given."],
    [
      [":1", "--token", "a", "-H", "authorization: b"],
      "only one of --token and --header can authenticate you",
    ],
    [
      ["ws://a:b@localhost/", "--token", "a"],
      "only one of --token and the URL can authenticate you",
    ],
  ];
  for (const [args, message] of wrong) {
    await t.step(JSON.stringify(args), async () => {
      // The exit code is that of a process, too.
      for (const way of args.length === 0 ? [run, runProcess] : [run]) {
        const { code, output, errors } = await way(args);
        assertEquals([code, output], [2, ""]);
        assert(errors.includes(message), errors);
      }
    });
  }
});

Deno.test("the commands of docs/connect.md print what the page says", async (t) => {
  await using server = await Board.start({
    "services/echo/echo.js": Deno.readTextFileSync("services/echo/echo.js"),
    "switchboard.json": { auth: { jwt: { algorithms: ["HS256"], secretFile: "secret" } } },
    "secret": SECRET,
  });
  const env = { NO_COLOR: "1", TOKEN: await tokenOf() };
  const page = Deno.readTextFileSync("docs/connect.md").replaceAll(":8080", `:${server.port}`);
  const define = `switchboard() { "${Deno.execPath()}" run -A --no-prompt cli.ts "$@"; }`;
  const blocks = [...page.matchAll(/^```sh\n([^]*?)^```$/gm)].map((match) => match[1]!).join("");
  const lines = [...blocks.matchAll(/^(.*) # (.*)$/gm)];
  for (const [, command, printed] of lines) {
    await t.step(command!, async () => {
      const args = ["-c", `${define}\n${command}`];
      const { stdout } = await new Deno.Command("sh", { args, env, stderr: "null" }).output();
      assertEquals(new TextDecoder().decode(stdout), `${printed}\n`);
    });
  }
  assertEquals(lines.length, blocks.trim().split("\n").length);
});
