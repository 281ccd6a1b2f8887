import { assert, assertEquals, assertMatch } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { HandServer } from "../helpers/hand_server.ts";
import { SharedBoard } from "../helpers/shared_board.ts";
import { HAS_TERMINAL, Terminal } from "../helpers/terminal.ts";

const CLI = fromFileUrl(import.meta.resolve("../../cli.ts"));
const ignore = !HAS_TERMINAL;
if (ignore) {
  console.log("tests/cli/connect_terminal_test.ts is skipped: it needs script and stty of Linux");
}

const CTRL_C = "\x03";
const CTRL_D = "\x04";
const UP = "\x1b[A";
const LEFT = "\x1b[D";

/** Sends back what it gets. */
const SERVICE = `
  const ws = require("/lib/websocket");
  exports.get = (req) => req.webSocket ? { webSocket: {} } : { body: "no websocket" };
  exports.webSocketEvent = (e) => {
    if (e.type === "message") ws.send(e.session.id, e.message);
  };`;

const board = new SharedBoard({ "services/echo/echo.js": SERVICE });

function connect(url: string, options: { columns?: number; rows?: number; env?: object } = {}) {
  return new Terminal(
    [Deno.execPath(), "run", "-A", "--no-prompt", CLI, "connect", url],
    options,
  );
}

/** The screen without the greeting and with T for times. */
function talk(lines: string[]): string[] {
  return lines.slice(2).map((line) => line.replace(/^\d\d:\d\d:\d\d\.\d{3}/, "T"));
}

/** The lines after the one that says how it was closed, without what differs from run to run. */
function ending(lines: string[]): string[] {
  const from = lines.findIndex((line) => line.startsWith("Closed "));
  return lines.slice(from).map((line) => line.replace(/[\d.]+ m?s$/, "TIME"));
}

board.add(
  "connect at a terminal: a prompt, what goes and what comes with times, and a summary",
  {},
  async (server, t) => {
    const url = server.ws("/services/echo");
    await using terminal = connect(url, { columns: 160 });

    await t.step("it says where it is, and how to get on", async () => {
      const lines = await terminal.shows(/^>$/);
      assertEquals(lines, [`Connected to ${url}`, ":help lists the commands, Ctrl-D ends", ">"]);
    });
    await t.step("text goes out and comes back", async () => {
      await terminal.type("hello wörld\r");
      assertEquals(talk(await terminal.shows(/← hello/, ">")), [
        "T → hello wörld",
        "T ← hello wörld",
        ">",
      ]);
    });
    await t.step("JSON of several lines is one message", async () => {
      await terminal.type('{ "a": [\r');
      assertEquals(talk(await terminal.shows(/^\.\.\.$/)).slice(2), ['> { "a": [', "..."]);
      await terminal.type("1\r\r] }\r");
      const message = ['{ "a": [', "  1", "", "  ] }"];
      assertEquals(talk(await terminal.shows(/← \{/, ">")).slice(2), [
        `T → ${message[0]}`,
        ...message.slice(1),
        `T ← ${message[0]}`,
        ...message.slice(1),
        ">",
      ]);
    });
    await t.step("the history has it in one line, to be edited", async () => {
      await terminal.type(UP);
      await terminal.shows(/^> \{ "a": \[ 1 {2}\] \}$/);
      await terminal.type(`${LEFT.repeat(6)}23\r`);
      await terminal.shows(/→ \{ "a": \[ 231 {2}\] \}$/);
      await terminal.type(`${UP}${UP}${UP}`);
      await terminal.shows(/^> hello wörld$/);
      await terminal.type("\x15");
    });
    await t.step("a paste with tabs and line ends of Windows is one message", async () => {
      await terminal.type('{\r\n\t"b": 1\r\n}\r\n');
      const lines = await terminal.until((lines) =>
        lines.filter((line) => /[→←] \{$/.test(line)).length === 2 && lines.at(-1) === ">"
      );
      assertEquals(talk(lines).slice(-4), ["T ← {", '        "b": 1', "  }", ">"]);
    });
    await t.step("bytes", async () => {
      await terminal.type(":hex 00 ff 1a\r");
      await terminal.shows(/→ \(3 bytes\) 00 ff 1a$/);
      await terminal.shows(/← \(3 bytes\) 00 ff 1a$/);
      await terminal.type(`:hex ${"ab".repeat(40)}\r`);
      await terminal.shows(/← \(40 bytes\) (ab ){32}…$/);
    });
    await t.step("pings, with the time that they took", async () => {
      await terminal.type(":ping\r");
      await terminal.shows(/→ \(ping\)$/);
      await terminal.shows(/← \(pong after \d+\.\d ms\)$/);
      await terminal.type(":ping are you there\r");
      await terminal.shows(/← \(pong "are you there" after \d+\.\d ms\)$/);
    });
    await t.step("what begins with a colon, what is empty, what stays open", async () => {
      await terminal.type("::text\r:text\r:text [\r\r");
      await terminal.shows(/← :text$/);
      await terminal.shows(/← \(empty\)$/);
      await terminal.shows(/← \[$/);
    });
    await t.step("what is no command is not sent", async () => {
      await terminal.type(":pong\r:hex 0\r:close 7\r");
      await terminal.shows(/! There is no command ":pong", did you mean ":ping"\? To send the/);
      await terminal.shows(/! Cannot send bytes: "0" has half a byte, expected for example ":hex/);
      await terminal.shows(/! Close code must be 1000 to 1003, .*, got 7;/);
    });
    await t.step("Ctrl-C drops the message that is open", async () => {
      await terminal.type("[dropped\rtoo");
      await terminal.shows(/^\.\.\. too$/);
      await terminal.type(CTRL_C);
      const lines = await terminal.until((lines) => lines.at(-1) === ">");
      assertEquals(lines.filter((line) => /dropped|too$/.test(line)), []);
    });
    await t.step(":close says so with code and reason, and the summary sums up", async () => {
      await terminal.type(":close 4001 enough\r");
      assertEquals(await terminal.ends(), 0);
      const { lines } = terminal.screen;
      assert(talk(lines).includes("T → (close 4001 of the application: enough)"));
      assertEquals(ending(lines), [
        "Closed     4001 of the application: enough",
        "Connected  TIME",
        "Sent       9 messages, 104 bytes",
        "Received   9 messages, 104 bytes",
      ]);
    });
    assertEquals(await server.settled(), { sessions: 0, groups: 0 });
  },
);

board.add(
  "connect at a terminal ends with 1000 on Ctrl-D, Ctrl-C and :quit",
  {},
  async (server, t) => {
    const ways: [string, string][] = [
      ["Ctrl-D", CTRL_D],
      ["Ctrl-C", CTRL_C],
      ["Ctrl-C, with something typed", `half${CTRL_C}`],
      [":quit", ":quit\r"],
      ["Ctrl-D in an open message", `[\r${CTRL_D}`],
    ];
    for (const [name, typed] of ways) {
      await t.step(name, async () => {
        await using terminal = connect(server.ws("/services/echo"));
        await terminal.shows(/^>$/);
        await terminal.type(typed);
        assertEquals(await terminal.ends(), 0);
        assertEquals(ending(terminal.screen.lines), [
          "Closed     1000 normal closure",
          "Connected  TIME",
          "Sent       0 messages, 0 bytes",
          "Received   0 messages, 0 bytes",
        ]);
      });
    }
  },
);

board.add(
  "connect at a dumb terminal is a pipe: nothing on the screen moves",
  {},
  async (server) => {
    await using terminal = connect(server.ws("/services/echo"), { env: { TERM: "dumb" } });
    await terminal.shows(/^Connected/);
    await terminal.type("hello\r");
    await terminal.until((lines) => lines.slice(1).join() === "hello,hello");
    await terminal.type(CTRL_C);
    assertEquals(await terminal.ends(), 0);
    assertEquals(ending(terminal.screen.lines).at(-1), "Received   1 message, 5 bytes");
  },
);

board.add(
  "connect at a terminal is stopped by Ctrl-Z, and goes on in the foreground",
  {},
  async (server) => {
    await using shell = new Terminal(["sh", "-i"], { columns: 200, env: { PS1: "sh: " } });
    await shell.shows(/sh:$/);
    const words = [Deno.execPath(), "run", "-A", CLI, "connect", server.ws("/services/echo")];
    await shell.type(`${words.join(" ")}\r`);
    await shell.shows(/^>$/);
    await shell.type("hel\x1a");
    await shell.shows(/Stopped/, "sh:");
    await shell.type("fg\r");
    await shell.until((lines) => lines.at(-1) === "> hel");
    await shell.type("lo\r");
    await shell.shows(/← hello$/, ">");
    await shell.type(`${CTRL_D}`);
    await shell.shows(/^Received /, "sh:");
    await shell.type("exit\r");
    assertEquals(await shell.ends(), 0);
  },
);

board.add("connect uses colors at a terminal, and none with NO_COLOR", {}, async (server, t) => {
  for (const [value, has] of [["", true], ["1", false]] as const) {
    await t.step(`NO_COLOR=${value}`, async () => {
      await using terminal = connect(server.ws("/services/echo"), { env: { NO_COLOR: value } });
      await terminal.shows(/^>$/);
      await terminal.type(`hello\r${CTRL_D}`);
      assertEquals(await terminal.ends(), 0);
      // deno-lint-ignore no-control-regex
      assertEquals(/\x1b\[\d+m/.test(terminal.raw), has);
      assertEquals(talk(terminal.screen.lines)[0], "T → hello");
    });
  }
});

Deno.test({
  name: "connect at a terminal with a server of our own",
  ignore,
  fn: board.run,
});

Deno.test({
  name:
    "connect at a terminal: messages that arrive while the user types appear above, in 40 columns too",
  ignore,
  async fn(t) {
    using server = new HandServer();
    await using terminal = connect(server.url, { columns: 40, rows: 12 });
    await server.accept();
    await terminal.shows(/^>$/);
    const long = "A line that is longer than the screen is wide, which takes it three rows to show";
    await t.step("one row", async () => {
      await terminal.type("half a l");
      await terminal.shows(/^> half a l$/);
      await server.frame(1, "news");
      await terminal.shows(/← news$/);
      assertEquals(talk(await terminal.until((lines) => lines.at(-1) === "> half a l")), [
        "T ← news",
        "> half a l",
      ]);
      await terminal.type(`ine${LEFT.repeat(5)}`);
      await server.frame(1, "more");
      await terminal.shows(/← more$/);
      await terminal.type("X\r");
      await terminal.shows(/→ half aX line$/);
    });
    await t.step("several rows, Chinese among them", async () => {
      await terminal.type(`日本${long}`);
      await terminal.shows(/^o show$/);
      await server.frame(1, "between");
      await terminal.shows(/← between$/);
      const lines = talk(await terminal.until((lines) => lines.at(-1) === "o show"));
      assertEquals(lines.slice(-4), [
        "T ← between",
        "> 日本A line that is longer than the scr",
        "een is wide, which takes it three rows t",
        "o show",
      ]);
      await terminal.type("\r");
      await terminal.shows(/→ 日本A line/);
      const after = talk(await terminal.until((lines) => lines.at(-1) === ">"));
      assertEquals(after.filter((line) => line.includes("日")).length, 1);
    });
    await t.step("a row that is just full", async () => {
      const full = "x".repeat(38);
      await terminal.type(full);
      await terminal.shows(/^> x{38}$/);
      await server.frame(1, "full");
      await terminal.shows(/← full$/);
      await terminal.type("\r");
      await terminal.until((lines) => lines.at(-1) === ">" && lines.at(-2)!.startsWith("xx"));
      assertEquals(terminal.screen.lines.filter((line) => line === `> ${full}`), []);
    });
    await t.step("the lines of an open message stay together", async () => {
      await terminal.type("[1,\r2,\r3");
      await terminal.shows(/^\.\.\. 3$/);
      await server.frame(1, "amid");
      await terminal.shows(/← amid$/);
      const lines = talk(await terminal.until((lines) => lines.at(-1) === "... 3"));
      assertEquals(lines.slice(-4), ["T ← amid", "> [1,", "... 2,", "... 3"]);
      await terminal.type("]\r");
      await terminal.until((lines) => lines.at(-1) === ">" && lines.at(-2) === "  3]");
      assertEquals(talk(terminal.screen.lines).slice(-5), [
        "T ← amid",
        "T → [1,",
        "  2,",
        "  3]",
        ">",
      ]);
    });
    await t.step("a message of more lines than the screen has", async () => {
      const numbers = Array.from({ length: 20 }, (_, number) => `${number},`);
      await terminal.type(`[\r${numbers.join("\r")}\r99]\r`);
      await terminal.until((lines) => lines.at(-1) === ">" && lines.at(-2) === "  99]");
      assertEquals(talk(terminal.screen.lines).slice(-23), [
        "T → [",
        ...numbers.map((number) => `  ${number}`),
        "  99]",
        ">",
      ]);
    });
    await t.step(":help fits", async () => {
      await terminal.type(":help\r");
      const lines = await terminal.until((lines) =>
        lines.at(-1) === ">" && /^:quit/.test(lines.at(-2)!)
      );
      const help = lines.slice(lines.findIndex((line) => /^TEXT /.test(line)));
      for (const command of [":hex", ":ping", ":text", "::TEXT", ":close", ":help", ":quit"]) {
        assert(help.some((line) => line.startsWith(command)), command);
      }
      assert(help.every((line) => line.length < 40));
    });
  },
});

Deno.test({
  name: "connect at a terminal shows what the server does beside messages",
  ignore,
  async fn(t) {
    using server = new HandServer();
    await using terminal = connect(server.url);
    await server.accept();
    await terminal.shows(/^>$/);
    await t.step("pings, and unsolicited pongs", async () => {
      await server.frame(9, "tick");
      await terminal.shows(/← \(ping "tick"\)$/);
      await server.frame(9);
      await terminal.shows(/← \(ping\)$/);
      await server.frame(10, "hm");
      await terminal.shows(/← \(pong "hm" unsolicited\)$/);
    });
    await t.step("text that would drive the terminal, harmless", async () => {
      await server.frame(1, "\x1b[2J\x1b]0;owned\x07\rover\x9b31m\u202ebidi");
      await terminal.shows(/← \\x1b\[2J\\x1b\]0;owned\\x07\\x0dover\\x9b31m\\u202ebidi$/);
      await server.frame(9, "\x1b[31m");
      await terminal.shows(/← \(ping ".*u001b\[31m"\)$/);
    });
    await t.step("a close with a reason that would, and exit 1", async () => {
      await server.close(1008, "\x1b[31mred");
      assertEquals(await terminal.ends(), 1);
      const lines = ending(terminal.screen.lines);
      assertEquals(lines[0], "Closed     1008 policy violation: \\x1b[31mred");
      assertEquals(
        lines.at(-1),
        "error: The connection was closed with 1008 policy violation: \\x1b[31mred",
      );
      assertEquals(terminal.raw.includes("\x1b[31m"), false);
    });
  },
});

Deno.test({
  name: "connect at a terminal says how the server ended it",
  ignore,
  async fn(t) {
    const ways: [string, number, string, (server: HandServer) => Promise<void> | void][] = [
      ["a close without a code", 1, "1005 no status received", (server) => server.close()],
      ["a drop", 1, "1006 abnormal closure", (server) => server.drop()],
      ["going away", 0, "1001 going away", (server) => server.close(1001)],
      ["slow consumer", 1, "3008 slow consumer", (server) => server.close(3008)],
    ];
    for (const [name, code, said, end] of ways) {
      await t.step(name, async () => {
        using server = new HandServer();
        await using terminal = connect(server.url);
        await server.accept();
        await terminal.shows(/^>$/);
        await terminal.type("half");
        await terminal.shows(/^> half$/);
        await end(server);
        assertEquals(await terminal.ends(), code);
        const lines = terminal.screen.lines;
        assertEquals(ending(lines)[0], `Closed     ${said}`);
        assertEquals(lines.includes("> half"), false);
        assertEquals(
          lines.includes(`error: The connection was closed with ${said}`),
          code === 1,
        );
      });
    }
    await t.step("a frame that is none", async () => {
      using server = new HandServer();
      await using terminal = connect(server.url);
      await server.accept();
      await terminal.shows(/^>$/);
      await server.frame(3, "?");
      await server.close();
      assertEquals(await terminal.ends(), 1);
      assertMatch(
        terminal.screen.lines.at(-1)!,
        /^error: The connection was cut: .*opcode 3/,
      );
    });
    await t.step(
      "a server that does not answer a close: a second Ctrl-C does not wait",
      async () => {
        using server = new HandServer();
        await using terminal = connect(server.url);
        await server.accept();
        await terminal.shows(/^>$/);
        await terminal.type(":close 4000\r");
        await terminal.shows(/→ \(close 4000/);
        await terminal.type("late\r");
        await terminal.shows(/! Cannot send: the connection is being closed$/);
        await terminal.type(CTRL_C);
        assertEquals(await terminal.ends(), 0);
        await server.ended();
      },
    );
  },
});

Deno.test({
  name: "connect in a pipe whose output is a terminal shows messages harmless",
  ignore,
  async fn() {
    using server = new HandServer();
    const command = `: | ${Deno.execPath()} run -A '${CLI}' connect ${server.url}`;
    await using terminal = new Terminal(["sh", "-c", command]);
    await server.accept();
    await server.frame(1, "\x1b[31mred\nline");
    await server.frame(2, [0, 27, 255]);
    await server.close(1000);
    assertEquals(await terminal.ends(), 0);
    assertEquals(terminal.screen.lines.slice(1, 5), [
      "\\x1b[31mred",
      "line",
      "00 1b ff",
      "Closed     1000 normal closure",
    ]);
  },
});
