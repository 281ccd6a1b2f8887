import { assertEquals, assertThrows } from "@std/assert";
import { parseTarget } from "../../lib/tools/client/mod.ts";
import { SwitchboardError } from "../../lib/base/errors.ts";

Deno.test("parseTarget() takes URLs as people type them", async (t) => {
  const cases: [string, string][] = [
    ["ws://localhost:8080/services/chat", "ws://localhost:8080/services/chat"],
    ["WSS://Example.com", "wss://example.com/"],
    ["http://a.example/x?y=1", "ws://a.example/x?y=1"],
    ["https://a.example:444/x", "wss://a.example:444/x"],
    ["https://a.example:443/", "wss://a.example/"],
    ["localhost:8080/services/chat", "ws://localhost:8080/services/chat"],
    ["localhost", "ws://localhost/"],
    [":8080/services/chat", "ws://127.0.0.1:8080/services/chat"],
    [":8080", "ws://127.0.0.1:8080/"],
    [":", "ws://127.0.0.1/"],
    ["[::1]:8080/x", "ws://[::1]:8080/x"],
    ["127.0.0.1/x", "ws://127.0.0.1/x"],
    [":8080/a b/ü", "ws://127.0.0.1:8080/a%20b/%C3%BC"],
    [":8080/services/../../x", "ws://127.0.0.1:8080/x"],
    ["bücher.example/", "ws://xn--bcher-kva.example/"],
  ];
  for (const [text, url] of cases) {
    await t.step(text, () => assertEquals(parseTarget(text), { url, authorization: null }));
  }
});

Deno.test("parseTarget() takes user and password out of the URL", async (t) => {
  const cases: [string, string][] = [
    ["ws://ada:secret@localhost/x", "ada:secret"],
    ["ada:secret@localhost:8080/x", "ada:secret"],
    ["https://ada@localhost/x", "ada:"],
    ["ws://a%3Ada:s%25%40crét@localhost/x", "a:da:s%@crét"],
  ];
  for (const [text, pair] of cases) {
    await t.step(text, () => {
      const { url, authorization } = parseTarget(text);
      const { username, password, pathname } = new URL(url);
      assertEquals([username, password, pathname], ["", "", "/x"]);
      const bytes = Uint8Array.fromBase64(authorization!.replace("Basic ", ""));
      assertEquals(new TextDecoder().decode(bytes), pair);
    });
  }
});

Deno.test("parseTarget() says what is wrong with garbage, and shows no password", async (t) => {
  const cases: [string, string][] = [
    ["", "it names no host"],
    ["/services/chat", "it names no host"],
    [":abc", "it is not a URL"],
    [":65536/", "it is not a URL"],
    [":0/", "port 0 is not a port to connect to"],
    ["localhost:80x", "it is not a URL"],
    ["ws://", "it is not a URL"],
    ["http:///", "it is not a URL"],
    ["a b", "it is not a URL"],
    ["<>", "it is not a URL"],
    ["con\u0000", "it has a control character"],
    ["local\nhost", "it has a control character"],
    ["ws:localhost", '"//" must follow the scheme'],
    ["ftp://localhost/", 'its scheme must be ws, wss, http or https, got "ftp:"'],
    ["file:///etc/passwd", 'its scheme must be ws, wss, http or https, got "file:"'],
    ["ws://localhost/#top", "a websocket URL has no fragment"],
    ["localhost#", "a websocket URL has no fragment"],
    ["ws://a%zz@localhost/", 'its user or password has a "%" that begins no escape'],
    ["ws://ada:secret@localhost:x/", "it is not a URL"],
    ["ada:secret@localhost:x/", "it is not a URL"],
  ];
  for (const [text, said] of cases) {
    await t.step(JSON.stringify(text), () => {
      const { code, message } = assertThrows(() => parseTarget(text), SwitchboardError, said);
      assertEquals(code, "SB_CONNECT");
      assertEquals(message.startsWith('Cannot read URL "'), true);
      assertEquals(message.includes("secret"), false);
    });
  }
});
